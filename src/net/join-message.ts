/** What is said while a node joins a folder: canonical CBOR arrays that begin with a number. */

import { concat, type Bytes } from '../bytes.ts';
import { checkChunkerParams, type ChunkerParams } from '../chunking/params.ts';
import { asArray, asBytes, asInteger, asText, decode, encode, type CborValue } from '../codec.ts';
import { VaultError } from '../errors.ts';
import { MAX_EPOCHS, MAX_LABEL } from '../limits.ts';
import { asId, idToBytes } from '../log/clock-codec.ts';
import { SIGNATURE_BYTES, type Sign, type VerifySignature } from '../log/head.ts';
import type { NodeId, Role } from '../log/types.ts';

/** Why the issuer admits nobody: in the order of their numbers. */
export const joinRefusals = ['spent', 'not permitted', 'unable'] as const;

export type JoinRefusal = (typeof joinRefusals)[number];

export type JoinMessage =
  /** From the joiner, first: who it is. */
  | { readonly type: 'request'; readonly node: NodeId; readonly signature: Uint8Array }
  /** It is a member now; {@link JoinHandover} in a box that only its exchange key opens. */
  | { readonly type: 'admitted'; readonly sealed: Uint8Array }
  | { readonly type: 'refused'; readonly reason: JoinRefusal }
  /** From the joiner, last: its folder is durable. */
  | { readonly type: 'joined' };

/** What opens a folder. */
export interface JoinHandover {
  /** Folder id, 32 bytes. */
  readonly folder: Uint8Array;
  readonly secret: Uint8Array;
  /** All that the issuer has; new content goes under the last one. */
  readonly epochs: readonly { readonly id: Uint8Array; readonly secret: Uint8Array }[];
  /** What the folder is called at the issuer. */
  readonly name: string;
  readonly params: ChunkerParams;
  readonly role: Role;
  /** Who admits. */
  readonly issuer: NodeId;
}

const VERSION = 1;
const REQUEST = 0;
const ADMITTED = 1;
const REFUSED = 2;
const JOINED = 3;
const roles: readonly Role[] = ['read', 'write', 'manage'];
const JOIN_LABEL = 'join v1';

/** What ties a request to its connection: who is at the other end of it, and with which invite. */
export interface JoinSession {
  readonly sessionHash: Uint8Array;
  readonly invite: Uint8Array;
  /** Static key of the joiner. */
  readonly joiner: Uint8Array;
}

/** A request signed by the node that joins: that it has this exchange key. */
export function joinRequest(sign: Sign, node: NodeId, session: JoinSession): JoinMessage {
  return { type: 'request', node, signature: sign(JOIN_LABEL, requestMessage(session)) };
}

/** Whether the node of a request is the one at the other end. */
export function isGenuineRequest(
  verify: VerifySignature,
  { node, signature }: Extract<JoinMessage, { type: 'request' }>,
  session: JoinSession,
): boolean {
  return verify(node, JOIN_LABEL, requestMessage(session), signature);
}

function requestMessage({ sessionHash, invite, joiner }: JoinSession): Uint8Array {
  return concat(sessionHash, invite, joiner);
}

export function encodeJoinMessage(message: JoinMessage): Uint8Array {
  switch (message.type) {
    case 'request':
      return encode([REQUEST, VERSION, idToBytes(message.node), message.signature]);
    case 'admitted':
      return encode([ADMITTED, message.sealed]);
    case 'refused':
      return encode([REFUSED, joinRefusals.indexOf(message.reason)]);
    case 'joined':
      return encode([JOINED]);
  }
}

/** Throws `VAULT_ENTRY_INVALID` for what is none, `VAULT_FORMAT_UNSUPPORTED` for a request of another version. */
export function decodeJoinMessage(bytes: Bytes): JoinMessage {
  const fields = asArray(decode(bytes), 1, 4);
  const expect = (count: number): void => {
    if (fields.length !== count) throw malformed();
  };
  switch (asInteger(fields[0], REQUEST, JOINED)) {
    case REQUEST:
      if (asInteger(fields[1]) !== VERSION) {
        throw new VaultError('VAULT_FORMAT_UNSUPPORTED', 'a join of another version');
      }
      expect(4);
      return {
        type: 'request',
        node: asId(fields[2]),
        signature: asBytes(fields[3], SIGNATURE_BYTES),
      };
    case ADMITTED:
      expect(2);
      return { type: 'admitted', sealed: asBytes(fields[1]) };
    case REFUSED: {
      expect(2);
      // A reason that a later version may have says no more than that it is one.
      return { type: 'refused', reason: joinRefusals[asInteger(fields[1], 0, 255)] ?? 'unable' };
    }
    default:
      expect(1);
      return { type: 'joined' };
  }
}

/** Canonical bytes, to be sealed to the joiner. */
export function encodeHandover(handover: JoinHandover): Uint8Array {
  const { folder, secret, epochs, name, params, role, issuer } = handover;
  return encode([
    VERSION,
    folder,
    secret,
    epochs.map((epoch) => [epoch.id, epoch.secret]),
    name,
    [params.id, params.min, params.average, params.max],
    roles.indexOf(role),
    idToBytes(issuer),
  ]);
}

/** Throws `VAULT_FORMAT_UNSUPPORTED` for another version, `VAULT_ENTRY_INVALID` for malformed bytes. */
export function decodeHandover(bytes: Bytes): JoinHandover {
  const fields = asArray(decode(bytes), 8, 8);
  if (asInteger(fields[0]) !== VERSION) {
    throw new VaultError('VAULT_FORMAT_UNSUPPORTED', 'what opens the folder is of a newer format', {
      hint: 'use a newer vault',
    });
  }
  const role = roles[asInteger(fields[6], 0, roles.length - 1)];
  if (role === undefined) throw malformed();
  return {
    folder: asBytes(fields[1], 32),
    secret: asBytes(fields[2], 32),
    epochs: asArray(fields[3], 1, MAX_EPOCHS).map((epoch) => {
      const pair = asArray(epoch, 2, 2);
      return { id: asBytes(pair[0], 16), secret: asBytes(pair[1], 32) };
    }),
    name: asText(fields[4], MAX_LABEL),
    params: asParams(fields[5]),
    role,
    issuer: asId(fields[7]),
  };
}

function asParams(value: CborValue | undefined): ChunkerParams {
  const [id, min, average, max] = asArray(value, 4, 4).map((field) => asInteger(field));
  try {
    return checkChunkerParams({ id: id ?? 0, min: min ?? 0, average: average ?? 0, max: max ?? 0 });
  } catch (error) {
    if (error instanceof RangeError) throw malformed();
    throw error;
  }
}

function malformed(): VaultError {
  return new VaultError('VAULT_ENTRY_INVALID', 'malformed message');
}
