/**
 * Recovery codes: 160 random bits to be written on paper, with a checksum that finds typing errors.
 *
 * The code is one number in 36 digits of Crockford's base 32, most significant first, in nine groups
 * of four: the 160 bits, then 20 check bits chosen so that the whole is 1 modulo the prime 1048573
 * (as in ISO 7064). So every wrong digit and every two digits swapped are found, and of anything
 * else all but one in a million.
 */

import { BASE32_DIGITS, plainDigits } from '../base32.ts';
import { fromHex, toHex, type Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';

/** Bytes that a recovery code stands for. */
export const RECOVERY_BYTES = 20;

const LENGTH = 36;
const PRIME = 1_048_573n;

/** 20 new random bytes; {@link formatRecoveryCode} writes them down. */
export function newRecoveryBytes(random: RandomSource): Uint8Array {
  return random.bytes(RECOVERY_BYTES);
}

/** The code of these 20 bytes, such as `7K3M-…`: 36 digits in nine groups. */
export function formatRecoveryCode(bytes: Bytes): string {
  if (bytes.length !== RECOVERY_BYTES) {
    throw new RangeError(`expected ${RECOVERY_BYTES} bytes, got ${bytes.length}`);
  }
  const shifted = BigInt(`0x${toHex(bytes)}`) << 20n;
  let rest = shifted + ((PRIME + 1n - (shifted % PRIME)) % PRIME);
  let digits = '';
  for (let at = 0; at < LENGTH; at++) {
    digits = (BASE32_DIGITS[Number(rest & 31n)] ?? '') + digits;
    rest >>= 5n;
  }
  return digits.replace(/.{4}(?=.)/g, '$&-');
}

/**
 * The 20 bytes of a code as a person typed it: case, spaces and dashes do not matter, O is 0, I and L
 * are 1. Throws `VAULT_KEY_WRONG` where it is no recovery code.
 */
export function parseRecoveryCode(text: string): Uint8Array {
  const digits = plainDigits(text);
  if (digits.length !== LENGTH) {
    throw mistyped(`it has ${digits.length} digits instead of ${LENGTH}`);
  }
  let whole = 0n;
  for (const digit of digits) {
    const value = BASE32_DIGITS.indexOf(digit);
    if (value < 0) throw mistyped(`it cannot contain ${JSON.stringify(digit)}`);
    whole = (whole << 5n) + BigInt(value);
  }
  if (whole % PRIME !== 1n || (whole & 0xfffffn) >= PRIME) {
    throw mistyped('its check digits do not match');
  }
  return fromHex((whole >> 20n).toString(16).padStart(RECOVERY_BYTES * 2, '0'));
}

function mistyped(why: string): VaultError {
  return new VaultError('VAULT_KEY_WRONG', `the recovery code is mistyped: ${why}`, {
    hint: 'compare it with the written code, digit by digit',
  });
}

/** Whether a text is a recovery code, its check symbols included. */
export function isRecoveryCode(text: string): boolean {
  try {
    parseRecoveryCode(text);
    return true;
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}
