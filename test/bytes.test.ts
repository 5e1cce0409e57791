import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  asBuffer,
  compareBytes,
  concat,
  equalBytes,
  fromHex,
  mapKey,
  readU64be,
  toHex,
  u64be,
  utf8,
} from '../src/bytes.ts';

const bytes = fc.uint8Array({ maxLength: 40 });

test('hex goes both ways, in either case', () => {
  fc.assert(
    fc.property(bytes, (some) => {
      const hex = toHex(some);
      assert.match(hex, /^([0-9a-f]{2})*$/);
      assert.deepEqual(fromHex(hex), some);
      assert.deepEqual(fromHex(hex.toUpperCase()), some);
    }),
  );
});

test('what is not hex is refused', () => {
  for (const wrong of ['a', 'abc', 'zz', '0x00', ' 00', '00 ', '0\n', 'é0']) {
    assert.throws(() => fromHex(wrong), RangeError, wrong);
  }
});

test('parts are joined in order, in memory of their own', () => {
  fc.assert(
    fc.property(fc.array(bytes), (parts) => {
      const joined = concat(...parts);
      assert.deepEqual(
        [...joined],
        parts.flatMap((part) => [...part]),
      );
      assert.equal(joined.buffer.byteLength, joined.length);
    }),
  );
});

test('numbers keep their order as eight bytes, up to 2^53 - 1', () => {
  const number = fc.maxSafeNat();
  fc.assert(
    fc.property(number, number, (a, b) => {
      assert.equal(readU64be(u64be(a)), a);
      assert.equal(Math.sign(compareBytes(u64be(a), u64be(b))), Math.sign(a - b));
    }),
  );
  assert.equal(toHex(u64be(0x12_3456_789a_bcde)), '00123456789abcde');
  assert.equal(readU64be(concat(Uint8Array.of(9), u64be(7)).subarray(1)), 7);
  assert.equal(readU64be(concat(Uint8Array.of(9), u64be(7)), 1), 7);
  for (const wrong of [-1, 0.5, 2 ** 53, Number.NaN, Infinity]) {
    assert.throws(() => u64be(wrong), RangeError);
  }
  assert.throws(() => readU64be(fromHex('0020000000000000')), RangeError);
  assert.throws(() => readU64be(new Uint8Array(7)), RangeError);
});

test('bytes are compared as bytes, whatever memory they lie in', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      const shifted = concat(Uint8Array.of(1), a).subarray(1);
      assert.ok(equalBytes(a, shifted));
      assert.equal(equalBytes(a, b), toHex(a) === toHex(b));
      const order = toHex(a) < toHex(b) ? -1 : toHex(a) > toHex(b) ? 1 : 0;
      assert.equal(Math.sign(compareBytes(a, b)), order);
    }),
  );
});

test('map keys are one to one with bytes', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(mapKey(a).length, a.length);
      assert.equal(mapKey(a) === mapKey(b), equalBytes(a, b));
    }),
  );
});

test('a buffer over bytes shares their memory', () => {
  const some = Uint8Array.of(0, 1, 2, 3).subarray(1, 3);
  const buffer = asBuffer(some);
  assert.deepEqual([...buffer], [1, 2]);
  buffer[0] = 9;
  assert.equal(some[0], 9);
  assert.equal(asBuffer(buffer), buffer);
});

test('texts become UTF-8', () => {
  assert.equal(toHex(utf8('aé€😀')), '61c3a9e282acf09f9880');
  assert.equal(utf8('text').buffer.byteLength, 4);
});
