import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { isVaultError } from '../../src/errors.ts';
import type {
  ConflictsResult,
  ResolveOptions,
  ResolveResult,
} from '../../src/operations/change-options.ts';
import { conflicts } from '../../src/operations/conflicts.ts';
import { resolve } from '../../src/operations/resolve.ts';
import { status } from '../../src/operations/status.ts';
import { inStep, shape } from '../helpers/in-step.ts';
import { SharedNode } from '../helpers/shared-node.ts';
import { operationContext, type TestContextOf } from '../helpers/test-home.ts';
import { passingTime } from './passing-time.ts';

interface Told {
  readonly path: string;
  readonly versions: readonly string[];
  readonly shown: string | null;
  readonly copies: readonly string[];
  readonly rivals: readonly { readonly version: string; readonly path: string; node: string }[];
}

/** Nodes that each wrote `f.txt` without knowing of the others, in step. */
async function inConflict(...names: readonly string[]): Promise<SharedNode[]> {
  const nodes = await SharedNode.make(...names);
  for (const [at, node] of nodes.entries()) {
    node.environment.clock.advance(60_000 * at);
    node.put({ 'f.txt': `by ${node.name}` });
    await node.record();
  }
  await inStep(nodes);
  return nodes;
}

async function listed(
  node: SharedNode,
  paths: readonly string[] = [],
): Promise<ConflictsResult & { readonly items: readonly Told[] }> {
  const context = operationContext();
  const result = await conflicts(node.session, { paths, cwd: '/disk' }, context);
  return { ...result, items: context.items as unknown as Told[] };
}

async function only(node: SharedNode): Promise<Told> {
  const { items } = await listed(node);
  assert.equal(items.length, 1);
  return items[0] as Told;
}

/** What fails leaves the folder closed, as a command that fails does. */
async function keep(
  node: SharedNode,
  which: string,
  options: Partial<ResolveOptions> = {},
  context: TestContextOf = operationContext(),
): Promise<ResolveResult> {
  const { session, environment } = node;
  environment.clock.advance(60_000);
  const all = { path: 'f.txt', cwd: '/disk', keep: which, ...options };
  try {
    return await passingTime(environment.clock, resolve(session, all, context));
  } catch (error) {
    await node.reopen();
    throw error;
  }
}

const refusedAs =
  (code: Parameters<typeof isVaultError>[1]) =>
  (error: unknown): boolean =>
    isVaultError(error, code);

describe('what is in conflict', () => {
  test('is listed alike on every node, what is shown first, and counted by status', async () => {
    const nodes = await inConflict('a', 'b', 'c');
    const [first, ...others] = await Promise.all(nodes.map(only));
    assert.ok(first);
    for (const other of others) assert.deepEqual(other, first);
    assert.equal(first.path, 'f.txt');
    assert.equal(first.versions.length, 3);
    assert.equal(first.shown, first.versions[0]);
    assert.deepEqual(
      first.rivals.map(({ version }) => version),
      first.versions,
    );
    const tree = (nodes[0] as SharedNode).tree();
    assert.deepEqual(
      first.rivals.map(({ path, node }) => [tree[path], node]),
      ['c', 'b', 'a'].map((node) => [`by ${node}`, node]),
    );
    assert.deepEqual(
      first.copies,
      first.rivals.slice(1).map(({ path }) => path),
    );
    for (const { session } of nodes) {
      const context = operationContext();
      const told = await status(session, undefined, { folders: [] }, context);
      assert.deepEqual([told.conflicts, told.open, context.items[0]?.['conflicts']], [1, true, 1]);
    }
  });

  test('is found at the path, at a copy and above, and nowhere else', async () => {
    const [a] = await inConflict('a', 'b');
    assert.ok(a);
    a.put({ 'd/calm': 'x' });
    await a.record();
    const copy = (await only(a)).copies[0] ?? '';
    for (const paths of [['f.txt'], [copy], ['f.txt', copy, '.']]) {
      const { conflicts: found, items } = await listed(a, paths);
      assert.deepEqual([found, items[0]?.path], [1, 'f.txt'], paths.join());
    }
    assert.equal((await listed(a, ['d'])).conflicts, 0);
    await assert.rejects(listed(a, ['nothing']), refusedAs('VAULT_NOT_FOUND'));
  });

  test('an edit against a deletion, and equal edits, are none', async () => {
    const [a, b] = await SharedNode.make('a', 'b');
    assert.ok(a && b);
    a.put({ fought: 'base', same: 'base' });
    await a.record();
    await inStep([a, b]);
    a.put({ fought: 'edited', same: 'equal' });
    b.put({ same: 'equal' });
    b.remove('fought');
    await a.record();
    await b.record();
    await inStep([a, b]);
    for (const node of [a, b]) {
      assert.equal((await listed(node)).conflicts, 0);
      const told = await status(node.session, undefined, { folders: [] }, operationContext());
      assert.deepEqual([told.conflicts, told.open], [0, false]);
    }
  });
});

describe('resolving', () => {
  test('what is shown stays untouched, and the copies go on every node', async () => {
    const nodes = await inConflict('a', 'b', 'c');
    const [a] = nodes as [SharedNode];
    const before = a.fs.stat('/disk/f.txt');
    const { versions, copies } = await only(a);
    const context = operationContext();
    const result = await keep(a, 'shown', {}, context);
    assert.deepEqual(result.kept, [versions[0]]);
    assert.deepEqual([result.paths, result.changed, result.removed], [['f.txt'], 0, 2]);
    assert.deepEqual(
      context.items.map(({ path }) => path),
      copies,
    );
    const after = a.fs.stat('/disk/f.txt');
    assert.deepEqual([after.inode, after.ctimeNs], [before.inode, before.ctimeNs]);
    await inStep(nodes);
    for (const node of nodes) {
      assert.deepEqual(node.tree(), { 'f.txt': 'by c' });
      assert.equal((await listed(node)).conflicts, 0);
    }
    a.put({ 'f.txt': 'goes on' });
    await a.record();
    await inStep(nodes);
    for (const node of nodes) assert.deepEqual(node.tree(), { 'f.txt': 'goes on' });
  });

  test('any version takes the path, named by the start of its id; dry, nothing does', async () => {
    const nodes = await inConflict('a', 'b', 'c');
    const [, b] = nodes as [SharedNode, SharedNode];
    const { versions, rivals, copies } = await only(b);
    const oldest = versions.at(-1) ?? '';
    assert.equal(rivals.at(-1)?.node, 'a');
    const was = b.tree();
    const [dry, real] = [operationContext(), operationContext()];
    const planned = await keep(b, oldest.slice(0, 12), { dryRun: true }, dry);
    assert.deepEqual(b.tree(), was);
    assert.equal((await listed(b)).conflicts, 1);
    const done = await keep(b, oldest.slice(0, 12), { path: copies[0] ?? '' }, real);
    assert.deepEqual({ ...planned, seconds: 0 }, { ...done, seconds: 0 });
    assert.deepEqual(dry.items, real.items);
    assert.deepEqual([done.path, done.kept, done.changed, done.removed], ['f.txt', [oldest], 1, 2]);
    await inStep(nodes);
    for (const node of nodes) {
      assert.deepEqual(node.tree(), { 'f.txt': 'by a' });
      assert.equal((await listed(node)).conflicts, 0);
    }
  });

  test('both: each copy is a file of its own, and nothing on disk is touched', async () => {
    const nodes = await inConflict('a', 'b', 'c');
    const [a, b] = nodes as [SharedNode, SharedNode];
    const was = a.tree();
    const { versions, copies } = await only(a);
    const stats = (): unknown[] => ['f.txt', ...copies].map((path) => a.fs.stat(`/disk/${path}`));
    const before = stats();
    const { kept, paths } = await keep(a, 'both');
    assert.deepEqual([kept, paths], [versions, ['f.txt', ...copies]]);
    assert.deepEqual(stats(), before);
    await inStep(nodes);
    for (const node of nodes) {
      assert.deepEqual(node.tree(), was);
      assert.equal((await listed(node)).conflicts, 0);
    }
    // An edit of the one no longer concerns the other.
    b.put({ [copies[0] ?? '']: 'edited' });
    await b.record();
    await inStep(nodes);
    for (const node of nodes)
      assert.deepEqual(node.tree(), { ...was, [copies[0] ?? '']: 'edited' });
  });

  test('contents that several nodes wrote go and stay together', async () => {
    const nodes = await SharedNode.make('a', 'b', 'c');
    for (const [at, node] of nodes.entries()) {
      node.environment.clock.advance(60_000 * at);
      node.put({ 'f.txt': node.name === 'c' ? 'greatest' : 'the same' });
      await node.record();
    }
    await inStep(nodes);
    const [a, b] = nodes as [SharedNode, SharedNode];
    const { copies } = await only(a);
    assert.equal(copies.length, 1);
    b.remove(copies[0] ?? '');
    await b.record();
    await inStep(nodes);
    for (const node of nodes) assert.deepEqual(node.tree(), { 'f.txt': 'greatest' });
    assert.equal((await listed(a)).conflicts, 0);
  });

  test('a deletion among the rivals does not come back', async () => {
    const nodes = await SharedNode.make('a', 'b', 'c');
    const [a, b, c] = nodes as [SharedNode, SharedNode, SharedNode];
    a.put({ 'f.txt': 'base' });
    await a.record();
    await inStep(nodes);
    a.put({ 'f.txt': 'by a' });
    b.put({ 'f.txt': 'by b' });
    c.remove('f.txt');
    for (const node of nodes) await node.record();
    await inStep(nodes);
    const { rivals } = await only(a);
    await keep(b, rivals.find(({ node }) => node === 'a')?.version ?? '');
    await inStep(nodes);
    for (const node of nodes) assert.deepEqual(node.tree(), { 'f.txt': 'by a' });
    a.remove('f.txt');
    await a.record();
    await inStep(nodes);
    for (const node of nodes) assert.deepEqual(node.tree(), {});
  });

  test('beside a directory that has taken the name, copies stay or go', async () => {
    for (const which of ['shown', 'both']) {
      const [a, b] = await SharedNode.make('a', 'b');
      assert.ok(a && b);
      a.put({ 'f.txt': 'a file' });
      b.put({ 'f.txt/inside': 'a directory' });
      await a.record();
      await b.record();
      await inStep([a, b]);
      const { copies, versions } = await only(a);
      assert.equal(copies.length, 1);
      await assert.rejects(keep(a, versions.at(-1) ?? ''), refusedAs('VAULT_REFUSED'));
      await keep(a, which);
      await inStep([a, b]);
      const tree: Record<string, string> = { 'f.txt/': '', 'f.txt/inside': 'a directory' };
      if (which === 'both') tree[copies[0] ?? ''] = 'a file';
      for (const node of [a, b]) {
        assert.deepEqual(node.tree(), tree);
        assert.equal((await listed(node)).conflicts, 0);
      }
    }
  });

  test('after the file was renamed on one side, at its new name', async () => {
    const nodes = await SharedNode.make('a', 'b', 'c');
    const [a, b, c] = nodes as [SharedNode, SharedNode, SharedNode];
    a.put({ 'old.txt': 'base' });
    await a.record();
    await inStep(nodes);
    a.environment.clock.advance(60_000);
    a.fs.rename('/disk/old.txt', '/disk/f.txt');
    await a.record();
    b.put({ 'old.txt': 'by b' });
    c.environment.clock.advance(60_000);
    c.put({ 'old.txt': 'by c' });
    await b.record();
    await c.record();
    await inStep(nodes);
    assert.deepEqual(shape(a.tree()), { 'f (conflict).txt': 'by b', 'f.txt': 'by c' });
    const { versions } = await only(a);
    await keep(b, versions[1] ?? '');
    await inStep(nodes);
    for (const node of nodes) {
      assert.deepEqual(node.tree(), { 'f.txt': 'by b' });
      assert.equal((await listed(node)).conflicts, 0);
    }
  });

  test('an edit that is not recorded yet is recorded first and is what is shown', async () => {
    const [a, b] = await inConflict('a', 'b');
    assert.ok(a && b);
    const { shown } = await only(a);
    a.put({ 'f.txt': 'unrecorded' });
    for (const dryRun of [true, false]) {
      await assert.rejects(keep(a, shown ?? '', { dryRun }), refusedAs('VAULT_NOT_FOUND'));
    }
    assert.equal(a.tree()['f.txt'], 'unrecorded');
    a.put({ 'f.txt': 'unrecorded too' });
    assert.equal((await keep(a, 'shown')).recorded, 1);
    await inStep([a, b]);
    for (const node of [a, b]) assert.deepEqual(node.tree(), { 'f.txt': 'unrecorded too' });
    await assert.rejects(keep(a, 'shown'), refusedAs('VAULT_NOT_FOUND'));
  });

  test('a file that is being written is left as it is, and nothing is lost', async () => {
    const [a, b] = await inConflict('a', 'b');
    assert.ok(a && b);
    const { versions } = await only(a);
    const rename = a.fs.rename.bind(a.fs);
    const handle = a.fs.open('/disk/f.txt', { mode: 'write' });
    // Between the last look at it and the moment it is moved aside.
    a.fs.rename = (from, to) => {
      if (from.endsWith('/f.txt')) handle.write(utf8('written now'), 0);
      rename(from, to);
    };
    const context = operationContext();
    const { skipped, removed } = await keep(a, versions[1] ?? '', {}, context);
    a.fs.rename = rename;
    handle.close();
    assert.deepEqual([skipped, removed], [1, 0]);
    assert.equal(a.tree()['f.txt'], 'written now');
    assert.equal(Object.keys(a.tree()).length, 2, 'the copy is not given up either');
    await a.record();
    await inStep([a, b]);
    assert.deepEqual(shape(b.tree()), { 'f (conflict).txt': 'by a', 'f.txt': 'written now' });
  });

  test('where nothing is open, and for what is no version of it, there is a clear no', async () => {
    const [a] = await inConflict('a', 'b');
    assert.ok(a);
    a.put({ calm: 'x' });
    await a.record();
    await assert.rejects(keep(a, 'shown', { path: 'calm' }), refusedAs('VAULT_NOT_FOUND'));
    await assert.rejects(keep(a, 'shown', { path: 'nothing' }), refusedAs('VAULT_NOT_FOUND'));
    for (const id of ['0000000000', 'nonsense', 'a']) {
      await assert.rejects(keep(a, id), refusedAs('VAULT_NOT_FOUND'));
    }
    assert.equal((await listed(a)).conflicts, 1);
  });
});
