import assert from 'node:assert/strict';
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import libsodium from 'libsodium-wrappers';
import { concat, fromHex, toHex } from '../../src/bytes.ts';
import { isVaultError } from '../../src/errors.ts';
import { loadSodium, SEALED_BOX_OVERHEAD } from '../../src/crypto/sodium.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { wycheproof } from './wycheproof.ts';

const sodium = await loadSodium();
await libsodium.ready;

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const message = fc.uint8Array({ maxLength: 200 });

/** A raw key of OpenSSL, the independent implementation here (RFC 8410). */
function opensslKey(curve: 'ed25519' | 'x25519', kind: 'public' | 'secret', raw: Uint8Array) {
  const oid = curve === 'ed25519' ? '70' : '6e';
  const prefix =
    kind === 'public' ? `302a300506032b65${oid}032100` : `302e020100300506032b65${oid}04220420`;
  const der = { key: Buffer.from(concat(fromHex(prefix), raw)), format: 'der' as const };
  return kind === 'public'
    ? createPublicKey({ ...der, type: 'spki' })
    : createPrivateKey({ ...der, type: 'pkcs8' });
}

function rawPublic(key: KeyObject): Uint8Array {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(-32));
}

test('Ed25519 verification passes the published vectors', () => {
  type Vector = { pk: string; msg: string; sig: string; result: string };
  for (const { pk, msg, sig, result, tcId } of wycheproof<Vector>('ed25519')) {
    const valid = sodium.verify(fromHex(sig), fromHex(msg), fromHex(pk));
    assert.equal(valid, result === 'valid', `test ${tcId}`);
  }
});

test('Ed25519 pairs and signatures are those of an independent implementation', () => {
  fc.assert(
    fc.property(bytes32, message, (seed, text) => {
      const pair = sodium.signPair(seed);
      const other = opensslKey('ed25519', 'secret', seed);
      assert.deepEqual(pair.publicKey, rawPublic(other));
      const signature = sodium.sign(text, pair.secretKey);
      assert.deepEqual(signature, new Uint8Array(sign(null, text, other)));
      assert.ok(verify(null, text, createPublicKey(other), signature));
      assert.ok(sodium.verify(signature, text, pair.publicKey));
      assert.ok(!sodium.verify(signature, concat(text, Uint8Array.of(0)), pair.publicKey));
      assert.ok(!sodium.verify(signature.subarray(1), text, pair.publicKey));
      assert.ok(!sodium.verify(signature, text, pair.publicKey.subarray(1)));
    }),
    { numRuns: 30 },
  );
});

test('X25519 passes the published vectors, and public keys of low order are refused', () => {
  type Vector = { public: string; private: string; shared: string; result: string };
  let refused = 0;
  for (const vector of wycheproof<Vector>('x25519')) {
    const exchange = (): Uint8Array =>
      sodium.exchange(fromHex(vector.private), fromHex(vector.public));
    if (/^0+$/.test(vector.shared)) {
      refused++;
      assert.throws(exchange, { code: 'VAULT_NOT_PERMITTED' }, `test ${vector.tcId}`);
    } else assert.equal(toHex(exchange()), vector.shared, `test ${vector.tcId}`);
  }
  assert.ok(refused > 20);
});

test('X25519 pairs and shared secrets are those of an independent implementation', () => {
  fc.assert(
    fc.property(bytes32, bytes32, (mine, theirs) => {
      const [one, two] = [sodium.exchangePair(mine), sodium.exchangePair(theirs)];
      const privateKey = opensslKey('x25519', 'secret', mine);
      const publicKey = opensslKey('x25519', 'public', two.publicKey);
      assert.deepEqual(one.publicKey, rawPublic(privateKey));
      const shared = new Uint8Array(diffieHellman({ privateKey, publicKey }));
      assert.deepEqual(sodium.exchange(one.secretKey, two.publicKey), shared);
      assert.deepEqual(sodium.exchange(two.secretKey, one.publicKey), shared);
    }),
    { numRuns: 30 },
  );
});

test('a sealed box opens with libsodium itself, and one of libsodium opens here', () => {
  fc.assert(
    fc.property(bytes32, message, fc.nat(), (secret, plain, seed) => {
      const pair = sodium.exchangePair(secret);
      const sealed = sodium.sealTo(pair.publicKey, plain, seededRandom(seed));
      assert.equal(sealed.length, plain.length + SEALED_BOX_OVERHEAD);
      const opened = libsodium.crypto_box_seal_open(sealed, pair.publicKey, pair.secretKey);
      assert.deepEqual(opened, plain);
      const theirs = libsodium.crypto_box_seal(plain, pair.publicKey);
      assert.deepEqual(sodium.openSealedBox(theirs, pair), plain);
    }),
    { numRuns: 30 },
  );
});

test('a sealed box depends on nothing but key, content and the randomness handed in', () => {
  const { publicKey } = sodium.exchangePair(new Uint8Array(32).fill(5));
  const seal = (seed: number): string =>
    toHex(sodium.sealTo(publicKey, Uint8Array.of(1, 2, 3), seededRandom(seed)));
  assert.equal(seal(1), seal(1));
  assert.notEqual(seal(1), seal(2));
});

test('a sealed box with any byte changed, cut short or for another pair gives nothing', () => {
  const pair = sodium.exchangePair(new Uint8Array(32).fill(5));
  const sealed = sodium.sealTo(pair.publicKey, Uint8Array.of(1, 2, 3), seededRandom('box'));
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x40;
    assert.equal(sodium.openSealedBox(changed, pair), undefined, `byte ${at}`);
    assert.equal(sodium.openSealedBox(sealed.subarray(0, at), pair), undefined, `length ${at}`);
  }
  const other = sodium.exchangePair(new Uint8Array(32).fill(6));
  assert.equal(sodium.openSealedBox(sealed, other), undefined);
  assert.deepEqual(sodium.openSealedBox(sealed, pair), Uint8Array.of(1, 2, 3));
});

test('nothing is sealed to a public key of low order', () => {
  assert.throws(
    () => sodium.sealTo(new Uint8Array(32), Uint8Array.of(1), seededRandom(1)),
    (error) => isVaultError(error, 'VAULT_NOT_PERMITTED'),
  );
});
