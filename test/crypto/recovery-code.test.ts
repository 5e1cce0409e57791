import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatRecoveryCode,
  newRecoveryBytes,
  parseRecoveryCode,
  RECOVERY_BYTES,
} from '../../src/crypto/recovery-code.ts';
import { seededRandom } from '../helpers/seeded.ts';

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const wrong = { code: 'VAULT_KEY_WRONG', message: /mistyped/ };
const bytes20 = fc.uint8Array({ minLength: RECOVERY_BYTES, maxLength: RECOVERY_BYTES });

test('a recovery code is nine groups of four digits that people can tell apart', () => {
  fc.assert(
    fc.property(bytes20, (bytes) => {
      assert.match(formatRecoveryCode(bytes), /^([0-9A-HJKMNP-TV-Z]{4}-){8}[0-9A-HJKMNP-TV-Z]{4}$/);
    }),
  );
  assert.equal(newRecoveryBytes(seededRandom(1)).length, 20);
  assert.throws(() => formatRecoveryCode(new Uint8Array(19)), RangeError);
});

test('a code comes back however a person writes it', () => {
  fc.assert(
    fc.property(bytes20, fc.nat(3), fc.nat(3), (bytes, style, separator) => {
      let typed = formatRecoveryCode(bytes);
      if (style === 1) typed = typed.toLowerCase();
      if (style === 2) typed = typed.replaceAll('0', 'O').replaceAll('1', 'I');
      if (style === 3) typed = typed.replaceAll('0', 'o').replaceAll('1', 'l');
      typed = typed.replaceAll('-', ['-', ' ', '', ' \u2013 '][separator] ?? '');
      assert.deepEqual(parseRecoveryCode(` ${typed}\n`), bytes);
    }),
  );
});

test('every wrong digit is found', () => {
  const code = formatRecoveryCode(seededRandom('digits').bytes(20));
  for (let at = 0; at < code.length; at++) {
    if (code[at] === '-') continue;
    for (const digit of digits) {
      if (digit === code[at]) continue;
      const typed = code.slice(0, at) + digit + code.slice(at + 1);
      assert.throws(() => parseRecoveryCode(typed), wrong, typed);
    }
  }
});

test('every two digits that are swapped are found', () => {
  fc.assert(
    fc.property(bytes20, (bytes) => {
      const code = formatRecoveryCode(bytes).replaceAll('-', '').split('');
      for (let one = 0; one < code.length; one++) {
        for (let two = one + 1; two < code.length; two++) {
          if (code[one] === code[two]) continue;
          const typed = [...code];
          [typed[one], typed[two]] = [code[two] ?? '', code[one] ?? ''];
          assert.throws(() => parseRecoveryCode(typed.join('')), wrong, typed.join(''));
        }
      }
    }),
    { numRuns: 10 },
  );
});

test('a missing, added or impossible character is said in words', () => {
  const code = formatRecoveryCode(seededRandom('length').bytes(20));
  assert.throws(() => parseRecoveryCode(code.slice(1)), {
    code: 'VAULT_KEY_WRONG',
    message: 'the recovery code is mistyped: it has 35 digits instead of 36',
    hint: 'compare it with the written code, digit by digit',
  });
  assert.throws(() => parseRecoveryCode(`${code}0`), { message: /37 digits/ });
  assert.throws(() => parseRecoveryCode(''), { message: /0 digits/ });
  assert.throws(() => parseRecoveryCode(`U${code.slice(1)}`), { message: /cannot contain "U"/ });
  assert.throws(() => parseRecoveryCode('0'.repeat(36)), wrong);
});

test('one number is written in one way only', () => {
  // The all-zero code has check digits 1; the prime more is the same remainder, but no code.
  const zero = formatRecoveryCode(new Uint8Array(20));
  assert.equal(zero, '0000-0000-0000-0000-0000-0000-0000-0000-0001');
  assert.deepEqual(parseRecoveryCode(zero), new Uint8Array(20));
  assert.throws(() => parseRecoveryCode('0000-0000-0000-0000-0000-0000-0000-0000-ZZZY'), wrong);
});
