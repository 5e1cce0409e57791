import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scrypt as nobleScrypt } from '@noble/hashes/scrypt.js';
import fc from 'fast-check';
import { toHex, utf8 } from '../../src/bytes.ts';
import { checkScryptCost, SCRYPT_COST, scryptKey } from '../../src/crypto/scrypt.ts';

const limit = { code: 'VAULT_LIMIT_EXCEEDED' };

test('scrypt gives the vector of RFC 7914', async () => {
  const key = await scryptKey(utf8('pleaseletmein'), utf8('SodiumChloride'), {
    log2N: 14,
    r: 8,
    p: 1,
  });
  assert.equal(toHex(key), '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2');
});

test('the default cost works: 2^17, 8, 1', async () => {
  assert.deepEqual(SCRYPT_COST, { log2N: 17, r: 8, p: 1 });
  const key = await scryptKey(utf8('password'), utf8('salt'), SCRYPT_COST);
  assert.equal(toHex(key), '621b282083cea28c49ab3673360283cff9afe85b3e6a409bebc800563cc08c85');
});

test('scrypt agrees with an independent implementation', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 4 }),
      async (password, salt, r, p) => {
        const key = await scryptKey(password, salt, { log2N: 10, r, p });
        assert.deepEqual(key, nobleScrypt(password, salt, { N: 1024, r, p, dkLen: 32 }));
      },
    ),
    { numRuns: 10 },
  );
});

test('a cost that protects nothing or exhausts the machine is refused before any work', async () => {
  const good = { log2N: 20, r: 8, p: 4 };
  checkScryptCost(good);
  checkScryptCost({ log2N: 10, r: 1, p: 1 });
  for (const edit of [
    { log2N: 9 },
    { log2N: 21 },
    { log2N: 12.5 },
    { r: 0 },
    { r: 9 },
    { p: 0 },
    { p: 5 },
    { p: Number.NaN },
  ]) {
    const cost = { ...good, ...edit };
    assert.throws(() => checkScryptCost(cost), limit, JSON.stringify(edit));
    await assert.rejects(scryptKey(utf8('x'), utf8('y'), cost), limit);
  }
});
