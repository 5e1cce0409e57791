import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, toHex, utf8 } from '../../src/bytes.ts';
import { openIdentity, signedBytes, verifySignature } from '../../src/crypto/identity.ts';
import { loadSodium } from '../../src/crypto/sodium.ts';
import { seededRandom } from '../helpers/seeded.ts';

const sodium = await loadSodium();
const seeds = { sign: new Uint8Array(32).fill(1), exchange: new Uint8Array(32).fill(2) };
const identity = openIdentity(sodium, seeds);

test('equal seeds give the same identity, and its id is its signing key', () => {
  const again = openIdentity(sodium, seeds);
  assert.equal(again.id, identity.id);
  assert.equal(identity.id, toHex(identity.signKey));
  assert.deepEqual(again.exchangeKey, identity.exchangeKey);
  const other = openIdentity(sodium, { ...seeds, sign: new Uint8Array(32).fill(3) });
  assert.notEqual(other.id, identity.id);
  assert.throws(() => openIdentity(sodium, { ...seeds, sign: new Uint8Array(31) }), RangeError);
});

test('a signature is good for its label, message and signer only', () => {
  const message = utf8('the head');
  const signature = identity.sign('head', message);
  const signed = { label: 'head', message, signature, signKey: identity.signKey };
  assert.ok(verifySignature(sodium, signed));
  const changed = signature.slice();
  changed[40] = (changed[40] ?? 0) ^ 1;
  const other = openIdentity(sodium, { ...seeds, sign: new Uint8Array(32).fill(3) });
  for (const edit of [
    { label: 'member' },
    { label: 'hea', message: concat(utf8('d'), message) },
    { message: utf8('the heap') },
    { signature: changed },
    { signKey: other.signKey },
    { signKey: identity.exchangeKey },
  ]) {
    assert.ok(!verifySignature(sodium, { ...signed, ...edit }), Object.keys(edit).join());
  }
});

test('the signed bytes keep label and message apart', () => {
  assert.deepEqual(
    signedBytes('head', Uint8Array.of(0xaa)),
    concat(utf8('vault signature v1'), Uint8Array.of(4), utf8('head'), Uint8Array.of(0xaa)),
  );
  assert.notDeepEqual(signedBytes('ab', utf8('c')), signedBytes('a', utf8('bc')));
  assert.throws(() => signedBytes('', utf8('c')), RangeError);
  assert.throws(() => signedBytes('x'.repeat(256), utf8('c')), RangeError);
});

test('what is sealed to the exchange key opens with this identity only', () => {
  const sealed = sodium.sealTo(identity.exchangeKey, utf8('epoch secret'), seededRandom(1));
  assert.deepEqual(identity.openSealedBox(sealed), utf8('epoch secret'));
  const other = openIdentity(sodium, { ...seeds, exchange: new Uint8Array(32).fill(9) });
  assert.equal(other.openSealedBox(sealed), undefined);
  assert.deepEqual(other.exchange(identity.exchangeKey), identity.exchange(other.exchangeKey));
});
