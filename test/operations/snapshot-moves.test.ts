import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Item } from '../../src/operations/operation.ts';
import type { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

interface Watched {
  readonly world: World;
  /** Files below `/disk` that were opened. */
  readonly opened: string[];
  /** Run before a call, once each time it is set. */
  readonly meanwhile: Map<string, () => void>;
}

async function watched(): Promise<Watched> {
  const opened: string[] = [];
  const meanwhile = new Map<string, () => void>();
  const world = await World.make({
    beforeCall: (call, path) => {
      if (call === 'open' && path.startsWith('/disk/')) opened.push(path.slice(6));
      const run = meanwhile.get(`${call} ${path}`);
      meanwhile.delete(`${call} ${path}`);
      run?.();
    },
  });
  return { world, opened, meanwhile };
}

/** `from → path` for moves, `+ path` and so on for the rest, in order of paths; directories left out. */
async function changes(world: World): Promise<string[]> {
  const context = operationContext();
  await world.snapshot({ listChanges: true }, context);
  return told(context.items, 'change');
}

function told(items: readonly Item[], wanted: string): string[] {
  const marks: Record<string, string> = { added: '+', changed: 'M', removed: '-' };
  return items
    .filter(({ type, kind }) => type === wanted && kind !== 'directory')
    .map(({ path, change, from }) =>
      change === 'moved'
        ? `${String(from)} → ${String(path)}`
        : `${marks[String(change)]} ${String(path)}`,
    )
    .sort();
}

/** What is on the disk is what a restore brings back; nothing was lost on the way. */
async function restoresAll(world: World): Promise<void> {
  world.fs.removeTree('/out');
  const { errors, damaged } = await world.restore();
  assert.deepEqual([errors, damaged], [0, 0]);
  assert.deepEqual(world.tree('/out'), world.tree('/disk'));
}

function move(fs: MemoryFileSystem, ...steps: readonly (readonly [string, string])[]): void {
  for (const [from, to] of steps) fs.rename(`/disk/${from}`, `/disk/${to}`);
}

describe('snapshot: moves', () => {
  test('a renamed file is a move, whatever stood at its new name', async () => {
    const { world } = await watched();
    world.put({ a: 'content of a', b: 'content of b', c: 'content of c', 'd/x': 'x' });
    world.fs.makeSymlink('a', '/disk/link');
    await world.snapshot();
    world.environment.clock.advance(60_000);
    move(world.fs, ['a', 'd/a'], ['b', 'c'], ['link', 'd/link']);
    assert.deepEqual(await changes(world), ['a → d/a', 'b → c', 'link → d/link']);
    await restoresAll(world);
    assert.deepEqual(await changes(world), []);
  });

  test('a moved directory costs no content read, however deep and wherever it went', async () => {
    const { world, opened } = await watched();
    const files = Array.from({ length: 700 }, (_, n) => `old/${n % 7}/${n % 3}/file ${n}`);
    world.put({ ...Object.fromEntries(files.map((name) => [name, name])), 'other/keep': 'kept' });
    await world.snapshot();
    world.environment.clock.advance(60_000);
    move(world.fs, ['old', 'other/new']);
    opened.length = 0;
    const moved = await changes(world);
    assert.deepEqual(opened, []);
    assert.deepEqual(
      moved,
      files.map((name) => `${name} → ${name.replace(/^old/, 'other/new')}`).sort(),
    );
    await restoresAll(world);
  });

  test('moving everything at once, the root emptied, is no mass deletion', async () => {
    const { world } = await watched();
    const names = Array.from({ length: 40 }, (_, n) => `${n}`);
    world.put(Object.fromEntries(names.map((name) => [name, `content ${name}`])));
    await world.snapshot();
    world.fs.makeDirectory('/disk/inside');
    move(world.fs, ...names.map((name) => [name, `inside/${name}`] as const));
    assert.deepEqual(await changes(world), names.map((name) => `${name} → inside/${name}`).sort());
    await restoresAll(world);
  });

  test('two names that were swapped keep each their new content', async () => {
    const { world } = await watched();
    world.put({ a: 'content of a', b: 'content of b', 'd/x': 'one', 'e/x': 'two', 'e/y': 'three' });
    await world.snapshot();
    world.environment.clock.advance(60_000);
    move(world.fs, ['a', 't'], ['b', 'a'], ['t', 'b'], ['d', 't'], ['e', 'd'], ['t', 'e']);
    assert.deepEqual(await changes(world), ['M a', 'M b', 'M d/x', 'M e/x', 'e/y → d/y']);
    await restoresAll(world);
  });

  test('directories moved into each other lose nothing', async () => {
    const { world } = await watched();
    world.put({ 'a/x': 'of a', 'a/only': 'only in a', 'b/x': 'of b', 'b/deep/y': 'deep' });
    await world.snapshot();
    world.environment.clock.advance(60_000);
    move(world.fs, ['a', 't'], ['b', 'a'], ['t', 'a/b']);
    assert.deepEqual(await changes(world), [
      '+ a/b/x',
      'a/only → a/b/only',
      'b/deep/y → a/deep/y',
      'b/x → a/x',
    ]);
    await restoresAll(world);
  });

  test('a backup beside a rewritten file is no move: the file went on where it was', async () => {
    const { world } = await watched();
    world.put({ text: 'first', other: 'x' });
    await world.snapshot();
    move(world.fs, ['text', 'text~']);
    world.put({ text: 'second' });
    assert.deepEqual(await changes(world), ['+ text~', 'M text']);
    await restoresAll(world);
  });

  test('an edit that hides behind a rename and an old time is found', async () => {
    const { world } = await watched();
    world.put({ a: 'before', other: 'x' });
    await world.snapshot();
    world.environment.clock.advance(60_000);
    const { mtimeNs } = world.fs.stat('/disk/a');
    const file = world.fs.open('/disk/a', { mode: 'write' });
    file.write(Buffer.from('AFTER!'), 0);
    file.setModified(mtimeNs);
    file.close();
    move(world.fs, ['a', 'b']);
    assert.deepEqual(await changes(world), ['+ b', '- a']);
    await restoresAll(world);
  });

  test('one of two hard links that moves is the one that is gone', async () => {
    const { world } = await watched();
    world.put({ a: 'shared', 'd/c': 'other' });
    world.fs.link('/disk/a', '/disk/b');
    world.fs.link('/disk/a', '/disk/d/b');
    await world.snapshot();
    world.environment.clock.advance(60_000);
    move(world.fs, ['b', 'e'], ['d', 'f']);
    assert.deepEqual(await changes(world), ['b → e', 'd/b → f/b', 'd/c → f/c']);
    await restoresAll(world);
  });

  test('a move that is undone before the next look, and one that ends where another began', async () => {
    const { world } = await watched();
    world.put({ a: 'content of a', b: 'content of b', c: 'content of c' });
    await world.snapshot();
    world.environment.clock.advance(60_000);
    move(world.fs, ['a', 't'], ['t', 'a'], ['c', 'd'], ['b', 'c']);
    assert.deepEqual(await changes(world), ['+ d', 'b → c']);
    await restoresAll(world);
  });

  test('a file that comes back under its old name during the run is new there', async () => {
    for (const at of ['b', 'z']) {
      const { world, meanwhile } = await watched();
      world.put({ 'z/a': 'content of a', 'z/other': 'x', keep: 'x' });
      await world.snapshot();
      world.fs.makeDirectory('/disk/b');
      world.environment.clock.advance(60_000);
      move(world.fs, ['z/a', 'b/a']);
      // The first look finds it gone, the second one does not.
      meanwhile.set('list /disk/z', () => {
        meanwhile.set(`list /disk/${at}`, () => world.put({ 'z/a': 'new content' }));
      });
      await changes(world);
      assert.ok(world.fs.statIfPresent('/disk/z/a'));
      await world.snapshot();
      await restoresAll(world);
    }
  });

  test('whatever is moved, swapped and edited, every state restores', async () => {
    const seed = runSeed();
    const random = seededRandom(`moves ${seed}`);
    const below = (limit: number): number => randomInteger(random, limit);
    const { world } = await watched();
    const names = ['a', 'b', 'c', 'd/a', 'd/b', 'e/a', 'e/f/b', 'g/h/i/c'];
    world.put(Object.fromEntries(names.map((name) => [name, `first ${name}`])));
    await world.snapshot();
    for (let round = 0; round < 60; round++) {
      for (let edit = below(5); edit >= 0; edit--) {
        const paths = Object.keys(world.tree('/disk')).map((path) => path.replace(/\/$/, ''));
        const [from, to] = [paths[below(paths.length + 1)], paths[below(paths.length + 1)]];
        if (from === undefined || to === undefined)
          world.put({ [`${round} ${edit}`]: `anew ${round} ${edit}` });
        else if (below(6) === 0) world.fs.removeTree(`/disk/${from}`);
        else if (below(5) === 0)
          world.put({ [`${from}+${round}${edit}/x`]: `round ${round} ${edit}` });
        else if (
          from === to ||
          `${to}/`.startsWith(`${from}/`) ||
          `${from}/`.startsWith(`${to}/`)
        ) {
          move(world.fs, [from, `moved ${round} ${edit}`]);
        } else if (below(2) === 0) move(world.fs, [from, 't'], [to, from], ['t', to]);
        else {
          world.fs.removeTree(`/disk/${to}`);
          move(world.fs, [from, to]);
        }
        if (below(2) === 0) world.environment.clock.advance(60_000);
      }
      const context = operationContext();
      await world.snapshot({ dryRun: true }, context);
      const would = told(context.items, 'would-record');
      const done = operationContext();
      await world.snapshot({ yes: true, listChanges: true }, done);
      // What only was renamed and back is as it was, which only reading tells.
      const more = told(done.items, 'change').filter((line) => !would.includes(line));
      assert.deepEqual(more, [], `seed ${seed}, round ${round}`);
      world.fs.removeTree('/out');
      const { errors, damaged } = await world.restore();
      assert.deepEqual([errors, damaged], [0, 0]);
      assert.deepEqual(world.tree('/out'), world.tree('/disk'), `seed ${seed}, round ${round}`);
      assert.equal(
        (await world.in((vault) => vault.status({ folders: [] }, operationContext()))).pending,
        0,
      );
    }
  });
});
