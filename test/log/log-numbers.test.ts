import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LogNumberTable } from '../../src/log/log-numbers.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { metaKey, metaPrefix } from '../../src/store/meta-keys.ts';
import { namedHex } from '../helpers/log-samples.ts';
import { rejects } from '../helpers/rejects.ts';

const logs = Array.from({ length: 300 }, (_, at) => namedHex(`log ${at}`));
const key = (...number: number[]): Uint8Array =>
  metaKey(metaPrefix.logNumber, Uint8Array.from(number));

async function filled(count = logs.length): Promise<MemoryMetaStore> {
  const meta = new MemoryMetaStore();
  const table = await LogNumberTable.load(meta);
  for (const log of logs.slice(0, count)) await meta.write(table.add(log), { sync: true });
  return meta;
}

describe('LogNumberTable', () => {
  test('numbers stay the same from one opening to the next', async () => {
    const table = await LogNumberTable.load(await filled());
    for (const [number, log] of logs.entries()) {
      assert.equal(table.number(log), number);
      assert.equal(table.log(number), log);
      assert.equal(table.byPrefix(log.slice(0, 32)), log);
      assert.deepEqual(table.add(log), []);
    }
    assert.equal(table.log(logs.length), undefined);
  });

  test('a log that was never added has no number', async () => {
    const table = await LogNumberTable.load(await filled(2));
    assert.throws(() => table.number(logs[2] ?? ''), RangeError);
    await rejects('VAULT_DAMAGED', () => table.byPrefix(logs[2]?.slice(0, 32) ?? ''));
    const [row, ...others] = table.add(logs[2] ?? '');
    assert.deepEqual(row?.key, key(0, 2));
    assert.deepEqual(others, []);
  });

  test('a row that is missing or malformed is damage, never another log', async () => {
    for (const damage of [
      (meta: MemoryMetaStore) => meta.write([{ type: 'delete', key: key(0, 0) }], { sync: true }),
      (meta: MemoryMetaStore) => meta.write([{ type: 'delete', key: key(0, 1) }], { sync: true }),
      (meta: MemoryMetaStore) =>
        meta.write([{ type: 'put', key: key(0, 1), value: new Uint8Array(31) }], { sync: true }),
      (meta: MemoryMetaStore) =>
        meta.write([{ type: 'put', key: key(0, 1, 0), value: new Uint8Array(32) }], { sync: true }),
      (meta: MemoryMetaStore) =>
        meta.write([{ type: 'put', key: key(0), value: new Uint8Array(32) }], { sync: true }),
    ]) {
      const meta = await filled(3);
      await damage(meta);
      await rejects('VAULT_DAMAGED', () => LogNumberTable.load(meta));
    }
  });
});
