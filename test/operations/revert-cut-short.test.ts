import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isVaultError } from '../../src/errors.ts';
import { FileError } from '../../src/system/file-system.ts';
import type { MemoryCall } from '../../src/system/memory-volume.ts';
import { runSeed } from '../helpers/seeded.ts';
import { operationContext } from '../helpers/test-home.ts';
import { passingTime } from './passing-time.ts';
import { World } from './world.ts';

/** Calls that change something, or make a new run of calls. */
const changing: ReadonlySet<MemoryCall> = new Set([
  'open',
  'makeDirectory',
  'removeDirectory',
  'removeFile',
  'rename',
  'link',
  'makeSymlink',
  'takeOver',
  'setMode',
  'file.write',
  'file.sync',
]);

const target = {
  a: 'a1',
  'd/': '',
  'd/b': 'b1',
  'd/e/': '',
  'd/e/f': 'f1',
  gone: 'gone',
  link: '-> a',
};

interface Ready {
  readonly world: World;
  readonly calls: { act: ((call: MemoryCall, path: string) => void) | undefined };
}

/** Two states, and edits of the second that are not recorded. */
async function ready(): Promise<Ready> {
  const calls: Ready['calls'] = { act: undefined };
  const world = await World.make({ beforeCall: (call, path) => calls.act?.(call, path) });
  world.put({ a: 'a1', gone: 'gone', 'd/b': 'b1', 'd/e/f': 'f1' });
  world.fs.makeSymlink('a', '/disk/link');
  await world.snapshot({ tags: ['first'] });
  world.put({ a: 'a2', 'new/g': 'g' });
  world.fs.removeFile('/disk/gone');
  world.fs.removeTree('/disk/d/e');
  world.put({ 'd/e': 'a file now' });
  world.fs.removeFile('/disk/link');
  await world.snapshot({ tags: ['second'] });
  world.put({ a: 'edit of a', 'new/h': 'edit in new', link: 'edit at link' });
  return { world, calls };
}

const isLong = process.env['VAULT_SLOW'] === '1';
/** Of the calls of a run, those that are tried: all in a long run, else some from a random one on. */
const seed = runSeed();
const STEP = isLong ? 1 : 9;

const edits = ['edit of a', 'edit in new', 'edit at link', 'a file now', 'g'];

async function revert(world: World): Promise<void> {
  const options = { folder: 'disk', paths: [], cwd: '/', at: 'first', yes: true };
  const work = world.in((vault) => vault.revert(options, operationContext()));
  await passingTime(world.environment.clock, work);
}

/** Every content that some snapshot gives back. */
async function storedContents(world: World): Promise<Set<string>> {
  const context = operationContext();
  await world.in((vault) => vault.snapshots({ folders: ['disk'] }, context));
  const contents = new Set<string>();
  for (const { snapshot } of context.items) {
    world.fs.removeTree('/out');
    await world.restore({ at: String(snapshot) });
    for (const text of Object.values(world.tree('/out'))) contents.add(text);
  }
  return contents;
}

async function assertNothingLost(world: World, message: string): Promise<void> {
  world.environment.clock.advance(60_000);
  await revert(world);
  assert.deepEqual(world.tree('/disk'), target, message);
  const contents = await storedContents(world);
  const lost = edits.filter((edit) => !contents.has(edit));
  assert.deepEqual(lost, [], message);
}

/** Counts the calls that a whole run makes in the working copy. */
async function callsOfRun(): Promise<number> {
  const { world, calls } = await ready();
  let count = 0;
  calls.act = (call, path) => {
    if (isOurs(call, path)) count++;
  };
  await revert(world);
  calls.act = undefined;
  return count;
}

function isOurs(call: MemoryCall, path: string): boolean {
  return changing.has(call) && (path.startsWith('/disk') || path.startsWith('/.held'));
}

describe('a revert that is cut short', () => {
  test('by the death of its process before any call: nothing is lost, the next one finishes', async () => {
    const count = await callsOfRun();
    assert.ok(count > 40, `${count} calls`);
    for (let at = 1 + (seed % STEP); at <= count; at += STEP) {
      const { world, calls } = await ready();
      let [seen, isDead] = [0, false];
      calls.act = (call, path) => {
        if (isOurs(call, path)) seen++;
        // Whatever would be done about it, no call of a dead process changes anything.
        isDead ||= seen >= at;
        if (isDead) throw new FileError('EDEAD', call, path);
      };
      await revert(world).catch((error: unknown) => assert.ok(isDead, String(error)));
      calls.act = undefined;
      await assertNothingLost(world, `dead at call ${at} of ${count}, seed ${seed}`);
    }
  });

  test('by a full disk at any call: it says so, nothing is lost, the next one finishes', async () => {
    const count = await callsOfRun();
    let told = 0;
    for (let at = 1 + (seed % STEP); at <= count; at += STEP) {
      const { world, calls } = await ready();
      let [seen, isFull] = [0, false];
      calls.act = (call, path) => {
        if (isOurs(call, path)) seen++;
        isFull ||= seen >= at;
        const takes = ['makeDirectory', 'link', 'makeSymlink', 'file.write'].includes(call);
        if (isFull && takes) throw new FileError('ENOSPC', call, path);
      };
      try {
        await revert(world);
      } catch (error) {
        const code = isVaultError(error) ? error.code : (error as FileError).code;
        assert.ok(['VAULT_NO_SPACE', 'ENOSPC'].includes(code), String(error));
        told++;
      }
      calls.act = undefined;
      await assertNothingLost(world, `full at call ${at} of ${count}, seed ${seed}`);
    }
    assert.ok(told > 1, `${told}, seed ${seed}`);
  });
});
