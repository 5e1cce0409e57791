import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TestNode } from '../helpers/test-node.ts';
import { assertSameTree, treeOf, type TreeItem } from '../helpers/tree.ts';
import { editTree, insertInto, LARGE_BYTES, makeTree, SPARSE_BYTES } from './real-tree.ts';

const MIB = 1024 * 1024;

function countsOf(tree: ReadonlyMap<string, TreeItem>): {
  files: number;
  dirs: number;
  bytes: number;
} {
  const items = [...tree.values()];
  const dirs = items.filter(({ kind }) => kind === 'directory').length;
  const files = items.filter(({ kind }) => kind === 'file');
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return { files: items.length - dirs, dirs, bytes };
}

function picked(summary: Record<string, unknown>, ...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, summary[key]]));
}

test('a folder is kept, edited, kept again, and comes back in every state', async (t) => {
  const node = await TestNode.make(t);
  const copies = join(node.directory, 'copies');
  const restored = (name: string): string => join(node.directory, 'restored', name);
  const keep = (name: string): void => {
    execFileSync('cp', ['-a', node.work, join(copies, name)]);
  };
  mkdirSync(copies);
  makeTree(node.work);
  const states = new Map<string, { tree: Map<string, TreeItem>; snapshot: string; time: string }>();
  const snapshot = async (name: string): Promise<Record<string, unknown>> => {
    const summary = await node.done('snapshot', '--tag', name, '-m', `state ${name}`);
    const id = String(summary['snapshot']);
    states.set(name, { tree: treeOf(node.work), snapshot: id, time: new Date().toISOString() });
    return summary;
  };

  await t.test('the first snapshot stores everything once', async () => {
    const { files, dirs, bytes } = countsOf(treeOf(node.work));
    const summary = await snapshot('first');
    assert.deepEqual(
      picked(
        summary,
        'files',
        'dirs',
        'bytes',
        'added',
        'changed',
        'removed',
        'unchanged',
        'errors',
      ),
      { files, dirs, bytes, added: files, changed: 0, removed: 0, unchanged: 0, errors: 0 },
    );
    // Duplicates, a hard link, zero runs and holes cost nothing more.
    assert.ok(Number(summary['newBytes']) < LARGE_BYTES + 2 * MIB, JSON.stringify(summary));
    assert.ok(Number(summary['storedBytes']) < LARGE_BYTES + MIB, JSON.stringify(summary));
    keep('first');
  });

  await t.test('a snapshot of the same state stores nothing', async () => {
    const summary = await node.done('snapshot');
    assert.deepEqual(picked(summary, 'added', 'changed', 'removed', 'newChunks', 'newBytes'), {
      added: 0,
      changed: 0,
      removed: 0,
      newChunks: 0,
      newBytes: 0,
    });
    // One record.
    assert.ok(Number(summary['storedBytes']) < 1000, JSON.stringify(summary));
    assert.equal(summary['unchanged'], summary['files']);
    assert.equal((await node.done('snapshot', '--skip-unchanged'))['snapshot'], null);
  });

  await t.test('a file that was only touched gets no version', async () => {
    utimesSync(join(node.work, 'docs/readme.md'), 1_000_000_000, 1_000_000_000);
    const summary = await node.done('snapshot');
    assert.deepEqual(picked(summary, 'added', 'changed', 'removed', 'newChunks'), {
      added: 0,
      changed: 0,
      removed: 0,
      newChunks: 0,
    });
  });

  await t.test('five bytes inserted into a large file cost a few chunks', async () => {
    insertInto(join(node.work, 'data/large'), LARGE_BYTES / 2, Buffer.from('-five'));
    const summary = await snapshot('inserted');
    assert.deepEqual(picked(summary, 'added', 'changed', 'removed'), {
      added: 0,
      changed: 1,
      removed: 0,
    });
    assert.ok(Number(summary['newChunks']) <= 8, JSON.stringify(summary));
    assert.ok(Number(summary['storedBytes']) <= 768 * 1024, JSON.stringify(summary));
  });

  await t.test('every kind of change is counted', async () => {
    const before = treeOf(node.work);
    editTree(node.work);
    const now = treeOf(node.work);
    const content = (tree: typeof now): string[] =>
      [...tree].filter(([, { kind }]) => kind !== 'directory').map(([path]) => path);
    const removed = content(before).filter(
      (path) => (now.get(path)?.kind ?? 'directory') === 'directory',
    );
    const added = content(now).filter(
      (path) => (before.get(path)?.kind ?? 'directory') === 'directory',
    );
    const changed = content(now).filter((path) => {
      const [old, item] = [before.get(path), now.get(path)];
      if (old === undefined || item === undefined || old.kind === 'directory') return false;
      return (
        old.kind !== item.kind || old.content !== item.content || old.executable !== item.executable
      );
    });
    // A file that was moved is one change, no addition and removal.
    const moved = added.filter((path) =>
      removed.some((old) => before.get(old)?.content === now.get(path)?.content),
    ).length;
    assert.ok(moved > 0);
    const summary = await snapshot('edited');
    assert.deepEqual(picked(summary, 'added', 'changed', 'removed', 'errors'), {
      added: added.length - moved,
      changed: changed.length + moved,
      removed: removed.length - moved,
      errors: 0,
    });
    // What only moved is stored already.
    assert.ok(Number(summary['newBytes']) < MIB, JSON.stringify(summary));
    keep('edited');
  });

  const assertRestores = async (
    state: string,
    by: string,
    at: readonly string[],
  ): Promise<void> => {
    const to = restored(`${state} by ${by}`);
    const expected = states.get(state)?.tree ?? new Map<string, TreeItem>();
    const summary = await node.done('restore', '-f', 'work', '--to', to, ...at);
    const { files, dirs, bytes } = countsOf(expected);
    assert.deepEqual(picked(summary, 'files', 'dirs', 'bytes', 'skipped', 'errors'), {
      files,
      dirs,
      bytes,
      skipped: 0,
      errors: 0,
    });
    const tree = treeOf(to);
    const touched = tree.get('docs/readme.md');
    if (state === 'inserted' && touched) {
      // Its time is that of its version: it was only touched since.
      tree.set('docs/readme.md', {
        ...touched,
        mtimeNs: expected.get('docs/readme.md')?.mtimeNs ?? 0n,
      });
    }
    assertSameTree(tree, expected, `${state} by ${by}`);
    const copy = join(copies, state);
    if (!existsSync(copy)) return;
    execFileSync('diff', ['-r', '--no-dereference', copy, to]);
  };

  await t.test(
    'each state restores by snapshot id, by its prefix, by tag and by time',
    async () => {
      const first = states.get('first');
      const inserted = states.get('inserted');
      await assertRestores('first', 'id', ['--at', first?.snapshot ?? '']);
      await assertRestores('first', 'tag', ['--at', 'first']);
      await assertRestores('first', 'time', ['--at', first?.time ?? '']);
      await assertRestores('inserted', 'prefix', ['--at', inserted?.snapshot.slice(0, 12) ?? '']);
      await assertRestores('inserted', 'time', ['--at', inserted?.time ?? '']);
      await assertRestores('edited', 'now', []);
    },
  );

  await t.test('a sparse file comes back sparse', () => {
    const path = join(restored('first by id'), 'data/sparse');
    const { size, blocks } = statSync(path);
    assert.equal(size, SPARSE_BYTES);
    assert.ok(blocks * 512 < 2 * MIB, `${blocks} blocks`);
  });

  await t.test('one file of the past is printed as it was', async () => {
    const first = await node.run('cat', '-f', 'work', 'docs/readme.md', '--at', 'first');
    assert.equal(first.stdout.toString(), '# Read me\n'.repeat(5000));
    const now = await node.runWith({ cwd: join(node.work, 'docs') }, 'cat', 'readme.md');
    assert.equal(now.stdout.toString(), `${'# Read me\n'.repeat(5000)}one more line\n`);
  });

  await t.test('everything stored is intact', async () => {
    const summary = await node.done('verify', '--read');
    assert.deepEqual(picked(summary, 'damaged', 'complete'), { damaged: 0, complete: true });
    const status = await node.done('status', '--check');
    assert.deepEqual(picked(status, 'open', 'pending'), { open: false, pending: 0 });
  });
});
