import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { toHex, u64be } from '../../src/bytes.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { MAX_REMEMBERED_KNOCKS } from '../../src/limits.ts';
import { nextSentUs, ReplayWindow } from '../../src/net/replay-window.ts';
import { rejects } from '../helpers/rejects.ts';

const MINUTE = 60_000_000;
const YEAR = 365 * 24 * 60 * MINUTE;
const now = 1_767_225_600_000_000;
const hashOf = (sentUs: number): Uint8Array => sha256(u64be(sentUs));

function take(window: ReplayWindow, sentUs: number, nowUs = now): boolean {
  const isNew = window.isNew(sentUs, hashOf(sentUs));
  if (isNew) window.accept(sentUs, hashOf(sentUs), nowUs);
  return isNew;
}

describe('the memory of handshakes', () => {
  test('takes each time once, and none before one that it took', () => {
    const window = new ReplayWindow();
    assert.ok(take(window, now - YEAR), 'a clock that is behind');
    assert.ok(take(window, now));
    assert.equal(take(window, now), false);
    assert.equal(take(window, now - 1), false);
    assert.ok(take(window, now + 1));
    assert.ok(take(window, now + 10 * MINUTE));
    assert.equal(take(window, now + 9 * MINUTE), false);
  });

  test('a clock that was once wrong locks nobody out', () => {
    const window = new ReplayWindow();
    const wrong = now + 15 * YEAR;
    assert.ok(take(window, wrong));
    assert.equal(take(window, wrong), false, 'what it sent is not to be said again');
    assert.equal(take(window, now + MINUTE), false);
    assert.ok(take(window, now + 11 * MINUTE, now + 11 * MINUTE), 'ten minutes later');
    assert.equal(take(window, wrong, now + 12 * MINUTE), false);
    assert.ok(take(window, wrong + 1, now + 12 * MINUTE), 'nor who goes on from there');
  });

  test('never takes anything twice, however many there are, and stays bounded', () => {
    const window = new ReplayWindow();
    const wrong = now + YEAR;
    const all = Array.from({ length: MAX_REMEMBERED_KNOCKS + 500 }, (_, at) => wrong + at);
    for (const sentUs of all) assert.ok(take(window, sentUs));
    for (const sentUs of all) assert.equal(take(window, sentUs), false);
    assert.ok(window.encode().length <= 9 + 40 * MAX_REMEMBERED_KNOCKS);
    assert.ok(take(window, wrong + all.length));
  });

  test('is the same after it was kept and read again', () => {
    const time = fc.oneof(
      fc.integer({ min: -1000, max: 1000 }).map((minutes) => now + minutes * MINUTE),
      fc.integer({ min: 0, max: 2 ** 52 - 1 }),
    );
    fc.assert(
      fc.property(
        fc.array(time, { maxLength: 30 }),
        fc.array(time, { maxLength: 30 }),
        (first, then) => {
          const kept = new ReplayWindow();
          for (const sentUs of first) take(kept, sentUs);
          const read = ReplayWindow.decode(kept.encode());
          assert.deepEqual(
            then.map((sentUs) => take(read, sentUs)),
            then.map((sentUs) => take(kept, sentUs)),
          );
          assert.equal(toHex(read.encode()), toHex(kept.encode()));
          for (const sentUs of first) assert.equal(take(read, sentUs), false);
        },
      ),
    );
  });

  test('does not take damaged bytes for a memory', async () => {
    const window = new ReplayWindow();
    take(window, now + YEAR);
    const bytes = window.encode();
    await rejects('VAULT_DAMAGED', () => ReplayWindow.decode(bytes.subarray(1)));
    await rejects('VAULT_DAMAGED', () => ReplayWindow.decode(bytes.subarray(0, -1)));
    await rejects('VAULT_DAMAGED', () => ReplayWindow.decode(new Uint8Array(0)));
    await rejects('VAULT_DAMAGED', () => ReplayWindow.decode(new Uint8Array(49).fill(1)));
  });
});

test('what is sent next is never what was sent, whatever the clock does', () => {
  assert.equal(nextSentUs(undefined, now), now);
  assert.equal(nextSentUs(now, now), now + 1);
  assert.equal(nextSentUs(now + YEAR, now), now + YEAR + 1);
  assert.equal(nextSentUs(now - YEAR, now), now);
});
