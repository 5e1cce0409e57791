/**
 * Whether what a log publishes counts: roles, cut-offs and this node's own deny list. What comes after
 * a cut-off is set aside and listed, never dropped, and counts after all once an accepted version
 * builds on it.
 */

import { VersionGraph, isKnown, type KnownVersion } from './current-versions.ts';
import type { MemberStatement } from './member-statements.ts';
import {
  withinByNumber,
  type EntryPosition,
  type IsWithin,
  type Member,
  type Membership,
} from './membership.ts';
import { includesRole, neededRole, type RecordKind } from './permission.ts';
import type { Dot, MemberRecord, NamedLink, NodeId } from './types.ts';
import { noForks, type LogOrigin } from './version-name.ts';

/**
 * Nodes that this one locked out by itself, each with the last entries of its logs that were accepted
 * before. Beats every record and needs nobody's agreement.
 */
export type DenyList = ReadonlyMap<NodeId, MemberRecord['cutoffs']>;

/** `quarantined`: set aside and listed; `not permitted`: its author never had the role. */
export type Standing = 'accepted' | 'quarantined' | 'not permitted';

export interface StandingInput {
  readonly membership: Membership;
  readonly denied: DenyList;
  /** Default {@link withinByNumber}. */
  readonly isWithin?: IsWithin;
}

/** A member that this node has not locked out. */
export function memberOf({ membership, denied }: StandingInput, node: NodeId): Member | undefined {
  return denied.has(node) ? undefined : membership.members.get(node);
}

/** Everybody in this node's view: members that it has not locked out, by id. */
export function membersInView({ membership, denied }: StandingInput): Member[] {
  return [...membership.members.values()]
    .filter(({ node }) => !denied.has(node))
    .toSorted((a, b) => (a.node < b.node ? -1 : 1));
}

/**
 * How a record stands that `node` published in this entry. `knew` says whether the entry's author
 * clock covers a dot: an entry counts again once its author knew of the readmission.
 */
export function standingOf(
  input: StandingInput,
  node: NodeId,
  kind: RecordKind,
  entry: EntryPosition,
  knew: (dot: Dot) => boolean,
): Standing {
  const needed = neededRole(kind);
  if (needed === undefined) return 'not permitted';
  const { membership, denied, isWithin = withinByNumber } = input;
  const about = membership.accepted.filter(({ record }) => record.node === node);
  const grants = about.filter(
    ({ record }) => record.action !== 'remove' && includesRole(record.role, needed),
  );
  if (grants.length === 0 && node !== membership.creator) return 'not permitted';
  const isCutBy = (cutoffs: MemberRecord['cutoffs']): boolean =>
    !cutoffs.some((cutoff) => isWithin(entry, cutoff));
  const isLifted = (restriction: MemberStatement): boolean =>
    grants.some((grant) => membership.isAfter(grant, restriction) && knew(grant.dot));
  const restrictions = about.filter(
    ({ record: { action, role } }) =>
      action === 'remove' || (action === 'role' && !includesRole(role, needed)),
  );
  const own = denied.get(node);
  if (own !== undefined && isCutBy(own)) return 'quarantined';
  return restrictions.some((one) => isCutBy(one.record.cutoffs) && !isLifted(one))
    ? 'quarantined'
    : 'accepted';
}

/**
 * Splits quarantined versions into those that accepted ones build on, directly or not, which count,
 * and the rest. The result does not depend on order.
 */
export function releaseBuiltOn(
  accepted: Iterable<NamedLink>,
  quarantined: Iterable<NamedLink>,
  origin: LogOrigin = noForks,
): { readonly released: NamedLink[]; readonly quarantined: NamedLink[] } {
  const graph = new VersionGraph(origin);
  const waiting = [...quarantined];
  const open: KnownVersion[] = [];
  for (const link of waiting) graph.add(link);
  const isQuarantined = new Set<KnownVersion>(graph.nodes());
  for (const link of accepted) graph.add(link);
  for (const node of graph.nodes()) if (!isQuarantined.has(node)) open.push(node);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const parent of at.parents) {
      if (!isKnown(parent) || !isQuarantined.has(parent)) continue;
      isQuarantined.delete(parent);
      open.push(parent);
    }
  }
  const kept = new Set([...isQuarantined].map(({ link }) => link));
  return {
    released: waiting.filter((link) => !kept.has(link)),
    quarantined: waiting.filter((link) => kept.has(link)),
  };
}
