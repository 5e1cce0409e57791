import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sodium from 'libsodium-wrappers';
import { concat, fromHex, toHex } from '../../src/bytes.ts';
import { openSealed, sealInto, TAG_BYTES } from '../../src/crypto/aead.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { wycheproof } from './wycheproof.ts';

await sodium.ready;

const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const nonce12 = fc.uint8Array({ minLength: 12, maxLength: 12 });
const bytes = fc.uint8Array({ maxLength: 300 });

function seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
  const out = new Uint8Array(plain.length + TAG_BYTES + 5).fill(0xee);
  const written = sealInto(secretKey(key), nonce, aad, plain, out, 3);
  assert.equal(written, plain.length + TAG_BYTES);
  assert.deepEqual([out[0], out[2], out[3 + written]], [0xee, 0xee, 0xee]);
  return out.slice(3, 3 + written);
}

test('ChaCha20-Poly1305 passes the published vectors', () => {
  type Vector = {
    key: string;
    iv: string;
    aad: string;
    msg: string;
    ct: string;
    tag: string;
    result: string;
  };
  let opened = 0;
  for (const vector of wycheproof<Vector>('chacha20-poly1305')) {
    const [key, nonce, aad] = [fromHex(vector.key), fromHex(vector.iv), fromHex(vector.aad)];
    const sealed = concat(fromHex(vector.ct), fromHex(vector.tag));
    const name = `test ${vector.tcId}`;
    if (nonce.length !== 12) {
      assert.notEqual(vector.result, 'valid', name);
      continue;
    }
    const plain = openSealed(secretKey(key), nonce, aad, sealed);
    if (vector.result === 'valid') {
      opened++;
      assert.deepEqual(plain, fromHex(vector.msg), name);
      assert.equal(toHex(seal(key, nonce, aad, fromHex(vector.msg))), toHex(sealed), name);
    } else assert.equal(plain, undefined, name);
  }
  assert.equal(opened, 256);
});

test('sealing agrees with libsodium for any key, nonce, associated data and content', () => {
  fc.assert(
    fc.property(key32, nonce12, bytes, bytes, (key, nonce, aad, plain) => {
      const sealed = seal(key, nonce, aad, plain);
      const expected = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        ...([plain, aad, null, nonce, key] as const),
      );
      assert.deepEqual(sealed, expected);
      assert.deepEqual(openSealed(key, nonce, aad, sealed), plain);
    }),
  );
});

test('anything but what was sealed gives nothing', () => {
  const key = new Uint8Array(32).fill(1);
  const nonce = new Uint8Array(12).fill(2);
  const aad = new Uint8Array(9).fill(3);
  const sealed = seal(key, nonce, aad, new Uint8Array(20).fill(4));
  for (const [name, part] of Object.entries({ key, nonce, aad, sealed })) {
    for (let bit = 0; bit < part.length * 8; bit++) {
      part[bit >> 3] = (part[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(openSealed(key, nonce, aad, sealed), undefined, `${name} bit ${bit}`);
      part[bit >> 3] = (part[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(openSealed(key, nonce, aad, sealed.subarray(0, length)), undefined);
  }
  assert.equal(openSealed(key, nonce, aad, sealed)?.length, 20);
});
