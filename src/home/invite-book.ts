/**
 * The invites that this node gave out: sealed under the home's key and kept twice. An invite is open until a
 * node has come with it; from then on it is that node's alone, so that a join cut short can be begun again,
 * and forgotten once it joined.
 */

import { equalBytes, mapKey, toHex, utf8, type Bytes } from '../bytes.ts';
import { asArray, asBytes, asInteger, asText, decode, encode, type CborValue } from '../codec.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { INVITE_SECRET_BYTES, inviteKeys } from '../crypto/invite-secret.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import { VaultError } from '../errors.ts';
import { MAX_ADDRESS_BYTES, MAX_INVITE_ADDRESSES, MAX_INVITES } from '../limits.ts';
import type { Role } from '../log/types.ts';
import type { RandomSource } from '../random.ts';
import { readTwin, writeTwin } from '../store/twin-file.ts';
import type { FileSystem } from '../system/file-system.ts';

/** `open`: nobody came with it. `taken`: one node did, and has not said that it joined. `used`: it has. */
export type InviteState = 'open' | 'taken' | 'used' | 'revoked';

export interface Invite {
  /** 32 bytes. */
  readonly id: Uint8Array;
  /** 16 bytes; undefined once nobody can use it any more. */
  readonly secret: Uint8Array | undefined;
  /** Folder id, 32 bytes. */
  readonly folder: Uint8Array;
  readonly role: Role;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly addresses: readonly string[];
  readonly state: InviteState;
  /** Static X25519 key of the node that came with it. */
  readonly peer: Uint8Array | undefined;
}

/** In the order of their numbers in the format. */
const states: readonly InviteState[] = ['open', 'taken', 'used', 'revoked'];
const roles: readonly Role[] = ['read', 'write', 'manage'];
const rowKey = utf8('vault v1 invites');
const VERSION = 1;
/** How long it is told what became of an invite. */
const REMEMBERED_MS = 30 * 24 * 3600 * 1000;

export interface InviteBookParts {
  readonly fileSystem: FileSystem;
  /** Without the endings of a twin file. */
  readonly path: string;
  readonly key: SecretKey;
  readonly random: RandomSource;
}

/** Everything that changes it is durable on return. */
export class InviteBook {
  readonly #parts: InviteBookParts;
  #invites: ReadonlyMap<string, Invite>;

  /** Reads the file, if there is one. Throws `VAULT_DAMAGED`, `VAULT_FORMAT_UNSUPPORTED`. */
  constructor(parts: InviteBookParts) {
    this.#parts = parts;
    const found = readTwin(parts.fileSystem, parts.path);
    const invites =
      found === undefined ? [] : decodeInvites(openRow(parts.key, rowKey, found.content));
    this.#invites = new Map(invites.map((invite) => [mapKey(invite.id), invite]));
  }

  /** In the order in which they were made. */
  get all(): readonly Invite[] {
    return [...this.#invites.values()];
  }

  find(id: Bytes): Invite | undefined {
    return this.#invites.get(mapKey(id));
  }

  /** Makes an invite that is open. Throws `VAULT_LIMIT_EXCEEDED` where too many are. */
  issue(
    made: Pick<Invite, 'folder' | 'role' | 'createdMs' | 'expiresMs' | 'addresses'>,
  ): Invite & { readonly secret: Uint8Array } {
    const secret = this.#parts.random.bytes(INVITE_SECRET_BYTES);
    const { id } = inviteKeys(secret);
    const invite = { ...made, id, secret, state: 'open' as const, peer: undefined };
    const kept = this.all.filter((one) => isRemembered(one, made.createdMs));
    if (kept.length >= MAX_INVITES) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', `there are ${kept.length} invites already`, {
        hint: 'revoke those that nobody needs: vault invite --list',
      });
    }
    this.#write([...kept, invite]);
    return invite;
  }

  /** The invite, if this node may come in with it now: it is open, or this node's already. */
  usable(id: Bytes, peer: Bytes, nowMs: number): Invite | undefined {
    const invite = this.find(id);
    if (invite?.state === 'taken') {
      return invite.peer !== undefined && equalBytes(invite.peer, peer) ? invite : undefined;
    }
    return invite?.state === 'open' && nowMs < invite.expiresMs ? invite : undefined;
  }

  /** Gives an invite to the node that came with it; undefined where that may not, or not any more. */
  take(id: Bytes, peer: Bytes, nowMs: number): Invite | undefined {
    const invite = this.usable(id, peer, nowMs);
    if (invite === undefined || invite.state === 'taken') return invite;
    return this.#change({ ...invite, state: 'taken', peer: peer.slice() });
  }

  /** The node joined: its secret is forgotten. */
  finish(invite: Invite): void {
    this.#change({ ...invite, state: 'used', secret: undefined });
  }

  /** Nobody comes in with it from now on. */
  revoke(invite: Invite): void {
    this.#change({ ...invite, state: 'revoked', secret: undefined });
  }

  #change(invite: Invite): Invite {
    this.#write(this.all.map((one) => (equalBytes(one.id, invite.id) ? invite : one)));
    return invite;
  }

  #write(invites: readonly Invite[]): void {
    const { fileSystem, path, key, random } = this.#parts;
    writeTwin(fileSystem, path, sealRow(key, rowKey, encodeInvites(invites), random));
    this.#invites = new Map(invites.map((invite) => [mapKey(invite.id), invite]));
  }
}

/** What is told of an invite now. */
export function inviteStateAt(
  { state, expiresMs }: Pick<Invite, 'state' | 'expiresMs'>,
  nowMs: number,
): InviteState | 'expired' {
  return state === 'open' && nowMs >= expiresMs ? 'expired' : state;
}

function isRemembered(invite: Invite, nowMs: number): boolean {
  return invite.state === 'taken' || nowMs < invite.expiresMs + REMEMBERED_MS;
}

/** Canonical bytes, not sealed. */
export function encodeInvites(invites: readonly Invite[]): Uint8Array {
  return encode([
    VERSION,
    invites.map((invite): CborValue => [
      invite.id,
      invite.secret ?? null,
      invite.folder,
      roles.indexOf(invite.role),
      invite.createdMs,
      invite.expiresMs,
      [...invite.addresses],
      states.indexOf(invite.state),
      invite.peer ?? null,
    ]),
  ]);
}

/** Throws `VAULT_FORMAT_UNSUPPORTED` for a newer version, `VAULT_ENTRY_INVALID` for malformed bytes. */
export function decodeInvites(bytes: Uint8Array): Invite[] {
  const [version, list] = asArray(decode(bytes), 2);
  if (asInteger(version) !== VERSION) {
    throw new VaultError('VAULT_FORMAT_UNSUPPORTED', 'the invites are of a newer format', {
      hint: 'use a newer vault',
    });
  }
  return asArray(list, 0, MAX_INVITES).map((item) => {
    const fields = asArray(item, 9, 9);
    const role = roles[asInteger(fields[3], 0, roles.length - 1)];
    const state = states[asInteger(fields[7], 0, states.length - 1)];
    if (role === undefined || state === undefined) throw new RangeError('expected known numbers');
    return {
      id: asBytes(fields[0], 32),
      secret: fields[1] === null ? undefined : asBytes(fields[1], INVITE_SECRET_BYTES),
      folder: asBytes(fields[2], 32),
      role,
      createdMs: asInteger(fields[4]),
      expiresMs: asInteger(fields[5]),
      addresses: asArray(fields[6], 0, MAX_INVITE_ADDRESSES).map((address) =>
        asText(address, MAX_ADDRESS_BYTES),
      ),
      state,
      peer: fields[8] === null ? undefined : asBytes(fields[8], 32),
    };
  });
}

/** The invite whose id begins with these hex digits. Throws `VAULT_NOT_FOUND`, or `VAULT_USAGE` where several do. */
export function inviteNamed(invites: readonly Invite[], text: string): Invite {
  const fitting = /^[0-9a-f]{4,64}$/.test(text)
    ? invites.filter(({ id }) => toHex(id).startsWith(text))
    : [];
  if (fitting.length > 1) {
    throw new VaultError('VAULT_USAGE', `several invites have an id that begins with ${text}`);
  }
  const [invite] = fitting;
  if (invite !== undefined) return invite;
  // It may be the line itself that was given, which is a secret.
  throw new VaultError('VAULT_NOT_FOUND', 'there is no invite of that id', {
    hint: 'see them with vault invite --list',
  });
}
