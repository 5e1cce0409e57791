import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Moment } from '../../src/log/tree-view.ts';
import { TreeView } from '../../src/log/tree-view.ts';
import { covers } from '../../src/log/vector-clock.ts';
import type { Parent, VectorClock, VersionKind } from '../../src/log/types.ts';
import { nameOf, versionId } from '../../src/log/version-name.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { OtherNode, TestFolder, version } from '../helpers/test-folder.ts';

const always: Moment = { includes: () => true, mayInclude: () => true };
const asOf = (clock: VectorClock): Moment => ({
  includes: ({ dot }) => covers(clock, dot),
  mayInclude: (dot) => covers(clock, dot),
});
const directory = { kind: 'directory' } as const;

/** What a folder shows below a directory: digest of a file's content by path, or its kind. */
async function shown(
  folder: TestFolder,
  moment = always,
  below = '',
): Promise<Record<string, string>> {
  const view = await TreeView.open(folder.log, moment);
  const found: [string, string][] = [];
  const walk = async (path: string): Promise<void> => {
    for (const entry of (await view.list(path))?.entries ?? []) {
      const { digest } = entry.version ?? {};
      found.push([
        entry.path,
        entry.kind === 'directory' ? 'directory' : Buffer.from(digest ?? []).toString('hex'),
      ]);
      if (entry.kind === 'directory') await walk(entry.path);
    }
  };
  await walk(below);
  return Object.fromEntries(found);
}

const content = (text: string): string =>
  Buffer.from(version('x', text).link.digest).toString('hex');

/** Asserts what is shown, now and after `meta/` was made anew. */
async function shows(folder: TestFolder, expected: Record<string, string>): Promise<void> {
  assert.deepEqual(await shown(folder), expected);
  await folder.reopen({ rebuilt: true });
  assert.deepEqual(await shown(folder), expected, 'after a rebuild');
}

/** Everything shown at a moment, as paths with what stands there. */
async function listing(folder: TestFolder, moment: Moment, whole: boolean): Promise<string[]> {
  const view = await TreeView.open(folder.log, moment, { whole });
  const found: string[] = [];
  const walk = async (path: string): Promise<void> => {
    const listed = await view.list(path);
    assert.deepEqual(listed?.damage ?? [], []);
    for (const { path: at, kind, version: one, copyOf } of listed?.entries ?? []) {
      if (!whole) assert.deepEqual((await view.find(at))?.version, one);
      found.push([at, kind, one && versionId(nameOf(one)), copyOf].join(' '));
      if (kind === 'directory') await walk(at);
    }
  };
  await walk('');
  return found;
}

/** Writes at random as a scan does: what is written supersedes what is there, and moves both ends. */
async function writeAtRandom(folder: TestFolder, seed: string, steps: number): Promise<void> {
  const random = seededRandom(seed);
  const below = (limit: number): number => (random.bytes(1)[0] ?? 0) % limit;
  const names = ['a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'd/e/a', 'f', 'f/a'];
  const last = new Map<string, Parent>();
  const living = new Map<string, VersionKind>();
  const write = async (path: string, kind: VersionKind, from?: string): Promise<void> => {
    const parents = [path, ...(from === undefined ? [] : [from])].flatMap(
      (one) => last.get(one) ?? [],
    );
    const text = `${random.bytes(1)[0]}`;
    const [name] = await folder.log.append({ versions: [version(path, text, { kind, parents })] });
    assert.ok(name);
    last.set(path, name);
    living.set(path, kind);
    if (kind === 'deletion') living.delete(path);
    if (from === undefined) return;
    last.delete(from);
    living.delete(from);
  };
  for (let step = 0; step < steps; step++) {
    folder.clock.advance(below(3));
    const path = names[below(names.length)] ?? '';
    const source = names[below(names.length)] ?? '';
    const up = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : undefined;
    if (up !== undefined && living.get(up) !== 'directory') await write(up, 'directory');
    const isFull = [...living.keys()].some((one) => one.startsWith(`${path}/`));
    if (living.has(path) && !isFull && below(3) === 0) await write(path, 'deletion');
    else if (isFull) continue;
    else if (living.get(source) === 'file' && source !== path) await write(path, 'file', source);
    else await write(path, below(4) === 0 ? 'directory' : 'file');
    if (below(4) === 0) await folder.log.append({ versions: [], records: () => [] });
  }
}

describe('TreeView', () => {
  test('shows the newest of each path, directory by directory', async () => {
    const folder = await TestFolder.make();
    const [first] = await folder.log.append({
      versions: [version('a', 'one'), version('d', '', directory), version('d/b', 'b')],
    });
    assert.ok(first);
    await folder.log.append({ versions: [version('a', 'two', { parents: [first] })] });
    await shows(folder, { a: content('two'), d: 'directory', 'd/b': content('b') });
    const view = await TreeView.open(folder.log, always);
    assert.equal(await view.list('none'), undefined);
    assert.equal((await view.find('d/b'))?.path, 'd/b');
    assert.equal(await view.find('d/none'), undefined);
    assert.equal(await view.find('none/at/all'), undefined);
  });

  test('as of a clock only what it covers counts', async () => {
    const folder = await TestFolder.make();
    const clocks = [folder.log.clock];
    const [first] = await folder.log.append({ versions: [version('a', 'one')] });
    assert.ok(first);
    clocks.push(folder.log.clock);
    const [second] = await folder.log.append({
      versions: [version('a', 'two', { parents: [first] })],
    });
    assert.ok(second);
    clocks.push(folder.log.clock);
    await folder.log.append({
      versions: [version('a', '', { kind: 'deletion', parents: [second] })],
    });
    const seen = await Promise.all(clocks.map((clock) => shown(folder, asOf(clock))));
    assert.deepEqual(seen, [{}, { a: content('one') }, { a: content('two') }]);
    assert.deepEqual(await shown(folder), {});
  });

  test('a rename hides the old path, in the same directory and across', async () => {
    for (const [from, to] of [
      ['a', 'b'],
      ['x/a', 'y/b'],
      ['x/a', 'a'],
      ['a', 'x/a'],
    ] as const) {
      const folder = await TestFolder.make();
      const [, , old] = await folder.log.append({
        versions: [
          version('x', '', directory),
          version('y', '', directory),
          version(from, 'moved'),
        ],
      });
      assert.ok(old);
      await folder.log.append({ versions: [version(to, 'moved', { parents: [old] })] });
      await shows(folder, { [to]: content('moved'), x: 'directory', y: 'directory' });
    }
  });

  test('a rename onto a path that was deleted names both, and hides the old one', async () => {
    const folder = await TestFolder.make();
    const [, old, gone] = await folder.log.append({
      versions: [version('x', '', directory), version('a', 'moved'), version('x/b', 'gone')],
    });
    assert.ok(old && gone);
    const [deletion] = await folder.log.append({
      versions: [version('x/b', '', { kind: 'deletion', parents: [gone] })],
    });
    assert.ok(deletion);
    await folder.log.append({ versions: [version('x/b', 'moved', { parents: [deletion, old] })] });
    await shows(folder, { x: 'directory', 'x/b': content('moved') });
  });

  test('a rename there and back leaves nothing behind', async () => {
    const folder = await TestFolder.make();
    await folder.log.append({
      versions: [version('x', '', directory), version('y', '', directory)],
    });
    let parents = await folder.log.append({ versions: [version('x/a', 'moved')] });
    for (const path of ['y/a', 'x/a', 'y/b', 'x/a']) {
      parents = await folder.log.append({ versions: [version(path, 'moved', { parents })] });
    }
    await shows(folder, { x: 'directory', y: 'directory', 'x/a': content('moved') });
  });

  test('an old path is free again after a rename', async () => {
    const folder = await TestFolder.make();
    const [, old] = await folder.log.append({
      versions: [version('x', '', directory), version('a', 'moved')],
    });
    assert.ok(old);
    await folder.log.append({
      versions: [version('x/a', 'moved', { parents: [old] }), version('a', 'new here')],
    });
    await shows(folder, { a: content('new here'), x: 'directory', 'x/a': content('moved') });
  });

  test('two edits of one version: the later is shown, the other is a derived copy', async () => {
    const folder = await TestFolder.make();
    const [, base] = await folder.log.append({
      versions: [version('d', '', directory), version('d/plan.md', 'base')],
    });
    assert.ok(base);
    const now = folder.clock.wallMs() * 1000;
    const bob = new OtherNode(folder, 'bob');
    const [theirs] = await bob.write(
      now + 5_000_000,
      version('d/plan.md', 'theirs', { parents: [base] }),
    );
    const [ours] = await folder.log.append({
      versions: [version('d/plan.md', 'ours', { parents: [base] })],
    });
    assert.ok(theirs && ours);
    const copy = `d/plan (conflict 2026-01-01 alice ${versionId(ours).slice(0, 6)}).md`;
    await shows(folder, {
      d: 'directory',
      'd/plan.md': content('theirs'),
      [copy]: content('ours'),
    });
    const found = await (await TreeView.open(folder.log, always)).find(copy);
    assert.equal(found?.copyOf, 'd/plan.md');
  });

  test('equal edits merge, and an edit beats a deletion', async () => {
    const folder = await TestFolder.make();
    const [a, b] = await folder.log.append({
      versions: [version('a', 'base'), version('b', 'base')],
    });
    assert.ok(a && b);
    const bob = new OtherNode(folder, 'bob');
    const now = folder.clock.wallMs() * 1000;
    await bob.write(
      now + 9_000_000,
      version('a', 'same', { parents: [a] }),
      version('b', '', { kind: 'deletion', parents: [b] }),
    );
    await folder.log.append({
      versions: [version('a', 'same', { parents: [a] }), version('b', 'edited', { parents: [b] })],
    });
    await shows(folder, { a: content('same'), b: content('edited') });
  });

  test('an edit of a file that moved meanwhile is shown where it went, across directories', async () => {
    const folder = await TestFolder.make();
    const [, , , base] = await folder.log.append({
      versions: [
        version('x', '', directory),
        version('y', '', directory),
        version('z', '', directory),
        version('x/a', 'base'),
      ],
    });
    assert.ok(base);
    const bob = new OtherNode(folder, 'bob');
    const now = folder.clock.wallMs() * 1000;
    const [moved] = await folder.log.append({
      versions: [version('y/b', 'base', { parents: [base] })],
    });
    assert.ok(moved);
    await bob.write(now + 9_000_000, version('x/a', 'edited', { parents: [base] }));
    const directories = { x: 'directory', y: 'directory', z: 'directory' };
    await shows(folder, { ...directories, 'y/b': content('edited') });
    // And on to a third place, by a move that did not know of the edit either.
    await folder.log.append({ versions: [version('z/c', 'base', { parents: [moved] })] });
    await shows(folder, { ...directories, 'z/c': content('edited') });
  });

  test('a directory that was deleted is there while another node adds to it', async () => {
    const folder = await TestFolder.make();
    const [d, e] = await folder.log.append({
      versions: [version('d', '', directory), version('d/e', '', directory)],
    });
    assert.ok(d && e);
    const bob = new OtherNode(folder, 'bob');
    await bob.write(folder.clock.wallMs() * 1000, version('d/e/f', 'theirs'));
    await folder.log.append({
      versions: [
        version('d/e', '', { kind: 'deletion', parents: [e] }),
        version('d', '', { kind: 'deletion', parents: [d] }),
      ],
    });
    await shows(folder, { d: 'directory', 'd/e': 'directory', 'd/e/f': content('theirs') });
  });

  test('a directory beats a file of its name, which becomes a derived copy', async () => {
    const folder = await TestFolder.make();
    const bob = new OtherNode(folder, 'bob');
    const [file] = await bob.write(folder.clock.wallMs() * 1000, version('d', 'a file'));
    assert.ok(file);
    await folder.log.append({ versions: [version('d', '', directory), version('d/in', 'inside')] });
    const copy = `d (conflict 2026-01-01 bob ${versionId(file).slice(0, 6)})`;
    await shows(folder, { d: 'directory', 'd/in': content('inside'), [copy]: content('a file') });
  });

  test('of one log the last versions tell what all of them tell, at any moment', async () => {
    for (let round = 0; round < 5; round++) {
      const folder = await TestFolder.make();
      await writeAtRandom(folder, `tree view ${round}`, 25);
      const end = folder.log.heads.get(folder.log.own)?.seq ?? 0;
      const times = new Set<number>();
      for (let seq = 0; seq <= end; seq++) {
        const moment = asOf(new Map([[folder.log.own, seq]]));
        assert.deepEqual(await listing(folder, moment, false), await listing(folder, moment, true));
        for (const { time } of (await folder.log.entry(folder.log.own, seq)).links) times.add(time);
      }
      for (const time of [...times].flatMap((one) => [one - 1, one])) {
        const moment: Moment = {
          includes: (link) => link.time <= time,
          mayInclude: () => true,
          time,
        };
        assert.deepEqual(await listing(folder, moment, false), await listing(folder, moment, true));
      }
    }
  });

  test('of one log, no more is read than is shown', async () => {
    const folder = await TestFolder.make();
    let parents: Parent[] = [];
    for (let at = 0; at < 300; at++) {
      parents = await folder.log.append({ versions: [version('a', `${at}`, { parents })] });
    }
    const read = new Set<number>();
    const { chunks } = folder;
    const getMany = chunks.getMany.bind(chunks);
    chunks.getMany = (seqs) => {
      for (const seq of seqs) read.add(seq);
      return getMany(seqs);
    };
    await folder.reopen();
    for (const at of [10, 150, 290]) {
      const moment = asOf(new Map([[folder.log.own, at + 2]]));
      assert.equal((await shown(folder, moment))['a'], content(`${at}`));
    }
    assert.ok(read.size < 30, `read ${read.size} values`);
    for (let at = 0; at < 100; at++) await folder.log.append({ versions: [version(`b${at}`)] });
    await folder.reopen();
    read.clear();
    const view = await TreeView.open(folder.log, always);
    assert.equal((await view.find('b50'))?.path, 'b50');
    assert.equal(await view.find('c'), undefined);
    assert.ok(read.size < 10, `read ${read.size} values`);
  });
});
