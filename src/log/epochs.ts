/**
 * Epochs: generations of a folder's content secrets, ordered by what each came after. Decides under
 * which one new content may be sealed, and which secrets members still have to be given.
 */

import { membersInView, type StandingInput } from './standing.ts';
import type { Dot, EpochId, HybridTime, NodeId, VectorClock } from './types.ts';
import { covers } from './vector-clock.ts';

/** One epoch as its rotation record and the entry that holds it tell. */
export interface Epoch {
  readonly id: EpochId;
  readonly after: readonly EpochId[];
  readonly recipients: readonly NodeId[];
  readonly time: HybridTime;
  /** What the author of the rotation had seen. */
  readonly clock: VectorClock;
}

/** The folder's members as the sealing node sees them. */
export interface MemberView {
  /** Members that this node has not locked out. */
  readonly members: ReadonlySet<NodeId>;
  /**
   * Everybody who once was a member and is none in this view, with what the author of an epoch must
   * have known to keep its secret from that node: the removals that hold, or for a node that only this
   * one locked out its admissions, since leaving it out in spite of them was meant.
   */
  readonly former: ReadonlyMap<NodeId, readonly Dot[]>;
}

/** The view that membership records and the local deny list give. */
export function memberView(input: StandingInput): MemberView {
  const { membership, denied } = input;
  const former = new Map<NodeId, readonly Dot[]>();
  for (const [node, removals] of membership.former) {
    former.set(
      node,
      removals.map(({ dot }) => dot),
    );
  }
  for (const node of denied.keys()) {
    if (!membership.members.has(node)) continue;
    const admissions = membership.accepted.filter(
      ({ record }) => record.node === node && record.action === 'admit',
    );
    former.set(
      node,
      admissions.map(({ dot }) => dot),
    );
  }
  return { members: new Set(membersInView(input).map(({ node }) => node)), former };
}

/**
 * Whether everybody who may hold the epoch's secret is a member. Admission hands over every epoch, so
 * a former member may hold any whose author did not yet know of the removal, named or not.
 */
export function isUsable(epoch: Epoch, view: MemberView): boolean {
  if (!epoch.recipients.every((node) => view.members.has(node))) return false;
  return [...view.former.values()].every((dots) => dots.every((dot) => covers(epoch.clock, dot)));
}

/**
 * The epoch to seal new content under, among those whose secret `isHeld` here: of the usable ones
 * that no usable one came after, the latest, then the greater id. Undefined where there is none:
 * then any writer starts one.
 */
export function sealingEpoch(
  epochs: Iterable<Epoch>,
  view: MemberView,
  isHeld: (id: EpochId) => boolean,
): Epoch | undefined {
  const all = [...epochs];
  const usable = all.filter((epoch) => isHeld(epoch.id) && isUsable(epoch, view));
  const overtaken = ancestors(all, usable);
  return usable
    .filter(({ id }) => !overtaken.has(id))
    .toSorted((a, b) => b.time - a.time || (a.id < b.id ? 1 : -1))[0];
}

/** What a new epoch comes after: every known epoch that none came after. Ascending. */
export function epochTips(epochs: Iterable<Epoch>): EpochId[] {
  const all = [...epochs];
  const overtaken = ancestors(all, all);
  return all
    .map(({ id }) => id)
    .filter((id) => !overtaken.has(id))
    .toSorted();
}

/**
 * Epochs whose secrets a peer is to be given: all that are held here and missing there, if it is a
 * member in this node's view; nothing otherwise. Ascending.
 */
export function secretsToHandOn(
  held: Iterable<EpochId>,
  peer: NodeId,
  heldByPeer: ReadonlySet<EpochId>,
  view: MemberView,
): EpochId[] {
  if (!view.members.has(peer)) return [];
  return [...held].filter((id) => !heldByPeer.has(id)).toSorted();
}

function ancestors(all: readonly Epoch[], of: readonly Epoch[]): Set<EpochId> {
  const byId = new Map(all.map((epoch) => [epoch.id, epoch]));
  const found = new Set<EpochId>();
  const open = of.flatMap(({ after }) => after);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    open.push(...(byId.get(at)?.after ?? []));
  }
  return found;
}
