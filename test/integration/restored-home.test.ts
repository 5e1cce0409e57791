import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { OpenFolder } from '../../src/home/open-folder.ts';
import { bringInStep } from '../../src/operations/bring-in-step.ts';
import { withFolder } from '../helpers/joined-in-memory.ts';
import { giveAll, SharedNode } from '../helpers/shared-node.ts';
import { operationContext } from '../helpers/test-home.ts';
import { TestNode } from '../helpers/test-node.ts';
import { CommandHost } from './command-host.ts';

/** How what was kept of a home comes back. */
type Return = (node: TestNode, kept: string) => void;

const copied: Return = (node, kept) => {
  rmSync(node.home, { recursive: true });
  cpSync(kept, node.home, { recursive: true });
};
const databasesOnly: Return = (node, kept) => {
  const [name = ''] = readdirSync(join(kept, 'folders'));
  for (const part of ['chunks', 'meta']) {
    const path = join('folders', name, part);
    rmSync(join(node.home, path), { recursive: true });
    cpSync(join(kept, path), join(node.home, path), { recursive: true });
  }
};
/** As a disk that was put back block by block: no file is another one, and nothing here can tell. */
const inPlace: Return = (node, kept) => {
  databasesOnly(node, kept);
  const [name = ''] = readdirSync(join(kept, 'folders'));
  const path = join('folders', name, 'appended');
  writeFileSync(join(node.home, path), readFileSync(join(kept, path)));
};

/** The text of every version of a file. */
async function textsOf(folder: OpenFolder, path: string): Promise<string[]> {
  const texts: string[] = [];
  for (const link of await folder.log.linksOf(path)) {
    if (link.kind !== 'file' || link.path !== path) continue;
    const { manifest } = await folder.log.body(link);
    if (manifest?.root === undefined) continue;
    texts.push(Buffer.from(await folder.log.openContent(manifest.root)).toString());
  }
  return texts.toSorted();
}

/**
 * A home is kept, edits go on and reach another node, the kept home comes back and edits go on there.
 * The other node, and what `before` does between coming back and the next edit.
 */
async function restored(
  t: TestContext,
  comeBack: Return,
  before: (node: TestNode, other: SharedNode) => Promise<void> = () => Promise.resolve(),
): Promise<{ node: TestNode; other: SharedNode }> {
  const host = new CommandHost();
  t.after(() => host.close());
  const node = await TestNode.make(t, host);
  const edit = async (text: string): Promise<void> => {
    writeFileSync(join(node.work, 'f'), text);
    await node.done('snapshot', 'work');
  };
  await edit('one');
  const other = await withFolder(node.home, 'work', (here) => SharedNode.joined('other', here));
  const kept = join(node.directory, 'kept');
  cpSync(node.home, kept, { recursive: true });
  writeFileSync(join(node.work, 'later'), 'as well');
  await edit('two, of which the kept home knows nothing');
  await withFolder(node.home, 'work', ({ folder }) => giveAll(folder, other.folder));
  comeBack(node, kept);
  await before(node, other);
  await edit('three');
  return { node, other };
}

const all = ['one', 'three', 'two, of which the kept home knows nothing'];

/** Both have all of both, and go on: nothing that either writes from now on is a fork. */
async function goOn({ node, other }: { node: TestNode; other: SharedNode }): Promise<number> {
  return withFolder(node.home, 'work', async ({ session, folder }) => {
    await giveAll(folder, other.folder);
    await giveAll(other.folder, folder);
    await bringInStep(session, folder, { yes: true }, operationContext());
    assert.deepEqual(await textsOf(folder, 'f'), all);
    assert.deepEqual(await textsOf(other.folder, 'f'), all);
    const forked = (): number => {
      const { heads, lines } = other.folder.log;
      const logs = new Set([...heads.values()].map(({ log }) => log));
      return [...logs].filter((log) => lines.isForked(log)).length;
    };
    const forks = forked();
    writeFileSync(join(node.work, 'g'), 'after that');
    await bringInStep(session, folder, { yes: true }, operationContext());
    await giveAll(folder, other.folder);
    assert.deepEqual(await textsOf(other.folder, 'g'), ['after that']);
    assert.equal(forked(), forks, 'no further fork');
    return forks;
  });
}

test('a home that is put back from a copy goes on under a new log, and nothing is lost', async (t) => {
  const both = await restored(t, copied, async (node) => {
    const lines = await node.json(0, 'status', 'work');
    const problems = lines[0]?.['problems'] as string[];
    assert.match(problems.join(), /copied, or put back from a copy: it goes on under a new log/);
    const again = await node.json(0, 'status', 'work');
    assert.deepEqual(again[0]?.['problems'], [], 'it is told once');
  });
  assert.equal(await goOn(both), 0);
});

test('databases that are put back alone are behind their counter', async (t) => {
  const both = await restored(t, databasesOnly, async (node) => {
    const lines = await node.json(0, 'status', 'work');
    assert.match(String(lines[0]?.['problems']), /put back as it was earlier/);
  });
  assert.equal(await goOn(both), 0);
});

test('where only a peer can tell, its newer entries are taken and a new log begun', async (t) => {
  const both = await restored(t, inPlace, (node, other) =>
    withFolder(node.home, 'work', async ({ folder }) => {
      const { own } = folder.log;
      await giveAll(other.folder, folder);
      assert.equal(await folder.renewLogIfNeeded(), true);
      assert.notEqual(folder.log.own, own);
      assert.match(folder.problems.join(), /other nodes hold newer changes/);
      assert.equal(await folder.renewLogIfNeeded(), false);
      // What this node wrote itself and lost comes back whole, contents too.
      await giveAll(other.folder, folder);
      assert.equal((await textsOf(folder, 'f')).length, 2);
    }),
  );
  assert.equal(await goOn(both), 0);
});

for (const isIndexLost of [false, true]) {
  const how = isIndexLost ? ', and its index is lost' : '';
  test(`where it is stopped before it begins a new log${how}, it begins one when it is opened`, async (t) => {
    const both = await restored(t, inPlace, async (node, other) => {
      // The disk is as it was when the home was kept: what was written since is not there.
      rmSync(join(node.work, 'later'));
      await withFolder(node.home, 'work', ({ folder }) => giveAll(other.folder, folder));
      const [name = ''] = readdirSync(join(node.home, 'folders'));
      if (isIndexLost) rmSync(join(node.home, 'folders', name, 'meta'), { recursive: true });
    });
    const { node, other } = both;
    assert.equal(await goOn(both), 0);
    assert.equal(readFileSync(join(node.work, 'later'), 'latin1'), 'as well');
    assert.deepEqual(await textsOf(other.folder, 'later'), ['as well']);
    const [link] = await other.folder.log.linksOf('later');
    assert.ok(link);
    assert.equal((await other.folder.log.linksOf('later')).length, 1, 'nobody removed it');
  });
}

test('where nobody could tell, the log forks; both branches are kept and a new log begun', async (t) => {
  assert.equal(await goOn(await restored(t, inPlace)), 1);
});

test('a home that is moved, used and left alone stays with its log', async (t) => {
  const node = await TestNode.make(t);
  const own = (home: string): Promise<string> =>
    withFolder(home, 'work', ({ folder }) => Promise.resolve(folder.log.own));
  const before = await own(node.home);
  await node.done('snapshot');
  const moved = join(node.directory, 'moved');
  renameSync(node.home, moved);
  assert.equal(await own(moved), before);
});

test('witnesses that are lost or torn tell nothing and are made again', async (t) => {
  const node = await TestNode.make(t);
  await node.done('snapshot');
  const [name = ''] = readdirSync(join(node.home, 'folders'));
  const at = (file: string): string => join(node.home, 'folders', name, file);
  const own = (): Promise<string> =>
    withFolder(node.home, 'work', ({ folder }) => Promise.resolve(folder.log.own));
  const before = await own();
  for (const file of ['sentinel', 'appended']) {
    const length = readFileSync(at(file)).length;
    writeFileSync(at(file), Buffer.alloc(length));
    assert.equal(await own(), before);
    rmSync(at(file));
    writeFileSync(join(node.work, file), file);
    await node.done('snapshot');
    assert.equal(await own(), before);
    assert.equal(readFileSync(at(file)).length, length);
  }
});
