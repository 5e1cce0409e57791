import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_LOGS, MAX_NAMES, MAX_OPEN_ASKS, MAX_OPEN_WANTS } from '../../src/limits.ts';
import type { Effect } from '../../src/net/exchange-event.ts';
import { FolderExchange } from '../../src/net/folder-exchange.ts';
import type { ValueName, Want } from '../../src/net/folder-side.ts';
import type { Ask, Message } from '../../src/net/message.ts';
import { fakeHead, fakeSealed, MemoryFolder, sha256Of } from '../helpers/memory-folder.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { ExchangeWorld } from './exchange-world.ts';
import { anyMessage } from './messages.ts';

const peer = 'hostile';
const theirs = new MemoryFolder('theirs');
const heads = theirs.append([Buffer.from('content')]);
const log = theirs.own;
const hello: Message = { type: 'hello', features: [], heads };
const id = sha256Of('some chunk');

/** An exchange with one open session, and what it brought about so far. */
class Probe {
  readonly exchange = new FolderExchange();
  readonly effects: Effect[] = [];
  readonly messages: Message[] = [];
  #now = 0;

  constructor(isOpen = true) {
    this.#step({ type: 'advanced', heads: new MemoryFolder('ours').append([]) });
    this.#step({ type: 'opened', peer });
    if (isOpen) this.say(hello);
  }

  say(message: Message): void {
    this.#step({ type: 'received', peer, message });
  }

  list(wants: readonly Want[]): void {
    this.#step({ type: 'listed', wants });
  }

  #step(event: Parameters<FolderExchange['step']>[0]): void {
    this.#now += 1;
    const { effects, messages } = this.exchange.step(event, this.#now);
    this.effects.push(...effects);
    this.messages.push(...messages.map(({ message }) => message));
    for (const effect of effects) {
      if (effect.type === 'put') this.#step({ ...effect, outcome: 'corrupt' });
      if (effect.type === 'adopt') {
        const adopted = { outcome: 'refused', heads: [], stored: [] } as const;
        this.#step({ ...effect, type: 'adopted', adopted });
      }
    }
  }

  get ask(): Ask {
    const ask = this.messages.findLast((message) => message.type === 'ask');
    assert.ok(ask);
    return ask;
  }

  /** Why the session ended; undefined where it goes on. */
  get reason(): string | undefined {
    const ends = this.effects.filter((effect) => effect.type === 'end');
    assert.ok(ends.length <= 1, 'it ends once');
    const said = this.messages.filter((message) => message.type === 'end');
    assert.equal(said.length, ends.length, 'and the peer is told');
    assert.equal(this.exchange.peers.size, 1 - ends.length);
    return ends[0]?.reason;
  }
}

function contents(count: number, from = 0): ValueName[] {
  return Array.from({ length: count }, (_, at) => ({
    kind: 'content',
    id: sha256Of(`content ${from + at}`),
  }));
}

function wanted(name: ValueName): Want {
  return { name, log, seq: 0, lane: 'bulk', bytes: 1000 };
}

describe('a peer that breaks the rules ends its session', () => {
  test('by saying anything before hello, or hello twice', () => {
    for (const message of [
      { type: 'announce', heads } as const,
      { type: 'credit', total: 1 } as const,
    ]) {
      const probe = new Probe(false);
      probe.say(message);
      assert.equal(probe.reason, 'out of order');
    }
    const probe = new Probe();
    assert.equal(probe.reason, undefined);
    probe.say(hello);
    assert.equal(probe.reason, 'out of order');
  });

  test('by sending data without credit', () => {
    const probe = new Probe(false);
    probe.say({ type: 'hello', features: [], heads: [] });
    probe.say({ type: 'value', sealed: fakeSealed(1, id, new Uint8Array(10)) });
    assert.equal(probe.reason, 'credit');
  });

  test('by sending much that nobody asked for', () => {
    const probe = new Probe();
    let sent = 0;
    while (probe.reason === undefined && sent < 100) {
      const plain = new Uint8Array(100_000).fill(sent++);
      probe.say({ type: 'value', sealed: fakeSealed(1, sha256Of(plain), plain) });
    }
    assert.equal(probe.reason, 'unasked');
    assert.equal(probe.effects.filter(({ type }) => type === 'put').length, 0, 'nothing is kept');
  });

  test('by answering what was not asked', () => {
    const probe = new Probe();
    probe.say({ type: 'no-range', ask: 99 });
    assert.equal(probe.reason, 'unasked');
  });

  test('by taking credit back or giving back what it has not', () => {
    const shrinks = new Probe();
    shrinks.say({ type: 'credit', total: 5 });
    shrinks.say({ type: 'credit', total: 4 });
    assert.equal(shrinks.reason, 'credit');
    const gives = new Probe();
    gives.say({ type: 'credit-back', total: 2 ** 40 });
    assert.equal(gives.reason, 'credit');
  });

  test('by wanting or asking for too much at one time', () => {
    const wants = new Probe();
    for (let from = 0; from < MAX_OPEN_WANTS; from += MAX_NAMES) {
      wants.say({ type: 'want', lane: 'bulk', names: contents(MAX_NAMES, from) });
    }
    assert.equal(wants.reason, undefined);
    wants.say({ type: 'want', lane: 'bulk', names: contents(1, MAX_OPEN_WANTS) });
    assert.equal(wants.reason, 'limit');
    const asks = new Probe();
    for (let ask = 0; ask <= MAX_OPEN_ASKS; ask++) asks.say({ ...asks.ask, ask });
    assert.equal(asks.reason, 'limit');
    const twice = new Probe();
    twice.say(twice.ask);
    twice.say(twice.ask);
    assert.equal(twice.reason, 'out of order');
  });

  test('by stating more logs than a folder can know', () => {
    const probe = new Probe();
    const many = Array.from({ length: MAX_LOGS }, (_, at) => {
      const name = Buffer.from(sha256Of(`log ${at}`)).toString('hex');
      return { head: fakeHead(name, 0, id), through: 0 };
    });
    probe.say({ type: 'announce', heads: many });
    assert.equal(probe.reason, 'limit');
  });

  test('by a range that does not lead where it was asked to, is too long, or does not verify', () => {
    const entry = Buffer.from('entry');
    const head = heads[0]?.head;
    assert.ok(head);
    const bad: ((ask: number) => Message)[] = [
      (ask) => ({ type: 'entries', ask, entries: [entry, entry], end: { head, rides: [] } }),
      (ask) => ({
        type: 'entries',
        ask,
        entries: [entry],
        end: { head: fakeHead(log, head.seq, id), rides: [] },
      }),
      (ask) => ({
        type: 'entries',
        ask,
        entries: [entry],
        end: { head: fakeHead('00'.repeat(32), head.seq, head.hash), rides: [] },
      }),
      (ask) => ({
        type: 'entries',
        ask,
        entries: Array.from({ length: 1025 }, () => entry),
        end: undefined,
      }),
      (ask) => ({ type: 'entries', ask, entries: [entry], end: { head, rides: [] } }),
    ];
    for (const make of bad) {
      const probe = new Probe();
      probe.say(make(probe.ask.ask));
      assert.equal(probe.reason, 'refused range');
    }
  });

  test('by values that are none, or many that do not open', () => {
    const none = new Probe();
    none.say({ type: 'value', sealed: new Uint8Array(200) });
    assert.equal(none.reason, 'malformed');
    const head = new Probe();
    head.say({ type: 'value', sealed: fakeSealed(2, id, id).fill(5, 4, 5) });
    assert.equal(head.reason, 'malformed');
    const probe = new Probe();
    const names = contents(100);
    probe.list(names.map(wanted));
    let said = 0;
    for (const name of names) {
      if (probe.reason !== undefined || name.kind !== 'content') break;
      probe.say({ type: 'value', sealed: fakeSealed(1, name.id, id) });
      said++;
    }
    assert.deepEqual([probe.reason, said], ['corrupt values', 65]);
  });

  test('and a peer that ends it itself is not answered', () => {
    const probe = new Probe();
    probe.say({ type: 'end', reason: 'done' });
    assert.equal(probe.exchange.peers.size, 0);
    assert.ok(probe.messages.every(({ type }) => type !== 'end'));
  });
});

describe('whatever a peer says', () => {
  const seed = runSeed();

  test('nothing is thrown, and honest peers get what they want', () => {
    const random = seededRandom(`hostile ${seed}`);
    fc.assert(
      fc.property(fc.array(anyMessage, { minLength: 1, maxLength: 40 }), (messages) => {
        const world = new ExchangeWorld();
        const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
        world.append(a, [random.bytes(40_000), random.bytes(100)]);
        world.connect(a, b);
        const links = [world.connect(a, c), world.connect(b, c)];
        for (const message of messages) for (const link of links) world.inject(c, link, message);
        world.append(b, [random.bytes(30_000)]);
        world.run();
        assert.ok(world.isSettled([a, b]), `seed ${seed}`);
        assert.ok(!a.exchange.isBusy && !b.exchange.isBusy);
      }),
      { numRuns: 150, seed },
    );
  });

  test('values that it spoils are had from others', () => {
    const world = new ExchangeWorld();
    const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
    const random = seededRandom('spoiled');
    world.append(
      a,
      Array.from({ length: 60 }, () => random.bytes(50_000)),
    );
    world.connect(a, b);
    world.run();
    b.forge = (message) => {
      if (message.type !== 'value') return [message];
      const sealed = message.sealed.slice();
      sealed[100] = (sealed[100] ?? 0) ^ 1;
      return [{ type: 'value', sealed }];
    };
    world.connect(b, c);
    world.connect(a, c);
    world.run();
    assert.ok(world.isSettled());
  });

  test('who states what it never delivers holds up nobody but itself', () => {
    const world = new ExchangeWorld();
    const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
    const link = world.connect(c, b);
    world.run();
    c.forge = (message) => (message.type === 'hello' ? [message] : []);
    const made = fakeHead(a.folder.own, 5_000_000, id);
    world.inject(c, link, { type: 'announce', heads: [{ head: made, through: 5_000_001 }] });
    world.run(100);
    world.append(a, [Buffer.from('true'), new Uint8Array(50_000)]);
    world.connect(a, b);
    world.runUntil(() => b.folder.lacking().length === 0 && b.folder.entryCount === 1, 10_000);
  });

  test('a head that nobody can prove keeps nothing from anybody', () => {
    const world = new ExchangeWorld();
    const [a, b] = [world.node('a'), world.node('b')];
    const link = world.connect(a, b);
    world.run();
    const false1 = fakeHead(b.folder.own, 5_000_000, id);
    world.inject(b, link, { type: 'announce', heads: [{ head: false1, through: 0 }] });
    world.run();
    world.append(b, [Buffer.from('true')]);
    world.append(a, [Buffer.from('also')]);
    world.run();
    assert.ok(world.isSettled());
    assert.equal(a.exchange.isBusy, false);
  });
});
