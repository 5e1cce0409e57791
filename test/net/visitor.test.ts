import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { utf8 } from '../../src/bytes.ts';
import { VaultError } from '../../src/errors.ts';
import { MAX_LINGER_BYTES } from '../../src/limits.ts';
import type { Admission } from '../../src/net/gate.ts';
import { knockCookie, REFUSAL } from '../../src/net/http-request.ts';
import { PROLOGUE } from '../../src/net/knock.ts';
import { Visitor } from '../../src/net/visitor.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import type { BeginLine, IncomingStream } from '../../src/system/web-network.ts';
import { staticKey, testDoor } from '../helpers/doors.ts';
import { knockAs, upgradeRequest } from '../helpers/probes.ts';
import { seededRandom } from '../helpers/seeded.ts';

const target = testDoor('target', []);
const request = utf8('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
const knock = (): Uint8Array =>
  upgradeRequest(
    knockCookie(knockAs({ target, random: seededRandom('knock') }, staticKey('member'))),
  );

interface Scene {
  readonly clock: VirtualClock;
  readonly visitor: Visitor;
  /** What happened to the stream, with the time. */
  readonly log: string[];
  readonly failures: unknown[];
}

/** A visitor on a stream that only takes notes. */
function scene(judge: (clock: VirtualClock) => Admission | undefined, mayKnock = true): Scene {
  const clock = new VirtualClock();
  const log: string[] = [];
  const failures: unknown[] = [];
  const note = (what: string): unknown => log.push(`${what} at ${clock.monotonicMs()}`);
  const stream: IncomingStream = {
    remoteAddress: '203.0.113.1',
    end: (bytes) => void note(bytes === REFUSAL ? 'refused' : 'answered'),
    destroy: () => void note('destroyed'),
    upgrade(_key, _rest, begin: BeginLine) {
      note('upgraded');
      begin({
        bufferedBytes: 0,
        send: (bytes) => void note(`sent ${bytes.length}`),
        close: () => void note('closed'),
        destroy: () => void note('line destroyed'),
      });
      return true;
    },
  };
  const visitor = new Visitor(stream, {
    clock,
    party: { ...target.party, random: seededRandom('answer'), prologue: PROLOGUE },
    run: new Uint8Array(16),
    keeper: { judge: () => judge(clock), nextSent: () => Promise.resolve(0) },
    refusalGridMs: 100,
    unknownMs: 10_000,
    begin: () => assert.fail('nobody confirmed'),
    mayKnock: () => mayKnock,
    done: () => void note('done'),
    failed: (error) => failures.push(error),
  });
  return { clock, visitor, log, failures };
}

const nobody = (): undefined => undefined;
const anybody = (): Admission => ({ psk: new Uint8Array(32), remember: () => Promise.resolve() });

describe('a visitor', () => {
  test('is refused a grid step after the request, and may stay to take it', () => {
    const { clock, visitor, log } = scene(nobody);
    clock.advance(1234);
    visitor.data(request.subarray(0, 9));
    clock.advance(1000);
    visitor.data(request.subarray(9));
    clock.advance(99);
    assert.deepEqual(log, []);
    clock.advance(60_000);
    assert.deepEqual(log, ['refused at 2334', 'done at 4334', 'destroyed at 4334']);
  });

  test('is refused a step later where the work took longer than one, whatever it was', () => {
    const { clock, visitor, log } = scene((now) => {
      now.advance(130);
      return undefined;
    });
    visitor.data(knock());
    clock.advance(1000);
    assert.deepEqual(log, ['refused at 200']);
  });

  test('that says nothing, or drips, is answered when its time is up', () => {
    for (const drip of [0, 1]) {
      const { clock, visitor, log } = scene(nobody);
      for (let at = 0; at < 10; at++) {
        if (drip === 1) visitor.data(request.subarray(at, at + 1));
        clock.advance(1000);
      }
      clock.advance(10_000);
      assert.deepEqual(log, ['refused at 10100', 'done at 12100', 'destroyed at 12100']);
    }
  });

  test('is answered once, and no more of it is kept', () => {
    const { clock, visitor, log } = scene(nobody);
    visitor.data(request);
    visitor.data(request);
    visitor.ended();
    clock.advance(150);
    visitor.data(new Uint8Array(MAX_LINGER_BYTES - request.length));
    assert.deepEqual(log, ['refused at 100']);
    visitor.data(new Uint8Array(1));
    visitor.closed();
    assert.deepEqual(log, ['refused at 100', 'done at 150', 'destroyed at 150']);
    assert.equal(clock.timers, 0);
  });

  test('that goes away leaves nothing behind', () => {
    const { clock, visitor, log } = scene(nobody);
    visitor.data(request);
    visitor.closed();
    visitor.evict();
    assert.equal(clock.timers, 0);
    assert.deepEqual(log, ['done at 0']);
  });

  test('that tries too often is refused without a look at what it says', () => {
    const { clock, visitor, log } = scene(() => assert.fail('looked at'), false);
    visitor.data(knock());
    clock.advance(200);
    assert.deepEqual(log, ['refused at 100']);
  });

  test('that may come in is answered when that is durable, and cut off if it never proves itself', async () => {
    let remembered = (): void => undefined;
    const { clock, visitor, log } = scene(() => ({
      psk: new Uint8Array(32),
      remember: () =>
        new Promise((resolve) => {
          remembered = resolve;
        }),
    }));
    visitor.data(knock());
    clock.advance(500);
    await turn();
    assert.deepEqual(log, []);
    remembered();
    await turn();
    assert.deepEqual(log, ['upgraded at 500', 'sent 80 at 500']);
    clock.advance(20_000);
    assert.deepEqual(log.slice(2), ['done at 10000', 'line destroyed at 10000']);
  });

  test('is refused like others where that cannot be made durable', async () => {
    const { clock, visitor, log, failures } = scene(() => ({
      psk: new Uint8Array(32),
      remember: () => Promise.reject(new VaultError('VAULT_IO', 'broken')),
    }));
    visitor.data(knock());
    await turn();
    clock.advance(100);
    assert.deepEqual(log, ['refused at 100']);
    assert.equal(failures.length, 1);
  });

  test('that went away meanwhile is not answered', async () => {
    const { visitor, log } = scene(anybody);
    visitor.data(knock());
    visitor.closed();
    await turn();
    assert.deepEqual(log, ['done at 0']);
  });
});
