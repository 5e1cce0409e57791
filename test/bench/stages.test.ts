import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileTable, type ProfileSummary } from '../../bench/profile/profile-table.ts';
import { secondsByStage, type Profile } from '../../bench/profile/stages.ts';

/** A profile in which the functions call one another in turn; each was met once, for one second. */
function chain(...frames: readonly (readonly [functionName: string, url: string])[]): Profile {
  const all = [['(root)', ''] as const, ...frames];
  return {
    nodes: all.map(([functionName, url], at) => ({
      id: at + 1,
      callFrame: { functionName, url },
      children: at + 1 < all.length ? [at + 2] : [],
    })),
    samples: frames.map((_frame, at) => at + 2),
    timeDeltas: frames.map(() => 1e6),
  };
}

function stagesOf(...frames: readonly (readonly [string, string])[]): Record<string, number> {
  return Object.fromEntries(secondsByStage(chain(...frames)));
}

const build = 'file:///somewhere/build/src';

describe('stages of a profile', () => {
  test('what the system does counts by what it is asked for', () => {
    assert.deepEqual(
      stagesOf(
        [`scanDirectory`, `${build}/folder/scan.js`],
        ['lstatSync', 'node:fs'],
        ['lstat', ''],
      ),
      { walk: 1, stat: 2 },
    );
    assert.deepEqual(stagesOf(['readSync', 'node:fs'], ['read', '']), { read: 2 });
    assert.deepEqual(stagesOf(['openSync', 'node:fs'], ['open', '']), { open: 2 });
  });

  test('what is called counts to its caller, unless it has a stage of its own', () => {
    assert.deepEqual(
      stagesOf(
        ['compress', `${build}/crypto/zstd.js`],
        ['wasm-function[7]', 'wasm://wasm/0123'],
        ['memcpy', 'wasm://wasm/0123'],
      ),
      { compress: 3 },
    );
    assert.deepEqual(
      stagesOf(['sealRecord', `${build}/crypto/aead.js`], ['blake3', '/x/@noble/hashes/blake3.js']),
      { seal: 1, hash: 1 },
    );
  });

  test('a database counts to whom it serves, and to the store where nobody is known', () => {
    const database = [`get`, `${build}/store/level-database.js`] as const;
    assert.deepEqual(stagesOf(['get', `${build}/store/level-meta-store.js`], database), {
      index: 2,
    });
    assert.deepEqual(stagesOf(database, ['getSync', 'node:util']), { store: 2 });
  });

  test('waiting, collecting garbage and native code are told apart', () => {
    assert.deepEqual(stagesOf(['(idle)', '']), { idle: 1 });
    assert.deepEqual(stagesOf(['(garbage collector)', '']), { GC: 1 });
    assert.deepEqual(stagesOf(['(program)', '']), { native: 1 });
    assert.deepEqual(stagesOf(['whatever', 'file:///elsewhere.js']), { other: 1 });
  });

  test('nothing sampled is no time', () => {
    assert.deepEqual([...secondsByStage({ nodes: [], samples: [], timeDeltas: [] })], []);
  });
});

describe('table of a profile', () => {
  const now: ProfileSummary = {
    what: 'first of tree',
    seconds: 3,
    cpuSeconds: 5,
    peakBytes: 1,
    threads: { main: { log: 1, idle: 2 }, 'worker-1': { hash: 2.5 } },
  };

  test('threads stand beside one another, with what no thread of ours did', () => {
    const text = profileTable(now);
    assert.match(text, /\| hash +\| 0\.00 \| +2\.50 \| 2\.50 \|/);
    assert.match(text, /\| other threads \| +\| +\| 1\.50 \|/);
    assert.doesNotMatch(text, /chunk/);
  });

  test('an earlier profile shows what has changed, also where a stage is gone', () => {
    const before = { ...now, threads: { main: { chunk: 0.5, log: 3 } } };
    const text = profileTable(now, before);
    assert.match(text, /\| log +\| 1\.00 \| +0\.00 \| 1\.00 \| +3\.00 \| +-2\.00 \|/);
    assert.match(text, /\| chunk +\| 0\.00 \| +0\.00 \| 0\.00 \| +0\.50 \| +-0\.50 \|/);
  });
});
