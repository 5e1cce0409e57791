import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, equalBytes, fromHex, toHex } from '../src/bytes.ts';
import {
  asArray,
  asBigInt,
  asBoolean,
  asBytes,
  asInteger,
  asText,
  decode,
  encode,
  type CborValue,
} from '../src/codec.ts';
import { isVaultError } from '../src/errors.ts';
import { MAX_RECORD_DEPTH } from '../src/limits.ts';

function isInvalid(error: unknown): boolean {
  return isVaultError(error, 'VAULT_ENTRY_INVALID');
}

function refuses(hex: string): void {
  assert.throws(() => decode(fromHex(hex)), isInvalid, hex);
}

const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    // What fits a number comes back as one.
    fc.bigInt(2n ** 53n, 2n ** 64n - 1n),
    fc.bigInt(-(2n ** 64n), -(2n ** 53n)),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 30 }),
  ),
}));

test('every value comes back from its bytes', () => {
  fc.assert(
    fc.property(value, (some) => {
      assert.deepEqual(decode(encode(some)), Object.is(some, -0) ? 0 : some);
    }),
    { examples: [['\ufeffbegins with a byte order mark'], [''], [[]], [-0]] },
  );
});

test('whatever decodes has these bytes and no others', () => {
  // Mutated and random bytes: accepted only where encoding the value gives the same bytes back.
  const mutated = fc
    .tuple(value, fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([some, at, byte]) => {
      const bytes = encode(some).slice();
      bytes[at % bytes.length] = byte;
      return bytes;
    });
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 12 })), (bytes) => {
      let decoded: CborValue;
      try {
        decoded = decode(bytes);
      } catch (error) {
        if (!isInvalid(error)) throw error;
        return;
      }
      accepted++;
      assert.ok(equalBytes(encode(decoded), bytes), toHex(bytes));
    }),
    { numRuns: 5000 },
  );
  assert.ok(accepted > 100, `only ${accepted} accepted`);
});

test('integers have the shortest form (RFC 8949, appendix A)', () => {
  const forms: [number | bigint, string][] = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65_535, '19ffff'],
    [65_536, '1a00010000'],
    [4_294_967_295, '1affffffff'],
    [4_294_967_296, '1b0000000100000000'],
    [18_446_744_073_709_551_615n, '1bffffffffffffffff'],
    [-1, '20'],
    [-100, '3863'],
    [-1000, '3903e7'],
    [-18_446_744_073_709_551_616n, '3bffffffffffffffff'],
    [5n, '05'],
  ];
  for (const [number, hex] of forms) assert.equal(toHex(encode(number)), hex);
  for (const hex of ['1800', '1817', '190001', '1a00000001', '1b0000000000000001', '3817']) {
    refuses(hex);
  }
});

test('other forms of the same are refused: indefinite lengths, floats, tags, maps, undefined', () => {
  const wrong = [
    ['5f4100ff', 'indefinite bytes'],
    ['7f6161ff', 'indefinite text'],
    ['9f00ff', 'indefinite list'],
    ['bf00ff', 'indefinite map'],
    ['f90000', 'half float 0'],
    ['f93c00', 'half float 1'],
    ['fa3fc00000', 'float 1.5'],
    ['fb3ff8000000000000', 'double 1.5'],
    ['81fb3ff8000000000000', 'double 1.5 in a list'],
    ['fb7e37e43c8800759c', 'double 1e300'],
    ['fb8000000000000000', 'double -0'],
    ['f97e00', 'NaN'],
    ['fa7f800000', 'infinity'],
    ['c000', 'date tag'],
    ['c24101', 'bignum tag'],
    ['a0', 'map'],
    ['81a10000', 'map in a list'],
    ['f7', 'undefined'],
    ['81f7', 'undefined in a list'],
    ['f8ff', 'simple value'],
    ['f820', 'simple value'],
    ['62c328', 'text that is not UTF-8'],
    ['63eda080', 'text with a surrogate'],
    ['9800', 'long length of an empty list'],
    ['5800', 'long length of no bytes'],
    ['1c', 'reserved'],
  ] as const;
  for (const [hex, name] of wrong) {
    assert.throws(() => decode(fromHex(hex)), isInvalid, name);
  }
});

test('bytes that are cut, go on or promise too much are refused at once', () => {
  refuses('');
  refuses('0000');
  const bytes = encode([1, 'text', Uint8Array.of(1, 2, 3), [null, true]]);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decode(bytes.subarray(0, length)), isInvalid);
  }
  assert.throws(() => decode(concat(bytes, Uint8Array.of(0))), isInvalid);
  for (const hex of [
    '9affffffff',
    '5a7fffffff',
    '7a7fffffff',
    '9b00ffffffffffffff',
    'ba10000000',
  ]) {
    refuses(hex);
  }
});

test('nesting is limited', () => {
  const nested = (depth: number): Uint8Array => fromHex(`${'81'.repeat(depth)}00`);
  let deepest: CborValue = 0;
  for (let depth = 0; depth < MAX_RECORD_DEPTH; depth++) deepest = [deepest];
  assert.deepEqual(decode(nested(MAX_RECORD_DEPTH)), deepest);
  assert.deepEqual(encode(deepest), nested(MAX_RECORD_DEPTH));
  assert.throws(() => encode([deepest]), RangeError);
  for (const depth of [MAX_RECORD_DEPTH + 1, 1000, 3000, 5000, 200_000]) {
    assert.throws(() => decode(nested(depth)), isInvalid, `${depth}`);
  }
});

test('values that would come back as something else are not encoded', () => {
  const mistakes: unknown[] = [undefined, [undefined], { a: 1 }, new Map(), new Date(0), () => 1];
  mistakes.push(Symbol('s'), new Uint16Array(2), new Array(1));
  for (const mistake of mistakes) assert.throws(() => encode(mistake as CborValue), TypeError);
  const numbers = [1.5, Number.NaN, Infinity, 2 ** 53, 1e300, 2n ** 64n, -(2n ** 64n) - 1n];
  for (const number of numbers) assert.throws(() => encode([number]), RangeError, String(number));
  assert.throws(() => encode('\udcff'), RangeError);
  assert.throws(() => encode(['a\ud800']), RangeError);
});

test('decoded bytes are not tied to the message they came in', () => {
  const encoded = encode([Uint8Array.of(1, 2, 3)]);
  for (const message of [encoded.slice(), Buffer.from(encoded)]) {
    const [bytes] = decode(message) as Uint8Array[];
    message.fill(0);
    assert.deepEqual(bytes, Uint8Array.of(1, 2, 3));
  }
});

test('parts are taken out only with the type and size expected', () => {
  assert.deepEqual(asArray([1, 2], 1, 2), [1, 2]);
  assert.deepEqual(asBytes(Uint8Array.of(1), 1), Uint8Array.of(1));
  assert.equal(asInteger(5, 5, 5), 5);
  assert.equal(asInteger(-5, -5), -5);
  assert.equal(asBigInt(-5), -5n);
  assert.equal(asBigInt(2n ** 63n - 1n), 2n ** 63n - 1n);
  assert.equal(asBigInt(-(2n ** 63n)), -(2n ** 63n));
  assert.equal(asText('abc', 3), 'abc');
  assert.equal(asBoolean(false), false);
  const wrong: (() => unknown)[] = [
    () => asArray([1], 2),
    () => asArray([1, 2], 0, 1),
    () => asArray('text'),
    () => asArray(undefined),
    () => asBytes(Uint8Array.of(1), 2),
    () => asBytes([1]),
    () => asBytes('1'),
    () => asInteger(-1),
    () => asInteger(6, 0, 5),
    () => asInteger(1.5),
    () => asInteger(5n),
    () => asInteger('5'),
    () => asInteger(null),
    () => asBigInt(2n ** 63n),
    () => asBigInt(-(2n ** 63n) - 1n),
    () => asBigInt(0.5),
    () => asBigInt('1'),
    () => asText('abcd', 3),
    () => asText(1),
    () => asBoolean(0),
    () => asBoolean(null),
  ];
  for (const take of wrong) assert.throws(take, isInvalid, String(take));
});
