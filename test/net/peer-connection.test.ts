import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../src/bytes.ts';
import {
  beginHandshake,
  readHandshake,
  type NoiseSession,
} from '../../src/crypto/noise-handshake.ts';
import { KEEP_ALIVE_MS, MAX_SILENCE_MS } from '../../src/limits.ts';
import { pulse } from '../../src/net/keep-alive.ts';
import { pad } from '../../src/net/padding.ts';
import { SealedConnection } from '../../src/net/peer-connection.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { testDoor } from '../helpers/doors.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';

interface End {
  readonly connection: SealedConnection;
  readonly session: NoiseSession;
  readonly log: string[];
  /** Sealed messages that left and were not brought over. */
  readonly sent: Uint8Array[];
}

function sessions(): { near: NoiseSession; far: NoiseSession } {
  const [a, b] = [testDoor('a', []).party, testDoor('b', []).party];
  const prologue = utf8('test');
  const begun = beginHandshake(
    { ...a, random: seededRandom('a once'), prologue },
    b.own.exchangeKey,
    utf8(''),
  );
  const psk = new Uint8Array(32);
  const far = readHandshake(
    { ...b, random: seededRandom('b once'), prologue },
    begun.message,
  )?.answer(utf8(''), psk);
  const near = far && begun.finish(far.message, psk);
  assert.ok(near);
  return { near: near.session, far: far.session };
}

function end(clock: VirtualClock, session: NoiseSession, isDialer: boolean): End {
  const log: string[] = [];
  const sent: Uint8Array[] = [];
  const connection = new SealedConnection({
    line: {
      bufferedBytes: 0,
      send: (bytes) => void sent.push(bytes.slice()),
      close: () => void log.push('line closed'),
      destroy: () => void log.push('line destroyed'),
    },
    session,
    clock,
    facts: {
      peer: new Uint8Array(32),
      run: new Uint8Array(16),
      sessionHash: session.hash,
      isDialer,
      sentUs: 0,
    },
    begin: () => {
      log.push('begun');
      return {
        frame: (bytes) => log.push(`frame ${bytes.length}`),
        drained: () => log.push('drained'),
        closed: (how) => log.push(how),
      };
    },
  });
  return { connection, session, log, sent };
}

function pair(): { clock: VirtualClock; near: End; far: End; carry: () => void } {
  const clock = new VirtualClock();
  const both = sessions();
  const far = end(clock, both.far, false);
  const near = end(clock, both.near, true);
  const carry = (): void => {
    for (const bytes of near.sent.splice(0)) far.connection.message(bytes);
    for (const bytes of far.sent.splice(0)) near.connection.message(bytes);
  };
  return { clock, near, far, carry };
}

describe('a sealed connection', () => {
  test('begins where it was taken only with the first message, which no replay can make', () => {
    const { near, far, carry } = pair();
    assert.deepEqual([near.log, far.log], [['begun'], []]);
    carry();
    assert.deepEqual(far.log, ['begun']);
    far.connection.send(new Uint8Array(5));
    carry();
    assert.deepEqual(near.log, ['begun', 'frame 5']);
  });

  test('ends at the first message that is altered, missing, early, or not what is due', () => {
    const bad: ((one: { near: End; far: End }) => Uint8Array)[] = [
      () => new Uint8Array(144),
      () => new Uint8Array(0),
      ({ near }) => near.session.send.seal(new Uint8Array(128)),
      ({ near }) => near.session.send.seal(pad('confirmation')),
      ({ near }) => {
        near.connection.send(new Uint8Array(3));
        near.connection.send(new Uint8Array(3));
        return near.sent.at(-1) ?? new Uint8Array(0);
      },
    ];
    for (const [at, make] of bad.entries()) {
      const one = pair();
      one.carry();
      one.far.connection.message(make(one));
      assert.deepEqual(one.far.log, ['begun', 'line destroyed', 'lost'], `case ${at}`);
      one.far.connection.message(one.near.session.send.seal(pad('frame', utf8('late'))));
      assert.equal(one.far.log.length, 3);
    }
    const early = pair();
    early.far.connection.message(sessions().near.send.seal(pad('frame', utf8('early'))));
    assert.deepEqual(early.far.log, ['line destroyed']);
  });

  test('no bytes do more than end it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, isSealed) => {
        const { near, far, carry } = pair();
        carry();
        far.connection.message(isSealed ? near.session.send.seal(bytes) : bytes);
        const [, second] = far.log;
        assert.ok(second === 'line destroyed' || isSealed, String(second));
      }),
      { numRuns: 60 },
    );
  });

  test('that is closed in good order by the stream alone was lost', () => {
    const { near, far, carry } = pair();
    carry();
    far.connection.closed(true);
    assert.deepEqual(far.log, ['begun', 'lost']);
    near.connection.close();
    near.connection.closed(false);
    assert.deepEqual(near.log, ['begun', 'line closed', 'lost']);
  });

  test('says that it is alive when it is quiet, and is given up when the other end is silent', async () => {
    const { clock, near, far, carry } = pair();
    carry();
    for (let minutes = 0; minutes < 10; minutes++) {
      clock.advance(KEEP_ALIVE_MS);
      assert.deepEqual([near.sent.length, far.sent.length], [1, 1]);
      carry();
    }
    assert.deepEqual([near.log, far.log], [['begun'], ['begun']]);
    clock.advance(MAX_SILENCE_MS);
    assert.deepEqual(near.log, ['begun', 'line destroyed', 'lost']);
    assert.equal(clock.timers, 0);
    assert.equal(near.sent.length, 3);
    await rejects('VAULT_CLOSED', () => near.connection.send(new Uint8Array(1)));
  });

  test('does not say so while it has other things to say', () => {
    const { clock, near, carry } = pair();
    carry();
    for (let count = 0; count < 10; count++) {
      clock.advance(KEEP_ALIVE_MS - 1);
      assert.equal(near.sent.length, 0);
      near.connection.send(new Uint8Array(1));
      carry();
    }
  });
});

test('the pulse is looked at when something can have changed', () => {
  assert.deepEqual(pulse(0, 0, 0), { isDead: false, isDue: false, nextMs: KEEP_ALIVE_MS });
  assert.deepEqual(pulse(0, 0, 25_000), { isDead: false, isDue: true, nextMs: KEEP_ALIVE_MS });
  assert.deepEqual(pulse(80_000, 0, 80_000), { isDead: false, isDue: false, nextMs: 10_000 });
  assert.equal(pulse(80_000, 0, MAX_SILENCE_MS).isDead, true);
});
