import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { deriveFolderKeys } from '../../src/crypto/folder-keys.ts';
import {
  defaultStretching,
  storeLargeFile,
  type Stretching,
} from '../../src/folder/large-intake.ts';
import type { StoredFile } from '../../src/folder/store-files.ts';
import type { StoreStretchInput } from '../../src/folder/store-stretch.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { put, sampleSecrets, TaskWorld } from './task-world.ts';

const secrets = sampleSecrets('task world');
const { idKey } = deriveFolderKeys(secrets.folderSecret);
const small: Stretching = { stretchBytes: 1024 * 1024, aheadBytes: 512 * 1024 };

interface Stored {
  readonly file: StoredFile | undefined;
  readonly stretches: readonly StoreStretchInput[];
}

/** Stores `/large` in stretches; `before` runs before the task of that number. */
async function storeLarge(
  world: TaskWorld,
  stretching: Stretching,
  before: (task: number) => void = () => undefined,
): Promise<Stored> {
  const stretches: StoreStretchInput[] = [];
  const file = await storeLargeFile('/large', world.fs.stat('/large').size, {
    ...stretching,
    secrets: 'folder',
    idKey,
    lanes: 2,
    run: (task, input) => {
      if (task === 'storeStretch') {
        before(stretches.length);
        stretches.push(input as StoreStretchInput);
      }
      return world.run(task, input);
    },
  });
  return { file, stretches };
}

/** Parts of a content as real large files have them: random, repeated, or zeros. */
const parts = fc.array(
  fc.record({
    kind: fc.constantFrom('random', 'random', 'repeated', 'zeros'),
    seed: fc.nat(1000),
    length: fc.integer({ min: 1, max: 1_500_000 }),
  }),
  { minLength: 1, maxLength: 5 },
);

type Part = typeof parts extends fc.Arbitrary<(infer P)[]> ? P : never;

function bytesOf({ kind, seed, length }: Part): Uint8Array {
  if (kind === 'zeros') return Buffer.alloc(length);
  const random = seededRandom(`large ${seed}`);
  if (kind === 'random') return random.bytes(length);
  return Buffer.alloc(length, random.bytes(1 + (seed % 700)));
}

describe('a large file stored in stretches', () => {
  test('is what it would be if one lane had read it', async () => {
    const stretching = fc.record({
      stretchBytes: fc.integer({ min: secrets.params.max, max: 1_000_000 }),
      aheadBytes: fc.integer({ min: 0, max: 600_000 }),
    });
    await fc.assert(
      fc.asyncProperty(parts, stretching, async (list, how) => {
        const bytes = Buffer.concat(list.map(bytesOf));
        const world = new TaskWorld(secrets);
        put(world.fs, '/large', bytes);
        const { file } = await storeLarge(world, how);
        const alone = new TaskWorld(secrets);
        put(alone.fs, '/large', bytes);
        const [whole] = await alone.store('/large');
        assert.equal(file?.status, 'stored');
        assert.ok(whole?.status === 'stored');
        assert.deepEqual(file.manifest, whole.manifest);
        for (const id of alone.values.keys())
          assert.ok(world.values.has(id), 'every value is there');
      }),
      { numRuns: 60 },
    );
  });

  test('reads ordinary bytes once, but for what lies ahead of each stretch', async () => {
    const world = new TaskWorld(secrets);
    put(world.fs, '/large', seededRandom('ordinary').bytes(8 * 1024 * 1024));
    const { file, stretches } = await storeLarge(world, small);
    assert.equal(file?.status, 'stored');
    assert.deepEqual(
      stretches.map(({ start }) => start),
      Array.from({ length: 8 }, (_, at) => at * small.stretchBytes),
    );
  });

  test('reads mostly one stretch after another where cuts are not met', async () => {
    const world = new TaskWorld(secrets);
    // Of one byte that is not zero: every cut is the longest, wherever cutting begins.
    put(world.fs, '/large', Buffer.alloc(40 * 1024 * 1024, 0x55));
    const odd = { stretchBytes: 1_000_000, aheadBytes: 300_001 };
    const { file, stretches } = await storeLarge(world, odd);
    assert.equal(file?.status, 'stored');
    assert.ok(stretches.length < 42 * 1.6, `${stretches.length} stretches`);
  });

  test('is given up when it changes, is replaced, shrinks or cannot be read any more', async () => {
    const bytes = seededRandom('changing').bytes(4 * 1024 * 1024);
    const changes: ((world: TaskWorld) => void)[] = [
      ({ fs, clock }) => {
        clock.advance(10);
        const file = fs.open('/large', { mode: 'write' });
        file.write(Uint8Array.of(1), 0);
        file.close();
      },
      ({ fs }) => put(fs, '/large', bytes),
      ({ fs, clock }) => {
        clock.advance(10);
        const file = fs.open('/large', { mode: 'write' });
        file.truncate(5);
        file.close();
      },
      ({ fs }) => fs.removeFile('/large'),
      ({ broken }) => broken.set('file.read /large', 'EIO'),
    ];
    for (const [at, change] of changes.entries()) {
      const world = new TaskWorld(secrets);
      put(world.fs, '/large', bytes);
      const { file } = await storeLarge(world, small, (task) => {
        if (task === 3) change(world);
      });
      assert.equal(file, undefined, `change ${at}`);
    }
  });

  test('leaves nothing running when a task fails', async () => {
    const world = new TaskWorld(secrets);
    put(world.fs, '/large', seededRandom('failing').bytes(4 * 1024 * 1024));
    let running = 0;
    const failing = storeLargeFile('/large', 4 * 1024 * 1024, {
      ...small,
      secrets: 'folder',
      idKey,
      lanes: 2,
      run: async (task, input) => {
        running++;
        try {
          if ((input as unknown as StoreStretchInput).start === small.stretchBytes)
            throw new Error('no more');
          return await world.run(task, input);
        } finally {
          running--;
        }
      },
    });
    await assert.rejects(failing, /no more/);
    assert.equal(running, 0);
  });

  test('lies ahead by several of the longest chunks', () => {
    assert.ok(defaultStretching.aheadBytes >= 4 * secrets.params.max);
  });
});
