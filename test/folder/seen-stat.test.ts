import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRacyStat, seenStat } from '../../src/folder/seen-stat.ts';
import type { FileStat } from '../../src/system/file-system.ts';

const MS = 1_000_000n;
const noon = 1_767_225_600_000;

function stat(change: Partial<FileStat> = {}): FileStat {
  const at = BigInt(noon) * MS + 1n;
  return {
    kind: 'file',
    size: 5,
    allocated: 4096,
    mtimeNs: at,
    ctimeNs: at,
    bornNs: at,
    inode: 7n,
    device: 1n,
    mode: 0o644,
    links: 1,
    ...change,
  };
}

describe('isRacyStat', () => {
  test('a stat taken within 20 ms of a change could hide another', () => {
    assert.ok(isRacyStat(stat(), noon));
    assert.ok(isRacyStat(stat(), noon + 20));
    assert.ok(!isRacyStat(stat(), noon + 20.001));
  });

  test('either time counts', () => {
    const old = BigInt(noon - 60_000) * MS + 1n;
    assert.ok(isRacyStat(stat({ mtimeNs: old }), noon + 10));
    assert.ok(isRacyStat(stat({ ctimeNs: old }), noon + 10));
    assert.ok(!isRacyStat(stat({ mtimeNs: old, ctimeNs: old }), noon + 10));
  });

  test('where times are whole seconds, 2.5 s are too soon', () => {
    const whole = BigInt(noon) * MS;
    const coarse = stat({ mtimeNs: whole, ctimeNs: whole });
    assert.ok(isRacyStat(coarse, noon + 2_500 - 1));
    assert.ok(!isRacyStat(coarse, noon + 2_501));
    assert.ok(!isRacyStat(stat({ mtimeNs: whole }), noon + 100), 'only one of them is');
  });

  test('a time in the future is racy until the clock has passed it', () => {
    const later = BigInt(noon + 3_600_000) * MS + 1n;
    assert.ok(isRacyStat(stat({ mtimeNs: later }), noon + 3_600_000));
    assert.ok(!isRacyStat(stat({ mtimeNs: later }), noon + 3_600_021));
  });
});

describe('seenStat', () => {
  test('only what the owner may do counts as executable', () => {
    for (const [mode, executable] of [
      [0o644, false],
      [0o755, true],
      [0o100, true],
      [0o611, false],
      [0o4644, false],
    ] as const) {
      assert.equal(seenStat(stat({ mode }), false).executable, executable);
    }
  });

  test('times beyond 64 bits are kept as the nearest', () => {
    const kept = seenStat(stat({ mtimeNs: 2n ** 70n, ctimeNs: -(2n ** 70n) }), true);
    assert.deepEqual(kept, {
      size: 5,
      mtimeNs: 2n ** 63n - 1n,
      ctimeNs: -(2n ** 63n),
      inode: 7n,
      executable: false,
      racy: true,
    });
  });
});
