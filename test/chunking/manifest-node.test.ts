import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../src/bytes.ts';
import { isVaultError } from '../../src/errors.ts';
import { MAX_CHUNK_BYTES, MAX_MANIFEST_DEPTH, MAX_NODE_BYTES } from '../../src/limits.ts';
import {
  MAX_NODE_ENTRIES,
  MAX_REPEAT,
  decodeNode,
  encodeNode,
} from '../../src/chunking/manifest-node.ts';

const id = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const leaf = fc.record({
  id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  length: fc.integer({ min: 1, max: MAX_CHUNK_BYTES }),
  repeat: fc.integer({ min: 1, max: MAX_REPEAT }),
});
const inner = fc.record({
  id: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  length: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  repeat: fc.constant(1),
});

test('a leaf node is laid out as documented', () => {
  const bytes = encodeNode(1, [
    { id: id(0xaa), length: 0x010203, repeat: 0xfffffffe },
    { id: id(0xbb), length: 1, repeat: 1 },
  ]);
  assert.equal(
    toHex(bytes),
    `4d010002${'aa'.repeat(32)}00010203fffffffe${'bb'.repeat(32)}0000000100000001`,
  );
});

test('an inner node is laid out as documented', () => {
  const bytes = encodeNode(7, [{ id: id(1), length: 0x1f_ffff_ffff_ffff, repeat: 1 }]);
  assert.equal(toHex(bytes), `4d070001${'01'.repeat(32)}001fffffffffffff`);
});

test('409 entries fit into a node of 16 KiB', () => {
  assert.equal(MAX_NODE_ENTRIES, 409);
  const entries = Array.from({ length: 409 }, () => ({ id: id(2), length: 9, repeat: 1 }));
  assert.equal(encodeNode(3, entries).length, 16_364);
  assert.ok(16_364 <= MAX_NODE_BYTES && 16_364 + 40 > MAX_NODE_BYTES);
  assert.throws(() => encodeNode(3, [...entries, { id: id(2), length: 9, repeat: 1 }]), RangeError);
});

test('what is encoded is decoded, at every level', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: MAX_MANIFEST_DEPTH }),
      fc.array(leaf, { minLength: 1, maxLength: 40 }),
      fc.array(inner, { minLength: 1, maxLength: 40 }),
      (level, leaves, inners) => {
        const entries = level === 1 ? leaves : inners;
        const decoded = decodeNode(level, encodeNode(level, entries));
        assert.deepEqual(
          decoded.map((entry) => ({ ...entry, id: Uint8Array.from(entry.id) })),
          entries.map((entry) => ({ ...entry, id: Uint8Array.from(entry.id) })),
        );
      },
    ),
  );
});

test('what no node may hold is not encoded', () => {
  const good = { id: id(1), length: 1, repeat: 1 };
  for (const change of [
    { id: id(1).subarray(1) },
    { length: 0 },
    { length: 1.5 },
    { length: MAX_CHUNK_BYTES + 1 },
    { repeat: 0 },
    { repeat: MAX_REPEAT + 1 },
  ]) {
    assert.throws(() => encodeNode(1, [{ ...good, ...change }]), RangeError);
  }
  assert.throws(() => encodeNode(2, [{ ...good, repeat: 2 }]), RangeError);
  assert.throws(() => encodeNode(2, [{ ...good, length: 2 ** 53 }]), RangeError);
  assert.throws(() => encodeNode(1, []), RangeError);
  for (const level of [0, 9, NaN]) assert.throws(() => encodeNode(level, [good]), RangeError);
});

const malformedNodes: readonly (readonly [string, number, string])[] = [
  ['nothing', 1, ''],
  ['a header cut short', 1, '4d0100'],
  ['another first byte', 1, `4e010001${'aa'.repeat(32)}0000000100000001`],
  ['another level than asked for', 2, `4d010001${'aa'.repeat(32)}0000000100000001`],
  ['no entries', 1, '4d010000'],
  ['fewer bytes than entries', 1, `4d010002${'aa'.repeat(32)}0000000100000001`],
  ['bytes after the entries', 1, `4d010001${'aa'.repeat(32)}000000010000000100`],
  ['an empty chunk', 1, `4d010001${'aa'.repeat(32)}0000000000000001`],
  ['a chunk repeated no times', 1, `4d010001${'aa'.repeat(32)}0000000100000000`],
  ['a chunk above 1 MiB', 1, `4d010001${'aa'.repeat(32)}0010000100000001`],
  ['an empty subtree', 2, `4d020001${'aa'.repeat(32)}0000000000000000`],
  ['a subtree above 2^53 - 1', 2, `4d020001${'aa'.repeat(32)}0020000000000000`],
  ['a subtree of 2^64 - 1', 2, `4d020001${'aa'.repeat(32)}ffffffffffffffff`],
];

for (const [what, level, hex] of malformedNodes) {
  test(`a node is refused as corrupt: ${what}`, () => {
    assert.throws(() => decodeNode(level, Buffer.from(hex, 'hex'), id(0x77)), {
      code: 'VAULT_CHUNK_CORRUPT',
      details: { id: '77'.repeat(32) },
    });
  });
}

test('a node of 410 entries is refused as corrupt', () => {
  const bytes = Buffer.alloc(4 + 410 * 40, 1);
  bytes.write('4d01019a', 'hex');
  assert.throws(() => decodeNode(1, bytes), { code: 'VAULT_CHUNK_CORRUPT' });
});

test('any bytes are either the one encoding of their entries or refused as corrupt', () => {
  const valid = encodeNode(1, [
    { id: id(3), length: 70_000, repeat: 1 },
    { id: id(4), length: 16_384, repeat: 900 },
  ]);
  let accepted = 0;
  const check = (level: number, bytes: Uint8Array): void => {
    try {
      const entries = decodeNode(level, bytes);
      assert.deepEqual(Buffer.from(encodeNode(level, entries)), Buffer.from(bytes));
      accepted++;
    } catch (error) {
      assert.ok(isVaultError(error, 'VAULT_CHUNK_CORRUPT'), String(error));
    }
  };
  fc.assert(fc.property(fc.integer({ min: 1, max: 8 }), fc.uint8Array({ maxLength: 130 }), check), {
    numRuns: 500,
  });
  fc.assert(
    fc.property(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length), (at, to, cut) => {
      const changed = valid.slice();
      changed[at] = to;
      check(1, changed);
      check(1, changed.subarray(0, cut));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(accepted > 100, `only ${accepted} accepted: nothing was tested`);
});
