import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeBase32, encodeBase32, plainDigits } from '../src/base32.ts';
import { utf8 } from '../src/bytes.ts';

describe('base 32', () => {
  test('has the digits that Crockford gives them', () => {
    assert.equal(encodeBase32(utf8('foobar')), 'CSQPYRK1E8');
    assert.equal(encodeBase32(utf8('f')), 'CR');
    assert.equal(encodeBase32(new Uint8Array(0)), '');
    assert.equal(encodeBase32(Uint8Array.of(0xff)), 'ZW');
  });

  test('comes back, from one text only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const digits = encodeBase32(bytes);
        assert.deepEqual(decodeBase32(digits), bytes);
        assert.equal(digits.length, Math.ceil((bytes.length * 8) / 5));
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9A-HJKMNP-TV-Z]{0,12}$/), (digits) => {
        const bytes = decodeBase32(digits);
        if (bytes !== undefined) assert.equal(encodeBase32(bytes), digits);
      }),
    );
  });

  test('what is none is told', () => {
    for (const digits of ['C', 'CRA', 'CS', 'c', 'CSQPYRK1E8U', 'U']) {
      assert.equal(decodeBase32(digits), undefined, digits);
    }
  });

  test('people may write it as they like', () => {
    assert.equal(plainDigits(' o0-iIlL \n abc'), '001111ABC');
  });
});
