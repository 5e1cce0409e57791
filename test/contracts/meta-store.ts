import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { VaultError } from '../../src/errors.ts';
import type { MetaOperation, MetaRange, MetaStore } from '../../src/store/meta-store.ts';

const synced = { sync: true };
const unsynced = { sync: false };
const bytes = (latin1: string): Uint8Array => new Uint8Array(Buffer.from(latin1, 'latin1'));
const everything = { gte: bytes(''), lt: new Uint8Array(33).fill(0xff) };

function put(key: string, value: string): MetaOperation {
  return { type: 'put', key: bytes(key), value: bytes(value) };
}

function remove(key: string): MetaOperation {
  return { type: 'delete', key: bytes(key) };
}

function text(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString('latin1');
}

/** The rows of a scan as `key=value`. */
export async function rowsOf(
  scan: AsyncIterable<{ key: Uint8Array; value: Uint8Array }>,
): Promise<string[]> {
  const rows: string[] = [];
  for await (const { key, value } of scan) rows.push(`${text(key)}=${text(value)}`);
  return rows;
}

const code =
  (wanted: string) =>
  (error: unknown): boolean => {
    assert.equal((error as VaultError).code, wanted);
    return true;
  };

/** What every metadata store must do. `open` gives a new, empty one and closes it after the test. */
export function metaStoreContract(
  name: string,
  open: (t: TestContext) => Promise<MetaStore>,
): void {
  test(`${name}: an empty store has no rows`, async (t) => {
    const store = await open(t);
    assert.equal(await store.get(bytes('a')), undefined);
    assert.deepEqual(await store.getMany([]), []);
    assert.deepEqual(await store.getMany([bytes('a')]), [undefined]);
    assert.deepEqual(await rowsOf(store.scan(everything)), []);
    await store.write([], synced);
    await store.barrier();
  });

  test(`${name}: rows are in byte order of their keys, a prefix before what it begins`, async (t) => {
    const store = await open(t);
    const keys = ['b', 'a', 'a\xff', 'ab', '\xff', '\0', 'a\0', 'B', '\x80', '\x7f'];
    await store.write(
      keys.map((key) => put(key, key)),
      synced,
    );
    const sorted = [...keys].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
    assert.deepEqual(
      await rowsOf(store.scan(everything)),
      sorted.map((key) => `${key}=${key}`),
    );
  });

  test(`${name}: many values are given in the order asked, with gaps and repeats`, async (t) => {
    const store = await open(t);
    await store.write([put('a', '1'), put('b', ''), put('c', '3')], unsynced);
    const found = await store.getMany(['c', 'x', 'b', 'c'].map(bytes));
    assert.deepEqual(found.map(text), ['3', undefined, '', '3']);
  });

  test(`${name}: operations of one batch apply in their order`, async (t) => {
    const store = await open(t);
    await store.write(
      [put('a', '1'), put('a', '2'), put('b', '1'), remove('b'), remove('c')],
      synced,
    );
    await store.write([remove('a'), put('a', '3'), put('c', '1')], unsynced);
    assert.deepEqual(await rowsOf(store.scan(everything)), ['a=3', 'c=1']);
  });

  test(`${name}: batches apply in the order of the calls`, async (t) => {
    const store = await open(t);
    await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        store.write([put('a', String(at))], { sync: at % 9 === 0 }),
      ),
    );
    assert.equal(text(await store.get(bytes('a'))), '99');
  });

  test(`${name}: a scan is bounded, may go backwards, and may be limited`, async (t) => {
    const store = await open(t);
    await store.write(
      ['a', 'b', 'c', 'd', 'e'].map((key) => put(key, '')),
      unsynced,
    );
    const scan = async (range: Partial<MetaRange>): Promise<string> =>
      (await rowsOf(store.scan({ ...everything, ...range }))).join('').replaceAll('=', '');
    assert.equal(await scan({ gte: bytes('b'), lt: bytes('d') }), 'bc');
    assert.equal(await scan({ gte: bytes('b'), lt: bytes('d'), reverse: true }), 'cb');
    assert.equal(await scan({ gte: bytes('bb'), lt: bytes('dd') }), 'cd');
    assert.equal(await scan({ gte: bytes('bb'), lt: bytes('dd'), reverse: true }), 'dc');
    assert.equal(await scan({ limit: 2 }), 'ab');
    assert.equal(await scan({ limit: 2, reverse: true }), 'ed');
    assert.equal(await scan({ limit: 9 }), 'abcde');
    assert.equal(await scan({ limit: 0 }), '');
    assert.equal(await scan({ gte: bytes('c'), lt: bytes('c') }), '');
    assert.equal(await scan({ gte: bytes('d'), lt: bytes('b') }), '');
    assert.equal(await scan({ gte: bytes('d'), lt: bytes('b'), reverse: true }), '');
  });

  test(`${name}: a scan gives the rows as of the call`, async (t) => {
    const store = await open(t);
    await store.write(
      Array.from({ length: 3000 }, (_, at) => put(String(at + 10_000), 'old')),
      unsynced,
    );
    const scan = store.scan(everything);
    await store.write([put('10000', 'new'), remove('11111'), put('10000.5', 'new')], synced);
    const seen: string[] = [];
    for await (const { key, value } of scan) {
      seen.push(`${text(key)}=${text(value)}`);
      if (seen.length === 10)
        await store.write([put('12999', 'new'), put('13000', 'new')], unsynced);
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 3000 }, (_, at) => `${at + 10_000}=old`),
    );
    assert.equal((await rowsOf(store.scan(everything))).length, 3001);
  });

  test(`${name}: key and value arrays may be used again once the write has ended`, async (t) => {
    const store = await open(t);
    const shared = Buffer.alloc(2);
    for (const letter of ['a', 'b', 'c']) {
      shared.fill(letter);
      const half = { key: shared.subarray(0, 1), value: shared.subarray(1) };
      await store.write([{ type: 'put', ...half }], unsynced);
    }
    shared.fill('z');
    assert.deepEqual(await rowsOf(store.scan(everything)), ['a=a', 'b=b', 'c=c']);
    (await store.get(bytes('a')))?.fill(0);
    assert.equal(text(await store.get(bytes('a'))), 'a');
    assert.equal(Object.getPrototypeOf(await store.get(bytes('a'))), Uint8Array.prototype);
  });

  test(`${name}: it answers like a sorted map, whatever is done to it`, async (t) => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '\xff'), minLength: 1, maxLength: 3 });
    const operation = fc.oneof(
      fc.record({ do: fc.constant('put' as const), key, value: fc.string({ maxLength: 3 }) }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constantFrom('barrier' as const, 'reopen' as const, 'compact' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const store = await open(t);
        const model = new Map<string, string>();
        for (const one of operations) {
          if (one.do === 'put') {
            const value = Buffer.from(one.value, 'utf8').toString('latin1');
            await store.write([put(one.key, value)], unsynced);
            model.set(one.key, value);
          } else if (one.do === 'delete') {
            await store.write([remove(one.key)], unsynced);
            model.delete(one.key);
          } else if (one.do === 'barrier') await store.barrier();
          else if (one.do === 'reopen') await store.reopen();
          else await store.compact(everything);
        }
        const wanted = [...model].sort(([a], [b]) => Buffer.compare(bytes(a), bytes(b)));
        assert.deepEqual(
          await rowsOf(store.scan(everything)),
          wanted.map(([k, value]) => `${k}=${value}`),
        );
        await store.close();
      }),
      { numRuns: 25 },
    );
  });

  test(`${name}: closing waits for calls in progress, twice is fine, later calls fail`, async (t) => {
    const store = await open(t);
    const writing = store.write([put('a', 'x'.repeat(100_000))], synced);
    await Promise.all([writing, store.close(), store.close()]);
    await assert.rejects(async () => store.get(bytes('a')), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.getMany([bytes('a')]), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.write([remove('a')], synced), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.barrier(), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.compact(everything), code('VAULT_CLOSED'));
    await assert.rejects(async () => store.reopen(), code('VAULT_CLOSED'));
    await assert.rejects(async () => rowsOf(store.scan(everything)), code('VAULT_CLOSED'));
    await store.close();
  });
}
