/**
 * An invite as one line to paste: `vault1` and Crockford's base 32, in either case, of
 *
 *   version u8 (1) | issuer's exchange key #32 | secret #16 | (length u8 | address)* | check #4
 *
 * check: first bytes of SHA-256("vault invite 1" | all before). It finds typing errors; it proves nothing.
 */

import { decodeBase32, encodeBase32, plainDigits } from '../base32.ts';
import { concat, equalBytes, utf8, type Bytes } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import { INVITE_SECRET_BYTES } from '../crypto/invite-secret.ts';
import { isVaultError, VaultError } from '../errors.ts';
import { MAX_ADDRESS_BYTES, MAX_INVITE_ADDRESSES } from '../limits.ts';
import { dialUrl } from './address.ts';

/** What a joiner needs. */
export interface InviteLine {
  /** Static X25519 key of the node that admits. */
  readonly issuer: Uint8Array;
  /** 16 bytes. */
  readonly secret: Uint8Array;
  /** Where that node may be reached: one at least. */
  readonly addresses: readonly string[];
}

const VERSION = 1;
const PREFIX = 'vault1';
const KEY_BYTES = 32;
const CHECK_BYTES = 4;
const checkLabel = utf8('vault invite 1');

/** The line. Throws `RangeError` for what none can hold. */
export function formatInvite({ issuer, secret, addresses }: InviteLine): string {
  if (issuer.length !== KEY_BYTES || secret.length !== INVITE_SECRET_BYTES) {
    throw new RangeError('expected a key of 32 bytes and a secret of 16');
  }
  if (addresses.length === 0 || addresses.length > MAX_INVITE_ADDRESSES) {
    throw new RangeError(`expected 1 … ${MAX_INVITE_ADDRESSES} addresses, got ${addresses.length}`);
  }
  const listed = addresses.map((address) => {
    const bytes = utf8(address);
    if (bytes.length === 0 || bytes.length > MAX_ADDRESS_BYTES) {
      throw new RangeError(`expected an address of 1 … ${MAX_ADDRESS_BYTES} bytes`);
    }
    return concat(Uint8Array.of(bytes.length), bytes);
  });
  const said = concat(Uint8Array.of(VERSION), issuer, secret, ...listed);
  return PREFIX + encodeBase32(concat(said, checkOf(said))).toLowerCase();
}

/** Reads a line as it was pasted or typed. Throws `VAULT_USAGE`, which never repeats what it was given. */
export function parseInvite(text: string): InviteLine {
  const digits = plainDigits(text);
  const prefix = plainDigits(PREFIX);
  if (!digits.startsWith(prefix)) throw mistyped('an invite begins with vault1');
  // A digit is at least five bits: what is longer is none of ours, and is not looked at.
  const most = KEY_BYTES + 64 + MAX_INVITE_ADDRESSES * (MAX_ADDRESS_BYTES + 1);
  if (digits.length > most * 2) throw mistyped('it is too long');
  const bytes = decodeBase32(digits.slice(prefix.length));
  const end = (bytes?.length ?? 0) - CHECK_BYTES;
  const from = 1 + KEY_BYTES + INVITE_SECRET_BYTES;
  if (bytes === undefined || end <= from) throw mistyped('it is not whole');
  if (!equalBytes(bytes.subarray(end), checkOf(bytes.subarray(0, end)))) {
    throw mistyped('its check digits do not match');
  }
  if (bytes[0] !== VERSION) {
    throw new VaultError('VAULT_FORMAT_UNSUPPORTED', 'the invite is of a newer format', {
      hint: 'use a newer vault',
    });
  }
  return {
    issuer: bytes.slice(1, 1 + KEY_BYTES),
    secret: bytes.slice(1 + KEY_BYTES, from),
    addresses: readAddresses(bytes.subarray(from, end)),
  };
}

function readAddresses(bytes: Bytes): readonly string[] {
  const addresses: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at] ?? 0;
    const part = bytes.subarray(at + 1, at + 1 + length);
    at += 1 + length;
    if (length === 0 || part.length !== length || addresses.length === MAX_INVITE_ADDRESSES) {
      throw mistyped('its addresses cannot be read');
    }
    const address = Buffer.from(part).toString('utf8');
    if (!equalBytes(utf8(address), part) || !isAddress(address)) {
      throw mistyped('it holds what is no address');
    }
    addresses.push(address);
  }
  return addresses;
}

function isAddress(text: string): boolean {
  try {
    dialUrl(text);
    return true;
  } catch (error) {
    if (isVaultError(error)) return false;
    throw error;
  }
}

function checkOf(bytes: Bytes): Uint8Array {
  return sha256(checkLabel, bytes).subarray(0, CHECK_BYTES);
}

function mistyped(why: string): VaultError {
  return new VaultError('VAULT_USAGE', `the invite is mistyped: ${why}`, {
    hint: 'paste the whole line that vault invite printed',
  });
}
