/**
 * Membership record: `[action, node, exchange key, role, cutoffs, after, time, by, signature]`.
 *
 *   label:   "member v1"
 *   message: folder id 32 | canonical CBOR of the same list without `signature`
 *   id:      SHA-256("vault member v1" | message): one statement signed twice is one statement
 */

import { compareBytes, concat, utf8 } from '../bytes.ts';
import { asArray, asBytes, asInteger, encode, type CborValue } from '../codec.ts';
import { sha256 } from '../crypto/hash.ts';
import { MAX_LOGS, MAX_PREDECESSORS } from '../limits.ts';
import { asByteSet, asId, assertAscending, idToBytes } from './clock-codec.ts';
import { SIGNATURE_BYTES, type Sign, type VerifySignature } from './head.ts';
import { invalid } from './link.ts';
import { ID_BYTES } from './log-id.ts';
import { asPosition } from './log-start-record.ts';
import type { MemberRecord, Role } from './types.ts';

/** In the order of their numbers in the format. */
const actions = ['admit', 'role', 'remove'] as const;
const roles: readonly Role[] = ['read', 'write', 'manage'];
const MEMBER_LABEL = 'member v1';
const idLabel = utf8('vault member v1');

export type UnsignedMemberRecord = Omit<MemberRecord, 'signature'>;

/** The bytes that the record's signature covers. `folder` is 32 bytes. */
function memberMessage(folder: Uint8Array, record: UnsignedMemberRecord): Uint8Array {
  if (folder.length !== ID_BYTES) {
    throw new RangeError(`expected a folder id of ${ID_BYTES} bytes, got ${folder.length}`);
  }
  return concat(folder, encode(unsignedToValue(record)));
}

/** What other records name in `after`: 32 bytes. */
export function memberRecordId(folder: Uint8Array, record: UnsignedMemberRecord): Uint8Array {
  return sha256(idLabel, memberMessage(folder, record));
}

/** The record with the signature of the node that states it, which must be `record.by`. */
export function signMemberRecord(
  sign: Sign,
  folder: Uint8Array,
  record: UnsignedMemberRecord,
): MemberRecord {
  return { ...record, signature: sign(MEMBER_LABEL, memberMessage(folder, record)) };
}

/** Whether `record.by` signed it for this folder. Whether that node may is not asked here. */
export function verifyMemberRecord(
  verify: VerifySignature,
  folder: Uint8Array,
  record: MemberRecord,
): boolean {
  return verify(record.by, MEMBER_LABEL, memberMessage(folder, record), record.signature);
}

export function memberToValue(record: MemberRecord): CborValue {
  return [...unsignedToValue(record), record.signature];
}

/** Throws `VAULT_ENTRY_INVALID`. No signature is verified. */
export function asMember(value: CborValue): MemberRecord {
  const parts = asArray(value, 9, 9);
  let before = '';
  const cutoffs = asArray(parts[4], 0, MAX_LOGS).map((item) => {
    const position = asPosition(item);
    assertAscending(before, position.log);
    before = position.log;
    return position;
  });
  const action = actions[asInteger(parts[0], 0, actions.length - 1)];
  const role = roles[asInteger(parts[3], 0, roles.length - 1)];
  if (action === undefined || role === undefined) throw invalid('an action and a role');
  return {
    type: 'member',
    action,
    node: asId(parts[1]),
    exchangeKey: asBytes(parts[2], ID_BYTES),
    role,
    cutoffs,
    after: asByteSet(parts[5], ID_BYTES, MAX_PREDECESSORS),
    time: asInteger(parts[6]),
    by: asId(parts[7]),
    signature: asBytes(parts[8], SIGNATURE_BYTES),
  };
}

function unsignedToValue(record: UnsignedMemberRecord): CborValue[] {
  const cutoffs = record.cutoffs.toSorted((a, b) => (a.log < b.log ? -1 : 1));
  return [
    actions.indexOf(record.action),
    idToBytes(record.node),
    record.exchangeKey,
    roles.indexOf(record.role),
    cutoffs.map(({ log, seq, hash }) => [idToBytes(log), seq, hash]),
    record.after.toSorted(compareBytes),
    record.time,
    idToBytes(record.by),
  ];
}
