import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { VaultError } from '../../src/errors.ts';
import type { ChunkStore } from '../../src/store/chunk-store.ts';

const synced = { sync: true };
const unsynced = { sync: false };

/** Bytes that tell which value they are. */
export function valueOf(seq: number, length = 100): Uint8Array {
  const value = new Uint8Array(length).fill((seq + 1) % 251);
  new DataView(value.buffer).setUint32(0, seq % 0x1_0000_0000);
  return value;
}

export function putsOf(
  from: number,
  to: number,
  length?: number,
): { seq: number; value: Uint8Array }[] {
  return Array.from({ length: to - from }, (_, at) => ({
    seq: from + at,
    value: valueOf(from + at, length),
  }));
}

/** The sequence numbers a scan gives; every value is checked against its number. */
export async function seqsOf(
  scan: AsyncIterable<{ seq: number; value: Uint8Array }>,
): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq, value } of scan) {
    assert.deepEqual(value, valueOf(seq, value.length), `value ${seq}`);
    seqs.push(seq);
  }
  return seqs;
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

const code =
  (wanted: string) =>
  (error: unknown): boolean => {
    assert.equal((error as VaultError).code, wanted);
    return true;
  };

/** What every chunk store must do. `open` gives a new, empty one and closes it after the test. */
export function chunkStoreContract(
  name: string,
  open: (t: TestContext) => Promise<ChunkStore>,
): void {
  test(`${name}: an empty store has no values and no last sequence number`, async (t) => {
    const store = await open(t);
    assert.equal(await store.lastSeq(), -1);
    assert.equal(await store.get(0), undefined);
    assert.deepEqual(await store.getMany([]), []);
    assert.deepEqual(await store.getMany([5, 0]), [undefined, undefined]);
    assert.deepEqual(await seqsOf(store.scan(0)), []);
    assert.equal(await store.approximateBytes(0, 1000), 0);
    await store.write({}, synced);
    await store.write({ puts: [], deletes: [] }, unsynced);
    await store.barrier();
    await store.barrier();
    assert.equal(await store.lastSeq(), -1);
  });

  test(`${name}: values come back under their sequence numbers, whatever these are`, async (t) => {
    const store = await open(t);
    const seqs = [0, 1, 255, 256, 65_535, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, 2 ** 53 - 2];
    for (const seq of seqs) {
      await store.write({ puts: [{ seq, value: valueOf(seq) }] }, unsynced);
      assert.equal(await store.lastSeq(), seq);
    }
    assert.deepEqual(await seqsOf(store.scan(0)), seqs);
    for (const seq of seqs) assert.deepEqual(await store.get(seq), valueOf(seq));
  });

  test(`${name}: empty and large values are kept byte for byte`, async (t) => {
    const store = await open(t);
    const large = valueOf(1, 3_000_001);
    await store.write(
      {
        puts: [
          { seq: 0, value: new Uint8Array(0) },
          { seq: 1, value: large },
        ],
      },
      synced,
    );
    assert.deepEqual(await store.get(0), new Uint8Array(0));
    assert.deepEqual(await store.get(1), large);
  });

  test(`${name}: many values are given in the order asked, with gaps and repeats`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(0, 50) }, unsynced);
    const asked = [49, 3, 77, 0, 3];
    const found = await store.getMany(asked);
    assert.deepEqual(found, [valueOf(49), valueOf(3), undefined, valueOf(0), valueOf(3)]);
  });

  test(`${name}: writing again replaces, deleting removes, both in one batch`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(0, 10) }, unsynced);
    await store.write(
      { puts: [{ seq: 4, value: valueOf(4, 7) }], deletes: [2, 3, 9, 1234] },
      synced,
    );
    assert.deepEqual(await seqsOf(store.scan(0)), [0, 1, 4, 5, 6, 7, 8]);
    assert.deepEqual(await store.get(4), valueOf(4, 7));
    assert.equal(await store.get(3), undefined);
    assert.equal(await store.lastSeq(), 8);
  });

  test(`${name}: a put wins over a deletion of the same value in its batch`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(0, 1) }, unsynced);
    await store.write({ puts: [{ seq: 0, value: valueOf(0, 9) }], deletes: [0] }, unsynced);
    assert.deepEqual(await store.get(0), valueOf(0, 9));
  });

  test(`${name}: batches apply in the order of the calls`, async (t) => {
    const store = await open(t);
    await Promise.all(
      numbers(1, 100).map((length) =>
        store.write(
          { puts: [{ seq: 0, value: valueOf(0, length + 4) }] },
          { sync: length % 9 === 0 },
        ),
      ),
    );
    assert.equal((await store.get(0))?.length, 103);
  });

  test(`${name}: a scan gives the values of its range, in order`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(300, 600) }, unsynced);
    await store.write({ puts: putsOf(0, 300) }, unsynced);
    assert.deepEqual(await seqsOf(store.scan(0)), numbers(0, 600));
    assert.deepEqual(await seqsOf(store.scan(10, 20)), numbers(10, 20));
    assert.deepEqual(await seqsOf(store.scan(599)), [599]);
    assert.deepEqual(await seqsOf(store.scan(600)), []);
    assert.deepEqual(await seqsOf(store.scan(20, 20)), []);
    assert.deepEqual(await seqsOf(store.scan(20, 10)), []);
  });

  test(`${name}: values written and deleted during a scan do not disturb it`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(0, 1000) }, unsynced);
    const seqs: number[] = [];
    for await (const { seq } of store.scan(0, 1000)) {
      seqs.push(seq);
      if (seq % 100 !== 0) continue;
      await store.write({ puts: putsOf(1000 + seq, 1100 + seq), deletes: [seq] }, unsynced);
      await store.barrier();
    }
    assert.deepEqual(seqs, numbers(0, 1000));
    assert.equal(await store.get(500), undefined);
    assert.equal(await store.lastSeq(), 1999);
  });

  test(`${name}: a scan may be left early, and the store closed after it`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(0, 500) }, unsynced);
    for await (const { seq } of store.scan(0)) if (seq === 3) break;
    await store.close();
  });

  test(`${name}: no damage is reported where there is none`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(0, 500), deletes: [] }, synced);
    await store.write({ deletes: [0, 1, 250, 251, 499] }, synced);
    const damage: number[] = [];
    await seqsOf(store.scan(0, undefined, (after) => damage.push(after)));
    assert.deepEqual(damage, []);
  });

  test(`${name}: a value array may be used again once the write has ended`, async (t) => {
    const store = await open(t);
    const shared = new Uint8Array(64);
    for (let seq = 0; seq < 20; seq++) {
      const value = seq % 2 === 0 ? shared.subarray(8, 40) : Buffer.from(shared.buffer, 8, 32);
      value.set(valueOf(seq, 32));
      await store.write({ puts: [{ seq, value }] }, unsynced);
    }
    shared.fill(0xee);
    assert.deepEqual(await seqsOf(store.scan(0)), numbers(0, 20));
  });

  test(`${name}: a value read belongs to the reader`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(0, 3) }, unsynced);
    (await store.get(0))?.fill(0xee);
    for (const value of await store.getMany([1])) value?.fill(0xee);
    for await (const { value } of store.scan(2)) value.fill(0xee);
    assert.deepEqual(await seqsOf(store.scan(0)), [0, 1, 2]);
    assert.equal(Object.getPrototypeOf(await store.get(0)), Uint8Array.prototype);
  });

  test(`${name}: compaction keeps every value and frees deleted ones`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(0, 400, 10_000) }, unsynced);
    await store.barrier();
    const before = await store.approximateBytes(0, 400);
    assert.ok(before > 3_500_000, `${before} bytes`);
    await store.write({ deletes: numbers(100, 400) }, synced);
    await store.compact(0, 400);
    const after = await store.approximateBytes(0, 400);
    assert.ok(after < before / 2, `${before} bytes became ${after}`);
    assert.deepEqual(await seqsOf(store.scan(0)), numbers(0, 100));
  });

  test(`${name}: what is no sequence number is refused`, async (t) => {
    const store = await open(t);
    for (const seq of [-1, 0.5, Number.NaN, 2 ** 53 - 1, 2 ** 53]) {
      const puts = [{ seq, value: valueOf(0) }];
      await assert.rejects(async () => store.write({ puts }, unsynced), RangeError);
      await assert.rejects(async () => store.write({ deletes: [seq] }, unsynced), RangeError);
      await assert.rejects(async () => store.get(seq), RangeError);
      await assert.rejects(async () => store.getMany([seq]), RangeError);
    }
    await store.write({ puts: putsOf(0, 1) }, synced);
  });

  test(`${name}: reopening keeps everything`, async (t) => {
    const store = await open(t);
    await store.write({ puts: putsOf(0, 100) }, unsynced);
    await store.reopen();
    await store.write({ puts: putsOf(100, 200) }, unsynced);
    assert.deepEqual(await seqsOf(store.scan(0)), numbers(0, 200));
  });

  test(`${name}: closing waits for calls in progress, twice is fine, later calls fail`, async (t) => {
    const store = await open(t);
    const writing = store.write({ puts: putsOf(0, 100, 10_000) }, synced);
    const scanning = store.scan(0);
    const closing = store.close();
    await Promise.all([writing, closing, store.close()]);
    await assert.rejects(async () => store.get(0), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.getMany([0]), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.write({ deletes: [0] }, synced), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.lastSeq(), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.barrier(), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.compact(0, 9), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.approximateBytes(0, 9), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.reopen(), code('VAULT_CLOSED'));
    await assert.rejects(async () => seqsOf(store.scan(0)), code('VAULT_CLOSED'));
    await assert.rejects(async () => seqsOf(scanning), code('VAULT_CLOSED'));
    await store.close();
  });
}
