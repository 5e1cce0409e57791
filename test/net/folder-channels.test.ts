import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../src/bytes.ts';
import { MAX_TOKEN_GENERATIONS } from '../../src/limits.ts';
import { encodeControl, joinTokens, type ControlMessage } from '../../src/net/control-message.ts';
import {
  FolderChannels,
  type ChannelSteps,
  type LocalFolder,
} from '../../src/net/folder-channels.ts';
import { folderToken, tokenSet } from '../../src/net/folder-tokens.ts';
import { Violation } from '../../src/net/violation.ts';
import { seededRandom } from '../helpers/seeded.ts';

const random = seededRandom('channels');
const sessionHash = random.bytes(32);
const ids = Array.from({ length: 6 }, () => random.bytes(32));
const [X, Y, Z] = ids as [Uint8Array, Uint8Array, Uint8Array];

/** One end: its open channels, what it sent and how long that was. */
class End {
  readonly channels: FolderChannels;
  readonly open = new Map<number, string>();
  readonly out: ControlMessage[] = [];
  readonly sizes: number[] = [];

  constructor(isDialer: boolean) {
    this.channels = new FolderChannels({ isDialer, sessionHash }, random);
  }

  set(shared: readonly Uint8Array[], others: readonly Uint8Array[] = []): void {
    const folders: LocalFolder[] = [
      ...shared.map((id) => ({ id, isShared: true })),
      ...others.map((id) => ({ id, isShared: false })),
    ];
    this.#do(this.channels.setFolders(folders));
  }

  take(message: ControlMessage | undefined): void {
    if (message !== undefined) this.#do(this.channels.received(message));
  }

  #do({ close, send, open }: ChannelSteps): void {
    for (const channel of close) assert.ok(this.open.delete(channel), 'only open ones are closed');
    for (const { channel, folder } of open) {
      assert.ok(!this.open.has(channel));
      this.open.set(channel, toHex(folder));
    }
    assert.equal(new Set(this.open.values()).size, this.open.size, 'one channel for a folder');
    this.out.push(...send);
    this.sizes.push(...send.map((message) => encodeControl(message).length));
  }
}

function carry(one: End, other: End): void {
  while (one.out.length + other.out.length > 0) {
    other.take(one.out.shift());
    one.take(other.out.shift());
  }
}

function pair(): { dialer: End; listener: End } {
  return { dialer: new End(true), listener: new End(false) };
}

function violates(reason: string): (error: unknown) => boolean {
  return (error) => error instanceof Violation && error.reason === reason;
}

describe('channels of folders', () => {
  test('open for what both share with each other, and for nothing else', () => {
    const { dialer, listener } = pair();
    dialer.set([X, Y], [Z]);
    listener.set([X, Z], [Y]);
    carry(dialer, listener);
    assert.deepEqual([...dialer.open], [[1, toHex(X)]]);
    assert.deepEqual([...listener.open], [[1, toHex(X)]]);
  });

  test('follow what changes while connected', () => {
    const { dialer, listener } = pair();
    dialer.set([X]);
    listener.set([X, Y]);
    carry(dialer, listener);
    dialer.set([X, Y]);
    carry(dialer, listener);
    assert.deepEqual([...dialer.open.values()], [toHex(X), toHex(Y)]);
    listener.set([Y], [X]);
    assert.deepEqual([...listener.open.values()], [toHex(Y)], 'closed here at once');
    carry(dialer, listener);
    assert.deepEqual([...dialer.open], [...listener.open]);
    listener.set([X, Y]);
    carry(dialer, listener);
    assert.deepEqual([...dialer.open.keys()], [2, 3], 'under a number that was not used before');
    assert.deepEqual(new Map(listener.open), new Map(dialer.open));
  });

  test('agree in the end, however changes and messages cross', () => {
    const subset = fc.subarray([0, 1, 2, 3, 4, 5]);
    const step = fc.oneof(
      fc.record({ side: fc.boolean(), shared: subset }),
      fc.record({ side: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { dialer, listener } = pair();
        const shared = new Map<End, number[]>();
        const set = (end: End, list: number[]): void => {
          shared.set(end, list);
          const isIn = (_: Uint8Array, at: number): boolean => list.includes(at);
          end.set(
            ids.filter(isIn),
            ids.filter((id, at) => !isIn(id, at)),
          );
        };
        set(dialer, [0, 1]);
        set(listener, [1, 2]);
        for (const one of steps) {
          const [end, other] = one.side ? [dialer, listener] : [listener, dialer];
          if ('shared' in one) set(end, one.shared);
          else other.take(end.out.shift());
        }
        carry(dialer, listener);
        const both = shared.get(dialer)?.filter((at) => shared.get(listener)?.includes(at)) ?? [];
        const names = (end: End): string[] => [...end.open.values()].toSorted();
        const expected = both.map((at) => toHex(ids[at] ?? X)).toSorted();
        assert.deepEqual(names(dialer), expected);
        assert.deepEqual(names(listener), expected);
        for (const [channel, folder] of dialer.open) {
          assert.equal(listener.open.get(channel), folder);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('say nothing when what changes is not shared with this peer', () => {
    const [member, denied, stranger] = [new End(false), new End(false), new End(false)];
    // The same node toward three peers: one shares X and Y, one X and was denied Y, one X alone.
    member.set([X, Y]);
    denied.set([X], [Y]);
    stranger.set([X]);
    assert.deepEqual(denied.sizes, stranger.sizes);
    const before = denied.out.length;
    denied.set([X], [Y, Z]);
    denied.set([X], [Z]);
    stranger.set([X]);
    assert.equal(denied.out.length, before);
    assert.deepEqual(denied.sizes, stranger.sizes);
  });

  test('tell who was removed, and knows every secret of the folder, nothing', () => {
    const { dialer, listener } = pair();
    dialer.set([X, Y]);
    listener.set([X], [Y]);
    const [tokens] = listener.out;
    assert.equal(tokens?.type, 'tokens');
    const said = toHex(tokens.tokens);
    for (const speaker of ['dialer', 'listener'] as const) {
      for (const generation of [0, 1, 2]) {
        const token = toHex(folderToken(Y, { speaker, generation, sessionHash }));
        assert.ok(!said.includes(token));
      }
    }
    carry(dialer, listener);
    const y = folderToken(Y, { speaker: 'listener', generation: 1, sessionHash });
    listener.take({ type: 'open', generation: 1, token: y, channel: 9 });
    assert.deepEqual([...listener.open], [[1, toHex(X)]]);
    assert.deepEqual(listener.out, []);
  });

  test('end the connection where the peer breaks the rules', () => {
    const tokens = (generation: number): ControlMessage => ({
      type: 'tokens',
      generation,
      tokens: joinTokens(tokenSet([X], { speaker: 'dialer', generation, sessionHash }, random)),
    });
    const open = (channel: number, generation = 1): ControlMessage => ({
      type: 'open',
      generation,
      token: folderToken(X, { speaker: 'listener', generation, sessionHash }),
      channel,
    });
    const listener = new End(false);
    listener.set([X]);
    listener.take(tokens(1));
    assert.throws(() => listener.take(tokens(1)), violates('out of order'));
    assert.throws(() => listener.take(tokens(3)), violates('out of order'));
    listener.take(open(5));
    listener.take(open(6));
    assert.deepEqual([...listener.open.keys()], [6], 'the last one counts');
    assert.throws(() => listener.take(open(6)), violates('out of order'));
    assert.throws(() => listener.take(open(7, 2)), violates('out of order'));
    const dialer = new End(true);
    dialer.set([X]);
    assert.throws(() => dialer.take(open(1)), violates('out of order'));
    assert.throws(
      () => dialer.take({ type: 'tokens', generation: 1, tokens: new Uint8Array(512) }),
      violates('malformed'),
    );
    for (let count = 1; count < MAX_TOKEN_GENERATIONS; count++) dialer.set(count % 2 ? [Y] : [X]);
    assert.throws(() => dialer.set([Z]), violates('limit'));
  });
});
