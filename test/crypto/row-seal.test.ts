import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat } from '../../src/bytes.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { openRow, ROW_OVERHEAD, sealRow } from '../../src/crypto/row-seal.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { fixedRandom, named } from './fixtures.ts';
import { aeadSeal } from './independent.ts';

const raw = named('meta key');
const key = secretKey(raw);
const damaged = { code: 'VAULT_DAMAGED' };

test('any row opens under its key and is that of an independent implementation', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
      (rowKey, plain, nonce) => {
        const sealed = sealRow(key, rowKey, plain, fixedRandom(nonce));
        assert.equal(sealed.length, plain.length + ROW_OVERHEAD);
        assert.deepEqual(sealed, concat(nonce, aeadSeal(raw, nonce, rowKey, plain)));
        assert.deepEqual(openRow(key, rowKey, sealed), plain);
      },
    ),
  );
});

test('a row moved to another key, changed in any bit, cut or extended is damaged', () => {
  const rowKey = Buffer.from('directory 1');
  const sealed = sealRow(key, rowKey, Buffer.from('its state'), seededRandom('row'));
  assert.throws(() => openRow(key, Buffer.from('directory 2'), sealed), damaged);
  assert.throws(() => openRow(key, rowKey.subarray(1), sealed), damaged);
  assert.throws(() => openRow(secretKey(named('other')), rowKey, sealed), damaged);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = sealed.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => openRow(key, rowKey, changed), damaged, `bit ${bit}`);
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(() => openRow(key, rowKey, sealed.subarray(0, length)), damaged, `${length}`);
  }
  assert.throws(() => openRow(key, rowKey, concat(sealed, Uint8Array.of(0))), damaged);
});

test('a row sealed twice is never the same bytes', () => {
  const random = seededRandom('rows');
  const [one, two] = [1, 2].map(() => sealRow(key, named('row'), Buffer.from('state'), random));
  assert.notDeepEqual(one, two);
});
