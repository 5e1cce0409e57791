import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  packFiles,
  rootsOf,
  unpackFiles,
  type RestoreFile,
} from '../../src/folder/packed-files.ts';
import { runSeed } from '../helpers/seeded.ts';

const seed = runSeed();

const plainObjects = { noNullPrototype: true };
const file: fc.Arbitrary<RestoreFile> = fc.record(
  {
    name: fc.string({ minLength: 1 }),
    manifest: fc.record(
      {
        size: fc.nat(),
        depth: fc.nat(8),
        root: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
      },
      plainObjects,
    ),
    mtimeNs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    executable: fc.boolean(),
  },
  plainObjects,
);

test(`files come out of their columns as they went in (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.array(file), (files) => {
      const back = unpackFiles(structuredClone(packFiles(files)));
      const plain = back.map((one) => ({
        ...one,
        manifest: { ...one.manifest, root: one.manifest.root && new Uint8Array(one.manifest.root) },
      }));
      assert.deepEqual(plain, files);
      assert.equal(rootsOf(back).length, rootsOf(files).length);
    }),
    { seed },
  );
});
