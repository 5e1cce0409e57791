import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VaultError, type VaultError as Failure } from '../../src/errors.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { metaStoreContract, rowsOf } from '../contracts/meta-store.ts';
import { seededRandom } from '../helpers/seeded.ts';

metaStoreContract('memory', async (t) => {
  const store = new MemoryMetaStore();
  t.after(() => store.close());
  return store;
});

const everything = { gte: new Uint8Array(0), lt: new Uint8Array([0xff]) };
const put = (key: number, value: number) =>
  ({ type: 'put', key: new Uint8Array([key]), value: new Uint8Array([value]) }) as const;

test('a power cut drops unsynced batches whole, in any combination, but no synced one', async () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const store = new MemoryMetaStore();
    await store.write([put(0x61, 0x30)], { sync: false });
    await store.barrier();
    await store.write([put(0x61, 0x31), put(0x62, 0x31)], { sync: false });
    await store.write([put(0x63, 0x31)], { sync: true });
    await store.write([put(0x62, 0x32), put(0x64, 0x32)], { sync: false });
    outcomes.add((await rowsOf(store.crash(seededRandom(seed)).scan(everything))).join(' '));
  }
  assert.deepEqual([...outcomes].sort(), [
    'a=0 b=2 c=1 d=2',
    'a=0 c=1',
    'a=1 b=1 c=1',
    'a=1 b=2 c=1 d=2',
  ]);
});

test('a write that fails applies nothing and stops all further ones until reopening', async () => {
  const store = new MemoryMetaStore();
  store.onWrite = () => {
    throw new VaultError('VAULT_NO_SPACE', 'no space left on the device');
  };
  const noSpace = (error: Failure): boolean => error.code === 'VAULT_NO_SPACE';
  await assert.rejects(store.write([put(0x61, 0x30)], { sync: true }), noSpace);
  store.onWrite = () => undefined;
  await assert.rejects(store.write([put(0x61, 0x30)], { sync: true }), noSpace);
  assert.deepEqual(await rowsOf(store.scan(everything)), []);
  await store.reopen();
  await store.write([put(0x61, 0x30)], { sync: true });
  assert.deepEqual(await rowsOf(store.scan(everything)), ['a=0']);
});
