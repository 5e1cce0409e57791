/**
 * How a command and the daemon prove to each other that both can read the same home. The form of these
 * three messages never changes: it is how programs of different versions find out that they are.
 */

import { utf8, type Bytes } from '../bytes.ts';
import { asArray, asBytes, asInteger, asText, encode, type CborValue } from '../codec.ts';
import { equalMacs, hmacSha256, secretKey } from '../crypto/hash.ts';
import { VaultError } from '../errors.ts';
import { fromCbor, toCbor } from './plain-data.ts';

/** Raised whenever a message, an operation or a field changes its meaning. What is only added raises nothing. */
export const API_VERSION = 1;

const MAGIC = 'vault api';
const NONCE_BYTES = 32;

/** What both sides know, or are told first. */
export interface GreetingKeys {
  /** From the file `daemon` in the home. */
  readonly secret: Bytes;
  /** Of the home, in hex. */
  readonly homeId: string;
}

export interface Hello {
  readonly version: number;
  /** Version of the program, for people. */
  readonly program: string;
  readonly nonce: Uint8Array;
}

/** What the daemon says of itself. */
export interface DaemonState {
  /** It waits for something that opens the home. */
  readonly locked: boolean;
  /** A device key file lies in the home. */
  readonly deviceKey: boolean;
  /** `device:inode` of the home's directory: a copy of a home is another one. */
  readonly place: string;
}

export interface Welcome extends Hello {
  readonly proof: Uint8Array;
  readonly state: DaemonState;
}

export function encodeHello({ version, program, nonce }: Hello): CborValue {
  return [MAGIC, version, program, nonce];
}

/** Throws `VAULT_ENTRY_INVALID`. */
export function decodeHello(value: CborValue): Hello {
  return helloOf(asArray(value, 4));
}

export function encodeWelcome(welcome: Welcome): CborValue {
  const { version, program, nonce, proof, state } = welcome;
  return [MAGIC, version, program, nonce, proof, toCbor(state)];
}

/** Throws `VAULT_ENTRY_INVALID`. */
export function decodeWelcome(value: CborValue): Welcome {
  const fields = asArray(value, 6);
  const state = fromCbor(fields[5] ?? null) as Partial<Record<keyof DaemonState, unknown>>;
  const { locked, deviceKey, place } = state;
  if (typeof locked !== 'boolean' || typeof deviceKey !== 'boolean' || typeof place !== 'string') {
    throw new VaultError('VAULT_ENTRY_INVALID', 'malformed greeting');
  }
  return {
    ...helloOf(fields),
    proof: asBytes(fields[4], NONCE_BYTES),
    state: { locked, deviceKey, place },
  };
}

export function encodeProof(proof: Bytes): CborValue {
  return [proof];
}

/** Throws `VAULT_ENTRY_INVALID`. */
export function decodeProof(value: CborValue): Uint8Array {
  return asBytes(asArray(value, 1)[0], NONCE_BYTES);
}

/** HMAC-SHA256 under the secret of who speaks, the home's id, and what both said first. */
export function proofOf(
  keys: GreetingKeys,
  speaker: 'daemon' | 'command',
  command: Hello,
  daemon: Hello,
): Uint8Array {
  const said: CborValue = [
    speaker,
    keys.homeId,
    command.version,
    command.nonce,
    daemon.version,
    daemon.nonce,
  ];
  return hmacSha256(secretKey(keys.secret), utf8('vault api v1 proof'), encode(said));
}

/** Throws `VAULT_REFUSED` for a proof that is none. */
export function checkProof(given: Bytes, expected: Bytes): void {
  if (equalMacs(given, expected)) return;
  throw new VaultError('VAULT_REFUSED', 'who answers on the socket of this home cannot read it');
}

/** Throws `VAULT_FORMAT_UNSUPPORTED` where the other side speaks another version. */
export function checkVersion(daemon: Hello, program: string): void {
  if (daemon.version === API_VERSION) return;
  const order = daemon.version > API_VERSION ? 'newer' : 'older';
  throw new VaultError(
    'VAULT_FORMAT_UNSUPPORTED',
    `the daemon is of a${order === 'newer' ? '' : 'n'} ${order} vault (${daemon.program}) than this command (${program})`,
    {
      hint:
        order === 'newer'
          ? 'use the newer vault for commands too'
          : 'run vault stop, then vault start: the newer vault then serves the home',
      details: { daemon: daemon.version, command: API_VERSION },
    },
  );
}

function helloOf(fields: readonly CborValue[]): Hello {
  const [magic, version, program, nonce] = fields;
  if (magic !== MAGIC) throw new VaultError('VAULT_ENTRY_INVALID', 'no greeting of vault');
  return {
    version: asInteger(version, 1),
    program: asText(program, 64),
    nonce: asBytes(nonce, NONCE_BYTES),
  };
}
