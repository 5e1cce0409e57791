import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Item } from '../../src/operations/operation.ts';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

/** `+ a`, `M b`, sorted, as items of one type tell. */
function told(items: readonly Item[], type: string): string[] {
  const marks: Record<string, string> = { added: '+', changed: 'M', moved: 'R', removed: '-' };
  return items
    .filter((item) => item.type === type)
    .map((item) => {
      const slash = item['kind'] === 'directory' ? '/' : '';
      return `${marks[String(item['change'])] ?? '?'} ${String(item['path'])}${slash}`;
    })
    .sort();
}

async function dryRun(world: World): Promise<string[]> {
  const context = operationContext();
  const result = await world.snapshot({ dryRun: true }, context);
  assert.deepEqual(
    [result.snapshot, result.newChunks, result.newBytes, result.storedBytes],
    [null, 0, 0, 0],
  );
  return told(context.items, 'would-record');
}

async function recorded(world: World): Promise<string[]> {
  const context = operationContext();
  await world.snapshot({ listChanges: true }, context);
  return told(context.items, 'change');
}

describe('snapshot: changes told', () => {
  test('a dry run lists what the run then records, and stores nothing', async () => {
    const world = await World.make();
    world.put({ a: '1', 'd/b': '2', 'd/e/c': '3', turns: 'a file' });
    world.fs.makeSymlink('a', '/disk/link');
    const first = ['+ a', '+ d/', '+ d/b', '+ d/e/', '+ d/e/c', '+ link', '+ turns'];
    assert.deepEqual(await dryRun(world), first);
    assert.deepEqual(await dryRun(world), first);
    assert.deepEqual(await recorded(world), first);
    assert.deepEqual(await dryRun(world), []);
    assert.deepEqual(await recorded(world), []);
    world.put({ a: 'changed', new: 'new' });
    world.fs.removeTree('/disk/d');
    world.fs.removeFile('/disk/turns');
    world.put({ 'turns/into': 'a directory' });
    const second = [
      '+ new',
      '+ turns/into',
      '- d/',
      '- d/b',
      '- d/e/',
      '- d/e/c',
      'M a',
      'M turns/',
    ];
    assert.deepEqual(await dryRun(world), second);
    assert.deepEqual(await recorded(world), second);
  });

  test('counts of a dry run are those of the run', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '22', 'd/c': '333' });
    await world.snapshot();
    world.put({ a: 'one', e: 'new' });
    world.fs.removeTree('/disk/d');
    const dry = await world.snapshot({ dryRun: true });
    const { folder, files, dirs, bytes, added, changed, removed, unchanged } =
      await world.snapshot();
    const { newChunks, newBytes, storedBytes, errors, snapshot, seconds, ...counts } = dry;
    assert.deepEqual(counts, { folder, files, dirs, bytes, added, changed, removed, unchanged });
    assert.deepEqual(
      [newChunks, newBytes, storedBytes, errors, snapshot],
      [0, 0, 0, 0, null],
      `${seconds}`,
    );
  });

  test('without being asked no change is told', async () => {
    const world = await World.make();
    world.put({ a: '1' });
    const context = operationContext();
    await world.snapshot({}, context);
    assert.deepEqual(
      context.items.map(({ type }) => type),
      ['result'],
    );
  });

  test('a dry run says that the run would stop and ask, and does neither', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '2' });
    await world.snapshot();
    world.fs.removeFile('/disk/a');
    world.fs.removeFile('/disk/b');
    const context = operationContext();
    const { removed } = await world.snapshot({ dryRun: true }, context);
    assert.equal(removed, 2);
    assert.deepEqual(context.warnings, [
      ': 2 of 2 recorded files are gone: a snapshot would stop here and ask',
    ]);
    await assert.rejects(world.snapshot(), { code: 'VAULT_REFUSED' });
  });

  test('what came and went between two snapshots is not told; what came back is as it was', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '2' });
    await world.snapshot();
    world.fs.removeFile('/disk/a');
    assert.deepEqual(await recorded(world), ['- a']);
    world.put({ a: 'again' });
    assert.deepEqual(await recorded(world), ['+ a']);
  });

  test('after any edits the dry run and the run agree', async () => {
    const seed = runSeed();
    const random = seededRandom(`snapshot changes ${seed}`);
    const below = (limit: number): number => randomInteger(random, limit);
    const world = await World.make();
    world.put({ 'keep/1': 'x', 'keep/2': 'y', 'keep/3': 'z' });
    const names = ['a', 'b', 'c/d', 'c/e', 'f/g/h', 'f/i'];
    for (let round = 0; round < 25; round++) {
      for (let edit = below(4); edit >= 0; edit--) {
        const name = names[below(names.length)] ?? 'a';
        const top = name.split('/')[0] ?? name;
        const action = below(4);
        if (action === 0) world.fs.removeTree(`/disk/${top}`);
        else if (action === 1 && top !== name) {
          world.fs.removeTree(`/disk/${top}`);
          world.put({ [top]: `file ${round}` });
        } else {
          const inPlace = world.fs.statIfPresent(`/disk/${top}`);
          if (inPlace?.kind === 'file') world.fs.removeFile(`/disk/${top}`);
          world.put({ [name]: `round ${round} edit ${edit}` });
        }
      }
      const would = await dryRun(world);
      assert.deepEqual(await recorded(world), would, `seed ${seed}, round ${round}`);
    }
  });
});
