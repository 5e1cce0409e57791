import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Item } from '../../src/operations/operation.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

const many = (count: number, prefix: string): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${n}`, `${prefix} ${n}`]));

async function problems(world: World): Promise<readonly string[]> {
  const context = operationContext();
  await world.in((vault) => vault.status({ folders: [] }, context));
  const item = context.items.find(({ type }) => type === 'folder') as Item & { problems: string[] };
  return item.problems;
}

/** Puts another directory at the root; what was there is at `/aside`. */
function swapRoot(world: World, files: Record<string, string>): void {
  world.fs.rename('/disk', '/aside');
  world.fs.makeDirectory('/disk');
  world.put(files);
}

describe('snapshot: safety', () => {
  test('a swapped root deletes nothing without being told to', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '2', c: '3', d: '4' });
    await world.snapshot();
    swapRoot(world, { a: '1', b: '2', c: '3', new: 'of the other' });
    const error = await rejects('VAULT_REFUSED', () => world.snapshot());
    assert.match(error.message, /another directory stands there.*1 of 4/);
    assert.match((await problems(world)).join(), /another directory stands there.*1 of 4/);
    const dry = operationContext();
    await world.snapshot({ dryRun: true }, dry);
    assert.match(dry.warnings.join(), /another directory stands there/);
    assert.equal((await world.restore()).files, 4);
    assert.equal((await world.snapshot({ yes: true })).removed, 1);
    world.fs.removeFile('/disk/b');
    assert.deepEqual(await problems(world), []);
    assert.equal((await world.snapshot()).removed, 1, 'it is the root from now on');
  });

  test('a root put back whole from elsewhere is taken as the root without a question', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '2', c: '3' });
    await world.snapshot();
    swapRoot(world, { a: '1', b: '2', c: 'changed' });
    assert.deepEqual(await problems(world), []);
    const { changed, removed } = await world.snapshot();
    assert.deepEqual([changed, removed], [1, 0]);
    world.fs.removeFile('/disk/a');
    assert.equal((await world.snapshot()).removed, 1);
  });

  test('a root that is swapped while it is scanned deletes nothing, whatever was confirmed', async () => {
    for (const when of ['list /disk', 'open /disk/new']) {
      let isReady = false;
      const world: World = await World.make({
        beforeCall: (call, path) => {
          if (!isReady || `${call} ${path}` !== when) return;
          isReady = false;
          world.fs.rename('/disk', '/aside');
          world.fs.makeDirectory('/disk');
        },
      });
      world.put({ a: '1', b: '2', 'd/c': '3' });
      await world.snapshot();
      world.put({ new: 'makes it read' });
      isReady = true;
      await rejects('VAULT_REFUSED', () => world.snapshot({ yes: true }));
      assert.equal(isReady, false);
      assert.ok((await world.restore()).files >= 3);
    }
  });

  test('most of a large folder gone is asked about, before anything is recorded', async () => {
    const world = await World.make();
    world.put({ ...many(1300, 'd/'), ...many(500, 'keep/') });
    await world.snapshot();
    world.fs.removeTree('/disk/d');
    world.put({ new: 'n' });
    assert.match((await problems(world)).join(), /1300 of 1800 recorded files are gone/);
    await rejects('VAULT_REFUSED', () => world.snapshot());
    assert.equal((await world.restore()).files, 1800);
    const { added, removed } = await world.snapshot({ yes: true });
    assert.deepEqual([added, removed], [1, 1300]);
  });

  test('what was moved is not counted as gone', async () => {
    const world = await World.make();
    world.put({ ...many(1300, 'd/'), ...many(5, 'keep/') });
    await world.snapshot();
    world.environment.clock.advance(60_000);
    world.fs.makeDirectory('/disk/e');
    world.fs.rename('/disk/d', '/disk/e/d');
    assert.deepEqual(await problems(world), []);
    const { changed, removed } = await world.snapshot();
    assert.deepEqual([changed, removed], [1300, 0]);
    world.fs.rename('/disk/e', '/disk/f');
    for (let n = 0; n < 1299; n++) world.fs.removeFile(`/disk/f/d/${n}`);
    assert.match((await problems(world)).join(), /1299 of 1305 recorded files are gone/);
    await rejects('VAULT_REFUSED', () => world.snapshot());
  });

  test('an emptied root is asked about, however little was in it', async () => {
    const world = await World.make();
    world.put({ a: '1', 'd/b': '2' });
    await world.snapshot();
    world.fs.removeTree('/disk/d');
    world.fs.removeFile('/disk/a');
    assert.match((await problems(world)).join(), /2 of 2 recorded files are gone/);
    await rejects('VAULT_REFUSED', () => world.snapshot());
    assert.equal((await world.restore()).files, 2);
  });

  test('a file that vanishes after it was listed is not taken for deleted in that run', async () => {
    let vanish = '';
    const world: World = await World.make({
      beforeCall: (call, path) => {
        if (call !== 'open' || path !== vanish) return;
        vanish = '';
        world.fs.removeFile(path);
      },
    });
    world.put({ a: '1', b: '2', c: '3' });
    await world.snapshot();
    world.put({ a: 'changed' });
    vanish = '/disk/a';
    assert.equal((await world.snapshot()).removed, 0);
    assert.equal(vanish, '');
    assert.equal((await world.snapshot()).removed, 1);
  });

  test('owner, group and mode are nobody’s change, but for the executable bit', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '2' });
    await world.snapshot();
    world.environment.clock.advance(60_000);
    world.fs.setMode('/disk/a', 0o600);
    const same = await world.snapshot();
    assert.deepEqual([same.changed, same.unchanged, same.newBytes], [0, 2, 0]);
    assert.equal(
      (await world.in((vault) => vault.status({ folders: [] }, operationContext()))).pending,
      0,
    );
    world.fs.setMode('/disk/a', 0o700);
    const { changed } = await world.snapshot();
    assert.equal(changed, 1);
    await world.restore();
    assert.equal(world.fs.stat('/out/a').mode & 0o100, 0o100);
  });
});
