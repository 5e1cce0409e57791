import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromHex, mapKey, toHex } from '../../src/bytes.ts';
import { encodeHead, signHead } from '../../src/log/head.ts';
import { recordType } from '../../src/log/record-types.ts';
import { TreeView } from '../../src/log/tree-view.ts';
import type { NamedLink, SnapshotRecord } from '../../src/log/types.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { metaPrefix } from '../../src/store/meta-keys.ts';
import { folder as folderId, log, named, sampleNode } from '../helpers/log-samples.ts';
import { rejects } from '../helpers/rejects.ts';
import { OtherNode, TestFolder, version } from '../helpers/test-folder.ts';

const directory = { kind: 'directory' } as const;
const ALL = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) };

function snapshot(name: string): Omit<SnapshotRecord, 'clock' | 'time'> {
  return { type: 'snapshot', id: named(name).slice(0, 16), message: name, tags: [], pinned: false };
}

async function takeSnapshot(folder: TestFolder, name: string): Promise<void> {
  await folder.log.append({
    versions: [],
    records: (clock, time) => [{ ...snapshot(name), clock, time }],
  });
}

async function messages(folder: TestFolder): Promise<string[]> {
  const found: string[] = [];
  const lost = (error: Error): void => {
    found.push(`lost: ${error.message}`);
  };
  for await (const { record } of folder.log.records(recordType.snapshot, lost)) {
    if (record.type === 'snapshot') found.push(record.message);
  }
  return found;
}

async function namesIn(folder: TestFolder): Promise<string[]> {
  return [...((await folder.log.linksIn(''))?.paths.keys() ?? [])].sort();
}

/** Everything that rows of `meta/` lead to, in a form that compares: seals differ each time. */
async function meaning(folder: TestFolder): Promise<unknown> {
  const { log: logs } = folder;
  const found: NamedLink[] = [];
  for (const [id, { seq: last }] of logs.heads) {
    for (let seq = 0; seq <= last; seq++) found.push(...(await logs.entry(id, seq)).links);
  }
  const paths = [
    ...new Set(['', ...found.filter(({ kind }) => kind === 'directory').map(({ path }) => path)]),
  ];
  const directories = await Promise.all(
    paths.map(async (path) => {
      const links = await logs.linksIn(path);
      return [
        path,
        links && [...links.paths].map(([at, all]) => [at, all.map(({ dot }) => dot)]),
        links?.unread,
      ];
    }),
  );
  const keys: string[] = [];
  for await (const { key } of folder.meta.scan(ALL)) {
    if (key[0] !== metaPrefix.workingCopy) keys.push(toHex(key));
  }
  return {
    directories,
    heads: [...logs.heads.values()].map((head) => head.seq),
    messages: await messages(folder),
    keys,
  };
}

describe('FolderLog', () => {
  test('versions, bodies and records are read as they were appended', async () => {
    const folder = await TestFolder.make();
    const given = [
      version('a', 'one'),
      version('d', '', directory),
      version('d/link', 'target', { kind: 'symlink' }),
    ];
    const names = await folder.log.append({ versions: given });
    await takeSnapshot(folder, 'first');
    await folder.reopen();
    for (const [at, name] of names.entries()) {
      const link = await folder.log.link(name);
      assert.equal(link.path, given[at]?.link.path);
      assert.equal(mapKey(link.hash8), mapKey(name.hash8));
      if (given[at]?.body !== undefined) {
        assert.deepEqual(await folder.log.body(link), given[at].body);
      }
    }
    assert.deepEqual(await messages(folder), ['first']);
    await rejects('VAULT_NOT_FOUND', () => folder.log.link({ log, seq: 1, index: 9 }));
    await rejects('VAULT_NOT_FOUND', () => folder.log.link({ log, seq: 9, index: 0 }));
  });

  test('times rise, whatever the clock does, also over an opening', async () => {
    const folder = await TestFolder.make();
    const times: number[] = [];
    const write = async (): Promise<void> => {
      const names = await folder.log.append({ versions: [version('a'), version('b')] });
      for (const name of names) times.push((await folder.log.link(name)).time);
    };
    await write();
    folder.clock.jumpWall(-3_600_000);
    await write();
    await folder.reopen();
    await write();
    assert.deepEqual(
      times,
      [...new Set(times)].sort((a, b) => a - b),
    );
  });

  test('a snapshot covers what comes before it in the same commit', async () => {
    const folder = await TestFolder.make();
    await folder.log.append({
      versions: [version('a')],
      records: (clock, time) => [{ ...snapshot('with'), clock, time }],
    });
    for await (const { record } of folder.log.records(recordType.snapshot, () => undefined)) {
      assert.ok(record.type === 'snapshot');
      assert.deepEqual([...record.clock], [[log, 2]]);
    }
  });

  test('more than fits one entry becomes several, under one head', async () => {
    const folder = await TestFolder.make();
    const many = Array.from({ length: 3000 }, (_, at) => version(`f${at}`));
    const names = await folder.log.append({ versions: many });
    assert.equal(names.length, 3000);
    assert.ok((folder.log.heads.get(log)?.seq ?? 0) >= 3);
    await folder.reopen({ rebuilt: true });
    const listed = await (
      await TreeView.open(folder.log, { includes: () => true, mayInclude: () => true })
    ).list('');
    assert.equal(listed?.entries.length, 3000);
  });

  test('what was staged counts with the next commit, and not without one', async () => {
    const folder = await TestFolder.make();
    await folder.log.stage([version('a'), version('b')]);
    await folder.log.stage([version('c')]);
    await folder.log.commit({});
    await folder.log.stage([version('d')]);
    await folder.store.commit({});
    await folder.reopen();
    assert.deepEqual(await namesIn(folder), ['a', 'b', 'c']);
    assert.equal(folder.replayed?.dropped, 2, 'an entry and its page');
    await folder.log.append({ versions: [version('e')] });
    await folder.reopen({ rebuilt: true });
    assert.deepEqual(await namesIn(folder), ['a', 'b', 'c', 'e']);
  });

  test('rows given with a commit become true with it', async () => {
    const folder = await TestFolder.make();
    const key = Uint8Array.of(metaPrefix.workingCopy, 1);
    const seen: number[] = [];
    await folder.log.append({
      versions: [version('a')],
      rows: (names) => {
        seen.push(names.length);
        return [{ type: 'put', key, value: Uint8Array.of(7) }];
      },
    });
    await folder.log.append({
      versions: [],
      rows: () => [{ type: 'put', key, value: Uint8Array.of(8) }],
    });
    assert.deepEqual(seen, [1]);
    assert.deepEqual(await folder.meta.get(key), Uint8Array.of(8));
    assert.equal(folder.log.heads.get(log)?.seq, 1, 'no entry for rows alone');
  });

  test('everything is as it was after meta/ was made anew', async () => {
    const folder = await TestFolder.make();
    const [a, d, b] = await folder.log.append({
      versions: [version('a', 'one'), version('d', '', directory), version('d/b', 'two')],
    });
    assert.ok(a && b && d);
    await takeSnapshot(folder, 'first');
    const bob = new OtherNode(folder, 'bob');
    const now = folder.clock.wallMs() * 1000;
    const [theirs] = await bob.write(
      now + 5,
      version('a', 'theirs', { parents: [a] }),
      version('x', '', directory),
    );
    assert.ok(theirs);
    await folder.log.append({
      versions: [
        version('a', 'ours', { parents: [a] }),
        version('d/moved', 'two', { parents: [b] }),
        version('d/e', '', directory),
      ],
    });
    await takeSnapshot(folder, 'second');
    await folder.log.append({
      versions: [
        version('x/b', 'two', { parents: [b] }),
        version('a', '', { kind: 'deletion', parents: [theirs] }),
      ],
    });
    const before = await meaning(folder);
    await folder.reopen();
    assert.deepEqual(await meaning(folder), before);
    await folder.reopen({ rebuilt: true });
    assert.deepEqual(await meaning(folder), before);
  });

  test('a rebuild cut short at any write ends as if it had not been', async () => {
    const folder = await TestFolder.make();
    for (let entry = 0; entry < 8; entry++) {
      await folder.log.append({
        versions: Array.from({ length: 1500 }, (_, at) => version(`d${entry}/f${at}`)),
      });
      await takeSnapshot(folder, `snapshot ${entry}`);
    }
    await folder.reopen({ rebuilt: true });
    const expected = (await meaning(folder)) as { keys: string[] };
    for (let cut = 1; ; cut++) {
      folder.chunks = folder.chunks.crash({ bytes: (length) => new Uint8Array(length).fill(0xff) });
      folder.meta = new MemoryMetaStore();
      let left = cut;
      folder.meta.onWrite = () => {
        if (--left < 0) throw new Error('killed');
      };
      const isWhole = await folder.open().then(
        () => true,
        () => false,
      );
      // What a rebuild left half done does not say how far it goes: it is begun again.
      await folder.reopen().catch(() => folder.reopen({ rebuilt: true }));
      assert.deepEqual(
        ((await meaning(folder)) as { keys: string[] }).keys,
        expected.keys,
        `cut at write ${cut}`,
      );
      if (isWhole) break;
    }
  });

  test('damaged records are told, and the others read', async () => {
    const folder = await TestFolder.make();
    for (const name of ['one', 'two', 'three']) await takeSnapshot(folder, name);
    // Entry, page, head of each: the page of the second.
    const page = 3 + 3 + 1;
    const [value] = await folder.chunks.getMany([page]);
    assert.ok(value && value[4] === 4);
    value[value.length - 20] = (value[value.length - 20] ?? 0) ^ 1;
    await folder.chunks.write({ puts: [{ seq: page, value }] }, { sync: true });
    await folder.reopen();
    const found = await messages(folder);
    assert.deepEqual([found[0], found[2]], ['one', 'three']);
    assert.match(found[1] ?? '', /^lost: /);
  });

  test('another node cannot write in our log', async () => {
    const folder = await TestFolder.make();
    await folder.log.append({ versions: [version('a')] });
    const mallory = new OtherNode(folder, 'mallory');
    const { values } = mallory.entries(1, [version('evil')]);
    // A head of our log, signed by somebody else.
    const forged = signHead(sampleNode('mallory').sign, folderId, {
      log,
      seq: 5,
      hash: named('hash'),
    });
    await folder.feed([...values.slice(0, -1), folder.seal(5, fromHex(log), encodeHead(forged))]);
    assert.equal(folder.log.heads.get(log)?.seq, 1);
    assert.deepEqual([...folder.log.heads.keys()], [log]);
    assert.deepEqual(await namesIn(folder), ['a']);
  });
});
