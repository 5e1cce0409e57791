import assert from 'node:assert/strict';
import { hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { concat, fromHex, toHex } from '../../src/bytes.ts';
import { equalMacs, hkdf, hmacSha256, secretKey, sha256 } from '../../src/crypto/hash.ts';
import { wycheproof } from './wycheproof.ts';

const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const parts = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 });

test('HMAC-SHA256 passes the published vectors, and their altered tags differ', () => {
  type Vector = { key: string; msg: string; tag: string; result: string };
  for (const vector of wycheproof<Vector>('hmac-sha256')) {
    const mac = hmacSha256(secretKey(fromHex(vector.key)), fromHex(vector.msg));
    const same = equalMacs(mac, fromHex(vector.tag));
    assert.equal(same, vector.result === 'valid', `test ${vector.tcId}`);
  }
});

test('HKDF-SHA256 passes the published vectors and refuses outputs beyond the RFC', () => {
  type Vector = {
    ikm: string;
    salt: string;
    info: string;
    size: number;
    okm: string;
    result: string;
  };
  for (const vector of wycheproof<Vector>('hkdf-sha256')) {
    const derive = (): Uint8Array =>
      hkdf(fromHex(vector.ikm), fromHex(vector.info), vector.size, fromHex(vector.salt));
    if (vector.result === 'valid') assert.equal(toHex(derive()), vector.okm, `${vector.tcId}`);
    else assert.throws(derive, `test ${vector.tcId}`);
  }
});

test('SHA-256 and HMAC of parts are those of the joined bytes in an independent implementation', () => {
  fc.assert(
    fc.property(key32, parts, (key, list) => {
      const joined = concat(...list);
      assert.deepEqual(sha256(...list), nobleSha256(joined));
      assert.deepEqual(hmacSha256(secretKey(key), ...list), hmac(nobleSha256, key, joined));
    }),
  );
});

test('HKDF agrees with an independent implementation for any secret, info, salt and length', () => {
  fc.assert(
    fc.property(
      key32,
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.uint8Array({ maxLength: 80 }),
      fc.integer({ min: 1, max: 200 }),
      (secret, info, salt, length) => {
        const expected = new Uint8Array(hkdfSync('sha256', secret, salt, info, length));
        assert.deepEqual(hkdf(secret, info, length, salt), expected);
      },
    ),
  );
});

test('a secret key has 32 bytes, keeps its own copy and prints none of it', () => {
  const bytes = new Uint8Array(32).fill(7);
  const key = secretKey(bytes);
  const before = hmacSha256(key, bytes);
  bytes.fill(8);
  assert.deepEqual(hmacSha256(key, new Uint8Array(32).fill(7)), before);
  assert.ok(!JSON.stringify(key).includes('7'));
  assert.throws(() => secretKey(new Uint8Array(31)), RangeError);
});
