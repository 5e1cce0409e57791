/**
 * What a node keeps of one folder outside its store: secrets, epochs, name, where it lies here, and
 * its settings. Sealed under the home's root key and kept twice; with it and `chunks/` alone the
 * folder can be read.
 */

import { checkChunkerParams, type ChunkerParams } from '../chunking/params.ts';
import {
  asArray,
  asBoolean,
  asBytes,
  asInteger,
  asText,
  decode,
  encode,
  type CborValue,
} from '../codec.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { utf8 } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { Excludes } from '../folder/excludes.ts';
import { MAX_EPOCHS, MAX_EXCLUDES, MAX_LABEL } from '../limits.ts';
import { asId, idToBytes } from '../log/clock-codec.ts';
import type { HistoryKept } from '../log/kept-contents.ts';
import type { NodeId, Role } from '../log/types.ts';
import { pathFromBytes, pathToBytes } from '../path-bytes.ts';
import type { RandomSource } from '../random.ts';
import { readTwin, writeTwin } from '../store/twin-file.ts';
import type { FileSystem } from '../system/file-system.ts';

export interface FolderState {
  /** 32 bytes, known to members only. */
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
  /** 16 random bytes: which life of this node's log in the folder. */
  readonly incarnation: Uint8Array;
  /** New content is sealed under the last one. */
  readonly epochs: readonly { readonly id: Uint8Array; readonly secret: Uint8Array }[];
  readonly name: string;
  /** Absolute path of the working copy; undefined with none. */
  readonly path: string | undefined;
  readonly params: ChunkerParams;
  readonly paused: boolean;
  /** What is left out of it on this node. */
  readonly excludes: Excludes;
  readonly createdMs: number;
  /** Inode and device of the working copy's root when it was added: a swapped root shows. */
  readonly root: string | undefined;
  /** Of a locked folder: where its working copy lay, and what may be left of it lies. */
  readonly lockedAt: string | undefined;
  /** Who admitted this node; undefined where it made the folder. */
  readonly introducer?: Introducer;
  /** Which contents this node keeps by itself; default `all`. */
  readonly history?: HistoryKept;
}

/**
 * The node that this one joined through. Until the logs that are here tell who the members are, it is
 * the one member this node knows, and `role` its own role.
 */
export interface Introducer {
  readonly node: NodeId;
  /** Static X25519 key, 32 bytes. */
  readonly exchangeKey: Uint8Array;
  readonly role: Role;
}

/** 1 has no excludes but patterns, 2 is never locked, 3 made here, 4 keeps all: the least that says all is written. */
const VERSIONS = [1, 2, 3, 4, 5];
const roles: readonly Role[] = ['read', 'write', 'manage'];
const rowKey = utf8('vault v1 folder file');

/** Canonical bytes of the state, not sealed. */
export function encodeFolderState(state: FolderState): Uint8Array {
  const { params, excludes, introducer } = state;
  const { caches, ifPresent, largerThan, oneFileSystem } = excludes;
  const isMore = caches || oneFileSystem || ifPresent.length > 0 || largerThan !== undefined;
  const keepsAll = state.history !== 'current';
  const version = !keepsAll
    ? 5
    : introducer
      ? 4
      : state.lockedAt !== undefined
        ? 3
        : isMore
          ? 2
          : 1;
  return encode([
    version,
    state.id,
    state.secret,
    state.incarnation,
    state.epochs.map(({ id, secret }) => [id, secret]),
    state.name,
    state.path === undefined ? null : pathToBytes(state.path),
    [params.id, params.min, params.average, params.max],
    state.paused,
    [...excludes.patterns],
    state.createdMs,
    state.root ?? null,
    ...(version > 1 ? [[caches, [...ifPresent], largerThan ?? null, oneFileSystem]] : []),
    ...(version < 3 ? [] : [state.lockedAt === undefined ? null : pathToBytes(state.lockedAt)]),
    ...(version < 4 ? [] : [introducerValue(introducer)]),
    ...(keepsAll ? [] : [1]),
  ]);
}

function introducerValue(introducer: Introducer | undefined): CborValue {
  if (introducer === undefined) return null;
  const { node, exchangeKey, role } = introducer;
  return [idToBytes(node), exchangeKey, roles.indexOf(role)];
}

/** Throws `VAULT_FORMAT_UNSUPPORTED` for a newer version, `VAULT_ENTRY_INVALID` for malformed bytes. */
export function decodeFolderState(bytes: Uint8Array): FolderState {
  const fields = asArray(decode(bytes), 12);
  const version = asInteger(fields[0]);
  if (!VERSIONS.includes(version)) {
    throw new VaultError(
      'VAULT_FORMAT_UNSUPPORTED',
      `folder file of version ${String(fields[0])}`,
      {
        hint: 'use a newer vault',
      },
    );
  }
  const params = asArray(fields[7], 4, 4);
  return {
    id: asBytes(fields[1], 32),
    secret: asBytes(fields[2], 32),
    incarnation: asBytes(fields[3], 16),
    epochs: asArray(fields[4], 1, MAX_EPOCHS).map((epoch) => {
      const pair = asArray(epoch, 2, 2);
      return { id: asBytes(pair[0], 16), secret: asBytes(pair[1], 32) };
    }),
    name: asText(fields[5], MAX_LABEL),
    path: fields[6] === null ? undefined : pathFromBytes(asBytes(fields[6])),
    params: checkChunkerParams({
      id: asInteger(params[0]),
      min: asInteger(params[1]),
      average: asInteger(params[2]),
      max: asInteger(params[3]),
    }),
    paused: asBoolean(fields[8]),
    excludes: decodeExcludes(fields[9], version === 1 ? [false, [], null, false] : fields[12]),
    createdMs: asInteger(fields[10]),
    root: fields[11] === null ? undefined : asText(fields[11], 100),
    lockedAt:
      version < 3 || (version > 3 && fields[13] === null)
        ? undefined
        : pathFromBytes(asBytes(fields[13])),
    ...(version < 4 || (version > 4 && fields[14] === null)
      ? {}
      : { introducer: decodeIntroducer(fields[14]) }),
    ...(version < 5 || asInteger(fields[15], 0, 1) === 0 ? {} : { history: 'current' as const }),
  };
}

function decodeIntroducer(value: CborValue | undefined): Introducer {
  const fields = asArray(value, 3, 3);
  const role = roles[asInteger(fields[2], 0, roles.length - 1)];
  if (role === undefined) throw new RangeError('expected a known number');
  return {
    node: asId(fields[0]),
    exchangeKey: asBytes(fields[1], 32),
    role,
  };
}

function decodeExcludes(patterns: CborValue | undefined, others: CborValue | undefined): Excludes {
  const texts = (list: CborValue | undefined): string[] =>
    asArray(list, 0, MAX_EXCLUDES).map((text) => asText(text));
  const [caches, ifPresent, largerThan, oneFileSystem] = asArray(others, 4, 4);
  return {
    patterns: texts(patterns),
    caches: asBoolean(caches),
    ifPresent: texts(ifPresent),
    largerThan: largerThan === null ? undefined : asInteger(largerThan),
    oneFileSystem: asBoolean(oneFileSystem),
  };
}

/** The state kept at `path`, or undefined where there is none. Throws `VAULT_DAMAGED` where both copies are bad. */
export function readFolderFile(
  fileSystem: FileSystem,
  path: string,
  key: SecretKey,
): FolderState | undefined {
  const found = readTwin(fileSystem, path);
  if (found === undefined) return undefined;
  return decodeFolderState(openRow(key, rowKey, found.content));
}

/** Replaces the state at `path`: durable on return, old or new after a crash. */
export function writeFolderFile(
  fileSystem: FileSystem,
  path: string,
  key: SecretKey,
  random: RandomSource,
  state: FolderState,
): void {
  writeTwin(fileSystem, path, sealRow(key, rowKey, encodeFolderState(state), random));
}
