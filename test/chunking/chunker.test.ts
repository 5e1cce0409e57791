import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Chunker } from '../../src/chunking/chunker.ts';
import { defaultChunkerParams } from '../../src/chunking/params.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { chunkEnds, readerOf, seededTable, smallParams } from './contents.ts';
import { referenceCuts } from './reference-fastcdc.ts';

const table = seededTable('chunker');
const { min, max } = smallParams;
const chunkers = [2 * max, 2 * max + 1, 5 * max + 77, 64 * max].map(
  (windowBytes) => new Chunker(smallParams, table, { windowBytes }),
);
const [first] = chunkers;
assert.ok(first !== undefined);

/** A piece of content: bytes of a seed, zeros, or a short piece again and again. */
const segment = fc.oneof(
  fc.record({ kind: fc.constant('random'), length: fc.nat(5_000), seed: fc.nat() }),
  fc.record({ kind: fc.constant('zeros'), length: fc.nat(6_000), seed: fc.nat() }),
  fc.record({ kind: fc.constant('cycle'), length: fc.nat(4_000), seed: fc.nat() }),
);
const content = fc.array(segment, { maxLength: 6 }).map((segments) =>
  Buffer.concat(
    segments.map(({ kind, length, seed }) => {
      if (kind === 'zeros') return Buffer.alloc(length);
      if (kind === 'random') return Buffer.from(seededRandom(seed).bytes(length));
      return Buffer.alloc(length, seededRandom(seed).bytes(1 + (seed % 90)));
    }),
  ),
);
const readSizes = fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 6 });

test('cuts are the reference ones for any content, window size and split of reads', () => {
  fc.assert(
    fc.property(content, readSizes, (bytes, sizes) => {
      const expected = referenceCuts(smallParams, table, bytes);
      for (const chunker of chunkers) assert.deepEqual(chunkEnds(chunker, bytes, sizes), expected);
    }),
    { numRuns: 300 },
  );
});

test('at the default sizes, windows of 512 KiB, 1 MiB and 3 MB + 1 cut alike', () => {
  const bytes = Buffer.from(seededRandom('windows').bytes(8_000_000));
  bytes.fill(0, 3_000_001, 4_200_003);
  const expected = referenceCuts(defaultChunkerParams, table, bytes);
  for (const windowBytes of [512 * 1024, undefined, 3_000_001]) {
    const options = windowBytes === undefined ? {} : { windowBytes };
    const chunker = new Chunker(defaultChunkerParams, table, options);
    assert.deepEqual(chunkEnds(chunker, bytes), expected);
    assert.deepEqual(chunkEnds(chunker, bytes, [1, 65_536, 99_999]), expected);
  }
});

test('every length around the limits gives the reference cuts', () => {
  const bytes = Buffer.from(seededRandom('lengths').bytes(3 * max));
  const lengths = [1, min - 1, min, min + 1, max - 1, max, max + 1, 2 * max - 1, 2 * max];
  for (const length of [...lengths, 2 * max + 1, 3 * max]) {
    const part = bytes.subarray(0, length);
    assert.deepEqual(chunkEnds(first, part), referenceCuts(smallParams, table, part));
  }
});

test('an empty content has no chunks', () => {
  assert.deepEqual(chunkEnds(first, new Uint8Array(0)), []);
});

test('zero runs cut as the slow path does, for tables that cut zeros at once, soon and never', () => {
  // What a run of zeros adds up to depends on the table's first word only.
  const tables = [0, 1, 257, 683, 2 ** 30, 0x7fff_ffff].map((word) => {
    const changed = table.slice();
    new DataView(changed.buffer).setUint32(0, word, true);
    return changed;
  });
  const lengths = new Set<number>();
  for (const zeroTable of tables) {
    const chunker = new Chunker(smallParams, zeroTable, { windowBytes: 3 * max });
    lengths.add(chunker.zeroChunk.length);
    fc.assert(
      fc.property(
        fc.nat(3_000),
        fc.nat(20_000),
        fc.nat(3_000),
        fc.nat(),
        (before, zeros, after, seed) => {
          const random = seededRandom(seed);
          const bytes = Buffer.concat([
            random.bytes(before),
            new Uint8Array(zeros),
            random.bytes(after),
          ]);
          const expected = referenceCuts(smallParams, zeroTable, bytes);
          assert.deepEqual(chunkEnds(chunker, bytes), expected);
        },
      ),
      { numRuns: 60 },
    );
  }
  assert.deepEqual(
    [...lengths].toSorted((a, b) => a - b),
    [min + 1, min + 2, min + 9, max],
  );
});

test('zeros up to a longest chunk before the end are the very same chunk object', () => {
  const zeros = Buffer.alloc(40 * max);
  const seen: Uint8Array[] = [];
  for (const chunk of first.chunks(readerOf(zeros))) seen.push(chunk);
  assert.ok(seen.length >= 40);
  assert.ok(seen.slice(0, -1).every((chunk) => chunk === first.zeroChunk));
  assert.ok(first.zeroChunk.every((byte) => byte === 0));
});

test('one byte in a sea of zeros is not passed over', () => {
  for (let at = 0; at < 3 * max; at += 61) {
    const bytes = Buffer.alloc(6 * max);
    bytes[at] = 1;
    assert.deepEqual(chunkEnds(first, bytes), referenceCuts(smallParams, table, bytes));
  }
});

test('one chunker serves many contents, also after a reader failed or a caller stopped', () => {
  const bytes = seededRandom('many').bytes(20_000);
  const expected = referenceCuts(smallParams, table, bytes);
  const failing = (): number => {
    throw new Error('unreadable');
  };
  assert.throws(() => [...first.chunks(failing)], /unreadable/);
  assert.deepEqual(chunkEnds(first, bytes), expected);
  let stopped = 0;
  for (const chunk of first.chunks(readerOf(bytes))) {
    stopped += chunk.length;
    break;
  }
  assert.ok(stopped > 0);
  assert.deepEqual(chunkEnds(first, bytes), expected);
});

test('going on with a content after another was begun is refused', () => {
  const bytes = seededRandom('two').bytes(20_000);
  const one = first.chunks(readerOf(bytes));
  one.next();
  first.chunks(readerOf(bytes)).next();
  assert.throws(() => one.next(), TypeError);
});

test('a reader is not asked again once it has told the end', () => {
  let ends = 0;
  const read = readerOf(seededRandom('end').bytes(10_000));
  for (const chunk of first.chunks((into) => {
    const count = read(into);
    if (count === 0) ends++;
    return count;
  })) {
    assert.ok(chunk.length > 0);
  }
  assert.equal(ends, 1);
});

test('a reader that tells an impossible count is refused', () => {
  for (const count of [-1, 1.5, NaN, 2 * max + 1]) {
    assert.throws(() => first.chunks(() => count).next(), RangeError);
  }
});

test('a window that cannot hold two longest chunks, or is huge, is refused', () => {
  for (const windowBytes of [0, max, 2 * max - 1, 2 * max + 0.5, 2 ** 26 + 1]) {
    assert.throws(() => new Chunker(smallParams, table, { windowBytes }), RangeError);
  }
});
