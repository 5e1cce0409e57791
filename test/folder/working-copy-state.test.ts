import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { secretKey, sha256 } from '../../src/crypto/hash.ts';
import { PAGE_ENTRIES, type SeenEntry } from '../../src/folder/working-copy-row.ts';
import { WorkingCopyState } from '../../src/folder/working-copy-state.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { directories, fullLog, logs } from './seen-entries.ts';

const ALL = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) };

function state(
  meta = new MemoryMetaStore(),
  key = 'key',
): { meta: MemoryMetaStore; state: WorkingCopyState } {
  const paths = { directoryKey: (path: string) => sha256(Buffer.from(path)).subarray(0, 16) };
  const secret = secretKey(sha256(Buffer.from(key)));
  return { meta, state: new WorkingCopyState(meta, secret, paths, fullLog, seededRandom('rows')) };
}

function entries(count: number, salt = 0): Map<string, SeenEntry> {
  return new Map(
    Array.from({ length: count }, (_, index) => [
      `name ${index}`,
      {
        kind: 'file',
        size: index + salt,
        mtimeNs: 1n,
        ctimeNs: 2n,
        inode: 3n,
        executable: false,
        racy: false,
        digest: new Uint8Array(16),
        version: { log: logs[0] ?? '', seq: 1, index: 0, hash8: new Uint8Array(8) },
      } as const,
    ]),
  );
}

async function rows(meta: MemoryMetaStore): Promise<{ key: Uint8Array; value: Uint8Array }[]> {
  const found = [];
  for await (const row of meta.scan(ALL)) found.push(row);
  return found;
}

describe('WorkingCopyState', () => {
  test('what was written of a directory is read, and nothing of any other', async () => {
    await fc.assert(
      fc.asyncProperty(directories, directories, async (one, other) => {
        const { meta, state: copy } = state();
        await meta.write([...copy.rows('one', one, 0), ...copy.rows('', other, 0)], { sync: true });
        assert.deepEqual(new Map(await copy.read('one')), one);
        assert.deepEqual(new Map(await copy.read('')), other);
        assert.equal(await copy.read('none'), undefined);
      }),
      { numRuns: 50 },
    );
  });

  test('a directory that shrinks or grows by pages leaves no row behind', async () => {
    const { meta, state: copy } = state();
    let previous = 0;
    for (const count of [
      1,
      PAGE_ENTRIES,
      PAGE_ENTRIES + 1,
      3 * PAGE_ENTRIES,
      2,
      0,
      PAGE_ENTRIES * 2,
    ]) {
      const wanted = entries(count);
      await meta.write(copy.rows('d', wanted, previous), { sync: true });
      previous = count;
      assert.deepEqual(new Map(await copy.read('d')), wanted);
      assert.equal((await rows(meta)).length, Math.max(1, Math.ceil(count / PAGE_ENTRIES)));
    }
    await meta.write(copy.forget('d', previous), { sync: true });
    assert.deepEqual(await rows(meta), []);
    assert.equal(await copy.read('d'), undefined);
  });

  test('no name lies in the open', async () => {
    const { meta, state: copy } = state();
    await meta.write(copy.rows('secret directory', entries(3), 0), { sync: true });
    for (const { key, value } of await rows(meta)) {
      assert.equal(Buffer.concat([key, value]).includes('name'), false);
      assert.equal(Buffer.concat([key, value]).includes('secret'), false);
    }
  });

  test('any changed, missing or moved page is damage, never other entries', async () => {
    const { meta, state: copy } = state();
    const wanted = entries(2 * PAGE_ENTRIES + 1);
    await meta.write(copy.rows('d', wanted, 0), { sync: true });
    await meta.write(copy.rows('e', entries(1), 0), { sync: true });
    const pages = (await rows(meta)).filter(({ value }) => value.length > 1000);
    assert.equal(pages.length, 2);
    for (const { key, value } of await rows(meta)) {
      const flipped = value.slice();
      flipped[value.length >> 1] = (flipped[value.length >> 1] ?? 0) ^ 1;
      const moved = (await rows(meta)).find((row) => Buffer.compare(row.key, key) !== 0);
      for (const other of [flipped, moved?.value ?? flipped, new Uint8Array(0)]) {
        await meta.write([{ type: 'put', key, value: other }], { sync: true });
        const read = Promise.all([copy.read('d'), copy.read('e')]);
        await rejects('VAULT_DAMAGED', () => read);
      }
      await meta.write([{ type: 'delete', key }], { sync: true });
      const [d, e] = await Promise.all(
        ['d', 'e'].map((path) => copy.read(path).catch(() => 'damage')),
      );
      // A directory without its first page was never recorded; it is made from the log then.
      assert.ok(d === 'damage' || d === undefined || e === undefined);
      await meta.write([{ type: 'put', key, value }], { sync: true });
    }
    assert.deepEqual(new Map(await copy.read('d')), wanted);
  });

  test('pages of an older write do not pass for newer ones', async () => {
    const { meta, state: copy } = state();
    await meta.write(copy.rows('d', entries(PAGE_ENTRIES * 3), 0), { sync: true });
    const old = await rows(meta);
    await meta.write(copy.rows('d', entries(PAGE_ENTRIES * 2, 1), PAGE_ENTRIES * 3), {
      sync: true,
    });
    const first = old[0];
    assert.ok(first);
    await meta.write([{ type: 'put', ...first }], { sync: true });
    await rejects('VAULT_DAMAGED', () => copy.read('d'));
  });

  test('rows open under no other key', async () => {
    const { meta, state: copy } = state();
    await meta.write(copy.rows('d', entries(1), 0), { sync: true });
    await rejects('VAULT_DAMAGED', () => state(meta, 'another').state.read('d'));
  });
});
