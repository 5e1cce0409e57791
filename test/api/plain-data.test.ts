import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromCbor, toCbor } from '../../src/api/plain-data.ts';
import { decode, encode } from '../../src/codec.ts';

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    }),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value')),
  ),
})).value;

test('plain data comes back as it was', () => {
  fc.assert(
    fc.property(plain, (value) => {
      assert.deepEqual(normal(fromCbor(decode(encode(toCbor(value))))), normal(value));
    }),
  );
});

/** Without prototypes, which a test of equality would look at. */
function normal(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([key, field]) => [key, normal(field)]);
}

test('fields that are undefined are left out, and elements are null', () => {
  const value = fromCbor(toCbor({ a: undefined, b: [undefined], c: 1 }));
  assert.deepEqual(value, { b: [null], c: 1 });
});

test('what is no plain data is refused', () => {
  for (const value of [() => 1, Symbol('x'), new Map(), new Date(0), { a: new Set() }]) {
    assert.throws(() => toCbor(value), TypeError);
  }
});

test('lists that begin with nothing known are refused', () => {
  for (const value of [
    [],
    [9],
    ['x'],
    [1, 'key'],
    [1, 2, 3],
    [2, new Uint8Array(7)],
    [3, new Uint8Array(3)],
    [4],
  ]) {
    assert.throws(() => fromCbor(value), { code: 'VAULT_ENTRY_INVALID' }, JSON.stringify(value));
  }
});
