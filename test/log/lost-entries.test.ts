import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LostEntries } from '../../src/log/lost-entries.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { metaKey, metaPrefix } from '../../src/store/meta-keys.ts';
import { namedHex } from '../helpers/log-samples.ts';
import { rejects } from '../helpers/rejects.ts';

const log = namedHex('log');

test('lost entries are remembered from one opening to the next', async () => {
  const meta = new MemoryMetaStore();
  const lost = await LostEntries.load(meta);
  assert.deepEqual(lost.all, []);
  await meta.write([lost.add(log, 7), lost.add(log, 2 ** 40)], { sync: true });
  assert.ok(lost.has(log, 7) && !lost.has(log, 8));
  const again = await LostEntries.load(meta);
  assert.deepEqual(again.all, [
    { log, seq: 7 },
    { log, seq: 2 ** 40 },
  ]);
});

test('a row that names no entry is damage', async () => {
  for (const rest of [new Uint8Array(0), new Uint8Array(39), new Uint8Array(40).fill(0xff)]) {
    const meta = new MemoryMetaStore();
    await meta.write([{ type: 'put', key: metaKey(metaPrefix.lost, rest), value: rest }], {
      sync: true,
    });
    await rejects('VAULT_DAMAGED', () => LostEntries.load(meta));
  }
});
