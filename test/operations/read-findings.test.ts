import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapKey } from '../../src/bytes.ts';
import { valueTypes } from '../../src/crypto/sealed-value.ts';
import type { CheckedTable } from '../../src/folder/check-table.ts';
import { ReadFindings } from '../../src/operations/read-findings.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { chunkKey, encodeChunkRow } from '../../src/store/meta-keys.ts';

function idOf(seq: number): Uint8Array {
  return new Uint8Array(32).fill(seq + 1);
}

function table(told: {
  sound?: readonly number[];
  bad?: readonly number[];
  deleted?: readonly number[];
  type?: number;
}): CheckedTable {
  const { sound = [], bad = [], deleted = [], type = valueTypes.chunk } = told;
  return {
    seqs: Float64Array.from(sound),
    types: Uint8Array.from(sound, () => type),
    ids: Uint8Array.from(sound.flatMap((seq) => [...idOf(seq)])),
    lengths: Uint32Array.from(sound, () => 100),
    bad: bad.map((seq) => ({ seq, problem: 'does not authenticate' })),
    deleted: Float64Array.from(deleted),
  };
}

test('a sound chunk whose row names another place is a stray', async () => {
  const meta = new MemoryMetaStore();
  const row = (seq: number, at: number): { type: 'put'; key: Uint8Array; value: Uint8Array } => ({
    type: 'put',
    key: chunkKey(idOf(seq)),
    value: encodeChunkRow({ seq: at, bytes: 100 }),
  });
  await meta.write([row(0, 0), row(1, 7)], { sync: true });
  const found = new ReadFindings(10);
  await found.addTable(table({ sound: [0, 1, 2] }), meta);
  assert.deepEqual([...found.strays.keys()], [mapKey(idOf(1)), mapKey(idOf(2))]);
  assert.deepEqual([found.values, found.bytes], [3, 300]);
  assert.deepEqual(
    [0, 1, 2, 3].map((seq) => found.good.has(seq)),
    [true, true, true, false],
  );
});

test('entries are remembered and have no row to be held against', async () => {
  const found = new ReadFindings(10);
  const entries = table({ sound: [4, 5], type: valueTypes.entry });
  await found.addTable(entries, new MemoryMetaStore());
  assert.deepEqual(found.entries, [4, 5]);
  assert.equal(found.strays.size, 0);
});

test('whatever order tables come in, a place with two rows is left to the store', async () => {
  const tables = [
    table({ sound: [1, 2, 3] }),
    table({ bad: [2], deleted: [3] }),
    table({ sound: [4], type: valueTypes.entry }),
    table({ sound: [4], type: valueTypes.entry }),
  ];
  for (const order of [tables, tables.toReversed()]) {
    const found = new ReadFindings(10);
    for (const one of order) await found.addTable(one, new MemoryMetaStore());
    assert.deepEqual(
      found.takeContested().toSorted((a, b) => a - b),
      [2, 3, 4],
    );
    assert.deepEqual(
      [1, 2, 3, 4].map((seq) => found.good.has(seq)),
      [true, false, false, false],
    );
    assert.deepEqual(found.entries, []);
    assert.deepEqual([...found.strays.keys()], [mapKey(idOf(1))]);
    assert.equal(found.badValues.size, 0);
    assert.deepEqual(found.takeContested(), []);
  }
});
