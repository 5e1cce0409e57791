import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { u64be } from '../../src/bytes.ts';
import { lastSeqUpTo, tableFile, TableMap, type TableFile } from '../../src/store/table-file.ts';
import { runSeed } from '../helpers/seeded.ts';

const seed = runSeed();

test('a key stands for the greatest sequence number that is not behind it', () => {
  assert.equal(lastSeqUpTo(u64be(0)), 0);
  assert.equal(lastSeqUpTo(u64be(0x1_2345_6789)), 0x1_2345_6789);
  // A shorter key sorts before every one that it begins.
  assert.equal(lastSeqUpTo(Uint8Array.of(0, 0, 0, 0, 0, 0, 1)), 255);
  assert.equal(lastSeqUpTo(Uint8Array.of(...u64be(7), 0)), 7);
  assert.equal(lastSeqUpTo(Uint8Array.of(0xff)), Number.MAX_SAFE_INTEGER);
  assert.equal(lastSeqUpTo(new Uint8Array(0)), -1);
});

test(`keys of sequence numbers are ordered as what they stand for (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 9 }), fc.nat(1 << 30), (key, seq) => {
      const own = Buffer.from(u64be(seq));
      assert.equal(seq <= lastSeqUpTo(key), Buffer.compare(own, key) <= 0);
    }),
    { seed, numRuns: 500 },
  );
});

test('a table whose keys nobody knows may hold anything', () => {
  assert.deepEqual(tableFile('t', undefined), { path: 't', first: 0, last: 2 ** 53 - 1 });
  assert.deepEqual(tableFile('t', { first: u64be(3), last: Uint8Array.of(...u64be(9), 0) }), {
    path: 't',
    first: 3,
    last: 9,
  });
});

test(`a map finds every table that may hold a number, and no other (seed ${seed})`, () => {
  const table = fc
    .tuple(fc.nat(100), fc.nat(30))
    .map(([first, length]): TableFile => ({ path: 'x', first, last: first + length }));
  fc.assert(
    fc.property(fc.array(table), fc.array(fc.integer({ min: -1, max: 140 })), (tables, seqs) => {
      const found = new Set(new TableMap(tables).covering(seqs));
      for (const one of tables) {
        const wanted = seqs.some((seq) => seq >= one.first && seq <= one.last);
        assert.equal(found.has(one), wanted);
      }
    }),
    { seed, numRuns: 500 },
  );
});

test('of tables that hold few of the values, or are many, some can be left out', () => {
  const tables = [
    { path: 'a', first: 0, last: 9 },
    { path: 'b', first: 10, last: 19 },
    { path: 'c', first: 20, last: 29 },
  ];
  const map = new TableMap(tables);
  const seqs = [1, 11, 12, 21, 22, 23, -1, 99];
  const named = (values: number, most?: number): string[] =>
    map.covering(seqs, values, most).map(({ path }) => path);
  assert.deepEqual(named(1), ['c', 'b', 'a']);
  assert.deepEqual(named(2), ['c', 'b']);
  assert.deepEqual(named(1, 1), ['c']);
  assert.deepEqual(named(4), []);
});
