/** What each role may publish. Every node checks it for itself: nothing is taken on trust. */

import type { OtherRecord, Role } from './types.ts';

/** Everything a log can publish. */
export type RecordKind = OtherRecord['type'] | 'version' | 'addresses' | 'acknowledgement';

const ranks: Readonly<Record<Role, number>> = { read: 1, write: 2, manage: 3 };

const neededRoles: Readonly<Record<RecordKind, Role | undefined>> = {
  'log-start': 'read',
  addresses: 'read',
  acknowledgement: 'read',
  version: 'write',
  snapshot: 'write',
  rotation: 'write',
  // It says for everybody which versions are dead, so it asks for more than writing one does.
  checkpoint: 'manage',
  member: 'manage',
  // A drop set is one node's own business and is never announced.
  'drop-set': undefined,
};

/** The least role that may publish such a record; undefined where nobody may. */
export function neededRole(kind: RecordKind): Role | undefined {
  return neededRoles[kind];
}

/** Whether `role` includes `needed`; no role includes nothing. */
export function includesRole(role: Role | undefined, needed: Role): boolean {
  return role !== undefined && ranks[role] >= ranks[needed];
}

/** Negative, zero or positive. */
export function compareRoles(a: Role, b: Role): number {
  return ranks[a] - ranks[b];
}
