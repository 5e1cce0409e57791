/**
 * What a node knows of others for itself alone: where to reach them, when they were last here, and whom it
 * does not let in. Sealed, kept twice, never told to anybody.
 */

import { fromHex, toHex, utf8 } from '../bytes.ts';
import { asArray, asBytes, asInteger, asText, decode, encode, type CborValue } from '../codec.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import { VaultError } from '../errors.ts';
import {
  MAX_ADDRESS,
  MAX_DENIAL_CUTOFFS,
  MAX_DENIALS,
  MAX_GIVEN_ADDRESSES,
  MAX_SEEN_NODES,
} from '../limits.ts';
import type { MemberRecord, NodeId } from '../log/types.ts';
import type { RandomSource } from '../random.ts';
import { readTwin, writeTwin } from '../store/twin-file.ts';
import type { FileSystem } from '../system/file-system.ts';

/** An address that somebody gave by hand, or that an invite named. */
export interface GivenAddress {
  readonly address: string;
  /** Whose it is; undefined where that was not said: whoever is found there. */
  readonly node: NodeId | undefined;
}

/** When a node was last connected with, and at which address it answered. */
export interface SeenNode {
  readonly node: NodeId;
  /** Milliseconds since 1970. */
  readonly seenMs: number;
  /** Undefined where it has only ever dialed. */
  readonly address: string | undefined;
}

/** A node that is locked out here, from one folder or from all. */
export interface Denial {
  readonly node: NodeId;
  /** Id in hex; undefined: of every folder, also those to come. */
  readonly folder: string | undefined;
  /** The last entries of its logs that were there before: of all folders where none is named. */
  readonly cutoffs: MemberRecord['cutoffs'];
}

export interface PeerFacts {
  readonly addresses: readonly GivenAddress[];
  readonly seen: readonly SeenNode[];
  readonly denials: readonly Denial[];
}

const rowKey = utf8('vault v1 peers');
const nothing: PeerFacts = { addresses: [], seen: [], denials: [] };

/** Canonical bytes, not sealed. */
export function encodePeers({ addresses, seen, denials }: PeerFacts): Uint8Array {
  return encode([
    1,
    addresses.map(({ address, node }) => [address, node === undefined ? null : fromHex(node)]),
    seen.map(({ node, seenMs, address }) => [fromHex(node), seenMs, address ?? null]),
    denials.map(({ node, folder, cutoffs }) => [
      fromHex(node),
      folder === undefined ? null : fromHex(folder),
      cutoffs.map(({ log, seq, hash }) => [fromHex(log), seq, hash]),
    ]),
  ]);
}

/** Throws `VAULT_FORMAT_UNSUPPORTED` for a newer version, `VAULT_ENTRY_INVALID` for malformed bytes. */
export function decodePeers(bytes: Uint8Array): PeerFacts {
  const fields = asArray(decode(bytes), 1);
  if (asInteger(fields[0]) !== 1) {
    throw new VaultError('VAULT_FORMAT_UNSUPPORTED', 'what is known of peers is of a newer format');
  }
  return {
    addresses: asArray(fields[1], 0, MAX_GIVEN_ADDRESSES).map((row) => {
      const [address, node] = asArray(row, 2, 2);
      return { address: asText(address, MAX_ADDRESS), node: idOrNone(node) };
    }),
    seen: asArray(fields[2], 0, MAX_SEEN_NODES).map((row) => {
      const [node, seenMs, address] = asArray(row, 3, 3);
      return {
        node: idOf(node),
        seenMs: asInteger(seenMs),
        address: address === null ? undefined : asText(address, MAX_ADDRESS),
      };
    }),
    denials: asArray(fields[3], 0, MAX_DENIALS).map((row) => {
      const [node, folder, cutoffs] = asArray(row, 3, 3);
      return {
        node: idOf(node),
        folder: idOrNone(folder),
        cutoffs: asArray(cutoffs, 0, MAX_DENIAL_CUTOFFS).map((cutoff) => {
          const [log, seq, hash] = asArray(cutoff, 3, 3);
          return { log: idOf(log), seq: asInteger(seq), hash: asBytes(hash, 32) };
        }),
      };
    }),
  };
}

/** What is kept at `path`. Throws `VAULT_DAMAGED` where both copies are bad. */
export function readPeers(fileSystem: FileSystem, path: string, key: SecretKey): PeerFacts {
  const found = readTwin(fileSystem, path);
  return found === undefined ? nothing : decodePeers(openRow(key, rowKey, found.content));
}

/** Replaces what is kept at `path`: durable on return, old or new after a crash. */
export function writePeers(
  fileSystem: FileSystem,
  path: string,
  key: SecretKey,
  random: RandomSource,
  facts: PeerFacts,
): void {
  writeTwin(fileSystem, path, sealRow(key, rowKey, encodePeers(facts), random));
}

function idOf(value: CborValue | undefined): string {
  return toHex(asBytes(value, 32));
}

function idOrNone(value: CborValue | undefined): string | undefined {
  return value === null ? undefined : idOf(value);
}
