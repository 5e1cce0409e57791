import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { log } from '../helpers/log-samples.ts';
import { OtherNode, TestFolder, version } from '../helpers/test-folder.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { encodeCommitted, metaPrefix } from '../../src/store/meta-keys.ts';

async function names(folder: TestFolder): Promise<string[]> {
  return [...((await folder.log.linksIn(''))?.paths.keys() ?? [])].sort();
}

/** Sequence numbers of values of a type, in order. */
async function seqsOf(folder: TestFolder, type: number): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq, value } of folder.chunks.scan(0)) if (value[4] === type) seqs.push(seq);
  return seqs;
}

async function damage(folder: TestFolder, seq: number, how: 'flip' | 'lose'): Promise<void> {
  const [value] = await folder.chunks.getMany([seq]);
  assert.ok(value);
  if (how === 'lose') await folder.chunks.write({ deletes: [seq] }, { sync: true });
  else {
    value[value.length - 17] = (value[value.length - 17] ?? 0) ^ 1;
    await folder.chunks.write({ puts: [{ seq, value }] }, { sync: true });
  }
}

/** Three commits: `a`, `b`, `c`. */
async function three(): Promise<TestFolder> {
  const folder = await TestFolder.make();
  for (const name of ['a', 'b', 'c']) await folder.log.append({ versions: [version(name)] });
  return folder;
}

describe('replay', () => {
  test('entries that the index knows are neither added again nor taken for leftovers', async () => {
    const folder = await three();
    // The index is whole but for the number that says how far it goes.
    const rows: { key: Uint8Array; value: Uint8Array }[] = [];
    for await (const row of folder.meta.scan({ gte: Uint8Array.of(2), lt: Uint8Array.of(0xff) }))
      rows.push(row);
    folder.meta = new MemoryMetaStore();
    await folder.meta.write(
      [
        ...rows.map((row) => ({ type: 'put' as const, ...row })),
        { type: 'put', key: Uint8Array.of(metaPrefix.committed), value: encodeCommitted(0) },
      ],
      { sync: true },
    );
    await folder.reopen();
    assert.equal(folder.replayed?.dropped, 0);
    assert.deepEqual(await names(folder), ['a', 'b', 'c']);
    await folder.reopen({ rebuilt: true });
    assert.deepEqual(await names(folder), ['a', 'b', 'c']);
  });

  test('entries after the last head never happened, and are deleted', async () => {
    const folder = await three();
    const bob = new OtherNode(folder, 'bob');
    await bob.write(1, version('theirs'));
    const { values } = bob.entries(2, [version('unfinished')]);
    await folder.feed(values.slice(0, -1));
    assert.equal(folder.replayed?.dropped, 2);
    assert.deepEqual(await names(folder), ['a', 'b', 'c', 'theirs']);
    await folder.reopen({ rebuilt: true });
    assert.deepEqual(
      [folder.replayed?.dropped, await names(folder)],
      [0, ['a', 'b', 'c', 'theirs']],
    );
  });

  test('another attempt at the same entry takes the place of the one that had no head', async () => {
    const folder = await three();
    await folder.log.stage([version('first try')]);
    await folder.store.commit({});
    await folder.store.close();
    // The same again, as a later run would: without a replay in between the first try stays behind.
    await folder.reopen();
    await folder.log.append({ versions: [version('second try')] });
    await folder.reopen({ rebuilt: true });
    assert.deepEqual(await names(folder), ['a', 'b', 'c', 'second try']);
  });

  for (const how of ['flip', 'lose'] as const) {
    test(`our entries whose last head is damaged (${how}) are adopted under a new one`, async () => {
      const folder = await three();
      const last = (await seqsOf(folder, 5)).at(-1) ?? -1;
      await damage(folder, last, how);
      if (how === 'lose') {
        // Nothing tells that there was a head: what is left looks like a run that did not end.
        await folder.reopen({ rebuilt: true });
        assert.deepEqual(await names(folder), ['a', 'b']);
        return;
      }
      await folder.reopen({ rebuilt: true });
      assert.deepEqual(await names(folder), ['a', 'b', 'c']);
      assert.equal(folder.log.heads.get(log)?.seq, 3);
      await folder.log.append({ versions: [version('d')] });
      await folder.reopen({ rebuilt: true });
      assert.deepEqual(await names(folder), ['a', 'b', 'c', 'd']);
    });

    test(`a lost last head (${how}) costs nothing while there is an index`, async () => {
      const folder = await three();
      await damage(folder, (await seqsOf(folder, 5)).at(-1) ?? -1, how);
      await folder.reopen();
      assert.deepEqual(await names(folder), ['a', 'b', 'c']);
      await folder.reopen({ rebuilt: true });
      assert.deepEqual(await names(folder), ['a', 'b', 'c'], 'it was written anew');
    });

    test(`a damaged entry (${how}) is remembered as lost, and what follows is kept`, async () => {
      const folder = await three();
      const second = (await seqsOf(folder, 3))[2] ?? -1;
      await damage(folder, second, how);
      await folder.reopen({ rebuilt: true });
      assert.deepEqual(await names(folder), ['a', 'c']);
      assert.deepEqual(folder.log.lostEntries, [{ log, seq: 2 }]);
      await folder.reopen();
      assert.deepEqual(folder.log.lostEntries, [{ log, seq: 2 }]);
      await folder.log.append({ versions: [version('d')] });
      await folder.reopen({ rebuilt: true });
      assert.deepEqual(await names(folder), ['a', 'c', 'd']);
    });

    test(`what stood at the place of a lost entry (${how}) and comes once more is no damage`, async () => {
      const folder = await three();
      const second = (await seqsOf(folder, 3))[2] ?? -1;
      const [value] = await folder.chunks.getMany([second]);
      assert.ok(value);
      const whole = value.slice();
      await damage(folder, second, how);
      await folder.reopen({ rebuilt: true });
      assert.deepEqual(folder.log.lostEntries, [{ log, seq: 2 }]);
      await folder.feed([whole]);
      assert.deepEqual([folder.replayed?.damaged, folder.replayed?.dropped], [[], 1]);
      assert.deepEqual(await names(folder), ['a', 'c']);
    });

    test(`a damaged page (${how}) costs bodies only`, async () => {
      const folder = await three();
      await damage(folder, (await seqsOf(folder, 4))[2] ?? -1, how);
      await folder.reopen({ rebuilt: true });
      assert.deepEqual(await names(folder), ['a', 'b', 'c']);
      const links = await folder.log.linksOf('b');
      await assert.rejects(folder.log.body(links[0] as never));
    });
  }

  test('a version that supersedes one of the same replay is found', async () => {
    const folder = await TestFolder.make();
    const bob = new OtherNode(folder, 'bob');
    const [base] = (
      await bob.write(1, version('d', '', { kind: 'directory' }), version('d/a'))
    ).slice(1);
    assert.ok(base);
    const [moved] = await bob.write(2, version('b', 'd/a', { parents: [base] }));
    assert.ok(moved);
    await bob.write(3, version('c', 'd/a', { parents: [moved, base] }));
    await folder.reopen({ rebuilt: true });
    const links = await folder.log.linksOf('d/a');
    assert.deepEqual(links.map(({ path }) => path).sort(), ['b', 'c', 'd/a']);
  });

  test('an entry with two pasts is not adopted twice', async () => {
    const folder = await three();
    const bob = new OtherNode(folder, 'bob');
    const { values } = bob.entries(1, [version('theirs')]);
    await folder.feed(values);
    await folder.feed(values);
    assert.deepEqual(await names(folder), ['a', 'b', 'c', 'theirs']);
    await folder.reopen({ rebuilt: true });
    assert.deepEqual(await names(folder), ['a', 'b', 'c', 'theirs']);
  });
});
