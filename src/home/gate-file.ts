/**
 * What a node remembers of handshakes after it was stopped: which it accepted, and the times that it sent.
 * Sealed, kept twice. With it gone, recorded first messages would be taken for new ones.
 */

import { fromHex, toHex, utf8 } from '../bytes.ts';
import { asArray, asBytes, asInteger, decode, encode } from '../codec.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import { VaultError } from '../errors.ts';
import { MAX_GATE_KEYS } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { readTwin, writeTwin } from '../store/twin-file.ts';
import type { FileSystem } from '../system/file-system.ts';

export interface GateState {
  /** What callers sent that are not listed is new above this time only, in µs since 1970; −1: whenever. */
  readonly floorUs: number;
  /** Of callers, which were heard last at the end: `member` or `invite`, and 32 bytes in hex → what to know a replay by. */
  readonly heard: ReadonlyMap<string, Uint8Array>;
  /** Keys of responders in hex → the last time that was sent to them, in µs. The last used at the end. */
  readonly sent: ReadonlyMap<string, number>;
}

const kinds = ['member', 'invite'] as const;
const rowKey = utf8('vault v1 gate');
const nothing: GateState = { floorUs: -1, heard: new Map(), sent: new Map() };

/** Canonical bytes of the state, not sealed. */
export function encodeGate({ floorUs, heard, sent }: GateState): Uint8Array {
  const callers = [...heard].map(([name, window]) => {
    const [kind = '', key = ''] = name.split(' ');
    return [kinds.indexOf(kind as 'member'), fromHex(key), window];
  });
  return encode([1, floorUs + 1, callers, [...sent].map(([key, us]) => [fromHex(key), us])]);
}

/** Throws `VAULT_FORMAT_UNSUPPORTED` for a newer version, `VAULT_ENTRY_INVALID` for malformed bytes. */
export function decodeGate(bytes: Uint8Array): GateState {
  const fields = asArray(decode(bytes), 1);
  if (asInteger(fields[0]) !== 1) {
    throw new VaultError(
      'VAULT_FORMAT_UNSUPPORTED',
      'the memory of handshakes is of a newer format',
    );
  }
  const heard = asArray(fields[2], 0, MAX_GATE_KEYS).map((row) => {
    const [kind, key, window] = asArray(row, 3, 3);
    const name = kinds[asInteger(kind)];
    if (name === undefined)
      throw new VaultError('VAULT_ENTRY_INVALID', 'a caller of no known kind');
    return [`${name} ${toHex(asBytes(key, 32))}`, asBytes(window)] as const;
  });
  const sent = asArray(fields[3], 0, MAX_GATE_KEYS).map((row) => {
    const [key, us] = asArray(row, 2, 2);
    return [toHex(asBytes(key, 32)), asInteger(us)] as const;
  });
  return { floorUs: asInteger(fields[1]) - 1, heard: new Map(heard), sent: new Map(sent) };
}

/** The state kept at `path`. Throws `VAULT_DAMAGED` where both copies are bad. */
export function readGate(fileSystem: FileSystem, path: string, key: SecretKey): GateState {
  const found = readTwin(fileSystem, path);
  return found === undefined ? nothing : decodeGate(openRow(key, rowKey, found.content));
}

/** Replaces the state at `path`: durable on return, old or new after a crash. */
export function writeGate(
  fileSystem: FileSystem,
  path: string,
  key: SecretKey,
  random: RandomSource,
  state: GateState,
): void {
  writeTwin(fileSystem, path, sealRow(key, rowKey, encodeGate(state), random));
}
