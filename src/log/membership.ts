/**
 * Who belongs to a folder: a pure function of the set of signed membership records, the folder's
 * creator and nothing else, so that every node that knows the same records agrees. Admissions chain
 * to the creator. A removal voids what the removed stated without knowing of it; where two removals
 * would void each other, the manager nearer the creator wins, then the lower key.
 */

import {
  buildStatementGraph,
  isBefore,
  type MemberStatement,
  type StatementNode,
} from './member-statements.ts';
import { compareRoles } from './permission.ts';
import type { MemberRecord, NodeId, Role } from './types.ts';

export interface Member {
  readonly node: NodeId;
  readonly role: Role;
  /** Undefined for a creator that no record describes. */
  readonly exchangeKey: Uint8Array | undefined;
  /** Admissions between the creator (0) and this member. */
  readonly distance: number;
}

export type RefusalReason = 'signature' | 'waiting' | 'not permitted' | 'void';

export interface Membership {
  readonly creator: NodeId;
  readonly members: ReadonlyMap<NodeId, Member>;
  /** Nodes that were members once and are not now, with the removals that hold. */
  readonly former: ReadonlyMap<NodeId, readonly MemberStatement[]>;
  /** Statements that count, each after those it came after. */
  readonly accepted: readonly MemberStatement[];
  /** The others, with the reason. */
  readonly refused: readonly {
    readonly statement: MemberStatement;
    readonly reason: RefusalReason;
  }[];
  /** What a new record has to name in `after`: accepted statements that no accepted one came after. */
  readonly heads: readonly Uint8Array[];
  /** Whether the author of `later` knew `earlier`. */
  isAfter(later: MemberStatement, earlier: MemberStatement): boolean;
}

/** One entry of a log as it stands against cut-offs. */
export interface EntryPosition {
  readonly log: string;
  readonly seq: number;
  /** The hash of the entry, or its first 8 bytes. */
  readonly hash: Uint8Array;
}

/** Whether an entry is the cut-off's entry or one before it in the same log, branches told apart. */
export type IsWithin = (entry: EntryPosition, cutoff: MemberRecord['cutoffs'][number]) => boolean;

/** By numbers alone: right wherever a log is not forked. */
export const withinByNumber: IsWithin = (entry, cutoff) =>
  entry.log === cutoff.log && entry.seq <= cutoff.seq;

export interface MembershipInput {
  /** From the folder id, which commits to it. */
  readonly creator: NodeId;
  readonly statements: Iterable<MemberStatement>;
  /** Whether `record.by` signed it: `verifyMemberRecord`. */
  readonly verify: (record: MemberRecord) => boolean;
  /** Default {@link withinByNumber}. */
  readonly isWithin?: IsWithin;
}

/** For each statement of the graph whether it counts, and how far its author then was from the creator. */
interface View {
  readonly accepted: readonly boolean[];
  readonly distances: readonly number[];
}

/** Evaluates the records. They may be given in any order and more than once. */
export function evaluateMembership(input: MembershipInput): Membership {
  const { creator } = input;
  const graph = buildStatementGraph(input.statements, input.verify);
  const rules = new Evaluation(creator, graph.nodes, input.isWithin ?? withinByNumber);
  const { view, voided } = rules.settle();
  const { accepted } = view;
  const nodes = graph.nodes.filter((_, at) => accepted[at]);
  const members = new Map<NodeId, Member>();
  const former = new Map<NodeId, readonly MemberStatement[]>();
  for (const node of new Set([creator, ...nodes.map((n) => n.statement.record.node)])) {
    const member = rules.memberIn(node, view);
    if (member !== undefined) members.set(node, member);
    else former.set(node, rules.latest(node, view).filter(isRemoval));
  }
  const places = new Map(graph.nodes.map((node, at) => [node.statement, at]));
  return {
    creator,
    members,
    former,
    accepted: nodes.map((node) => node.statement),
    refused: [
      ...graph.unsigned.map((statement) => ({ statement, reason: 'signature' as const })),
      ...graph.waiting.map((statement) => ({ statement, reason: 'waiting' as const })),
      ...graph.nodes.flatMap(({ statement }, at) => {
        if (accepted[at]) return [];
        return [
          { statement, reason: voided.has(at) ? ('void' as const) : ('not permitted' as const) },
        ];
      }),
    ],
    heads: graph.nodes
      .filter((_, at) => accepted[at] && !nodes.some((other) => isBefore(at, other)))
      .map((node) => node.statement.id),
    isAfter(later, earlier) {
      const node = graph.nodes[places.get(later) ?? -1];
      return node !== undefined && isBefore(places.get(earlier) ?? -1, node);
    },
  };
}

class Evaluation {
  readonly #creator: NodeId;
  readonly #nodes: readonly StatementNode[];
  readonly #isWithin: IsWithin;
  readonly #about = new Map<NodeId, number[]>();

  constructor(creator: NodeId, nodes: readonly StatementNode[], isWithin: IsWithin) {
    this.#creator = creator;
    this.#nodes = nodes;
    this.#isWithin = isWithin;
    nodes.forEach(({ statement }, at) => {
      const list = this.#about.get(statement.record.node);
      if (list === undefined) this.#about.set(statement.record.node, [at]);
      else list.push(at);
    });
  }

  /**
   * Lets removals and demotions take effect one by one, nearest to the creator first. One that took
   * effect, and what it builds on, can no longer be voided: so the order decides between two that
   * void each other, and no chain of them can run in a circle.
   */
  settle(): { view: View; voided: ReadonlySet<number> } {
    const voided = new Set<number>();
    const settled = new Set<number>();
    for (;;) {
      const view = this.#view(voided);
      const best = this.#nextRestriction(view, settled);
      if (best === undefined) return { view, voided };
      for (const victim of best.victims) voided.add(victim);
      settled.add(best.at);
      view.accepted.forEach((ok, other) => {
        if (ok && this.#isBefore(other, best.at)) settled.add(other);
      });
    }
  }

  /** The member that accepted statements, or those of them before `context`, make of a node. */
  memberIn(node: NodeId, view: View, context?: StatementNode): Member | undefined {
    const latest = this.latest(node, view, context);
    if (latest.some(isRemoval)) return undefined;
    const records = latest.map(({ record }) => record);
    const changes = records.filter(({ action }) => action === 'role');
    // Of role changes made at once the lower counts; of admissions made at once the higher.
    const sign = changes.length > 0 ? 1 : -1;
    const deciding = (changes.length > 0 ? changes : records).toSorted(
      (a, b) => sign * compareRoles(a.role, b.role) || b.time - a.time || (a.by < b.by ? -1 : 1),
    )[0];
    if (deciding === undefined && node !== this.#creator) return undefined;
    return {
      node,
      role: deciding?.role ?? 'manage',
      exchangeKey: deciding?.exchangeKey,
      distance: this.#distance(node, view, context),
    };
  }

  /** Accepted statements about a node that no later accepted one about it came after. */
  latest(node: NodeId, view: View, context?: StatementNode): MemberStatement[] {
    const about = this.#acceptedAbout(node, view, context);
    return about
      .filter((at) => !about.some((later) => this.#isBefore(at, later)))
      .flatMap((at) => this.#nodes[at]?.statement ?? []);
  }

  #acceptedAbout(node: NodeId, view: View, context?: StatementNode): number[] {
    return (this.#about.get(node) ?? []).filter(
      (at) => view.accepted[at] === true && (context === undefined || isBefore(at, context)),
    );
  }

  #isBefore(earlier: number, later: number): boolean {
    const node = this.#nodes[later];
    return node !== undefined && isBefore(earlier, node);
  }

  #view(voided: ReadonlySet<number>): View {
    const accepted: boolean[] = [];
    const distances: number[] = [];
    this.#nodes.forEach((node, at) => {
      const { by } = node.statement.record;
      distances[at] = this.#distance(by, { accepted, distances }, node);
      accepted[at] = !voided.has(at) && this.#isPermitted(node, { accepted, distances });
    });
    return { accepted, distances };
  }

  #isPermitted(node: StatementNode, view: View): boolean {
    const { action, by, node: subject } = node.statement.record;
    const author = this.memberIn(by, view, node);
    if (author === undefined) return false;
    // Everybody may leave.
    if (action === 'remove' && by === subject) return true;
    if (author.role !== 'manage') return false;
    return action !== 'role' || this.memberIn(subject, view, node) !== undefined;
  }

  #nextRestriction(
    view: View,
    settled: ReadonlySet<number>,
  ): { at: number; victims: number[] } | undefined {
    const candidates = this.#nodes.flatMap((node, at) => {
      if (view.accepted[at] !== true || !restrictsManaging(node)) return [];
      const victims = this.#victims(at, view).filter((victim) => !settled.has(victim));
      const distance = view.distances[at] ?? 0;
      return victims.length === 0 ? [] : [{ at, victims, distance, by: node.statement.record.by }];
    });
    return candidates.toSorted(
      (a, b) => a.distance - b.distance || (a.by < b.by ? -1 : a.by > b.by ? 1 : a.at - b.at),
    )[0];
  }

  /** What the restricted node stated at the same time, beyond its cut-offs. */
  #victims(at: number, view: View): number[] {
    const restriction = this.#nodes[at];
    if (restriction === undefined) return [];
    const { node, cutoffs } = restriction.statement.record;
    return this.#nodes.flatMap(({ statement: { record, dot, hash } }, other) => {
      if (view.accepted[other] !== true || other === at || record.by !== node) return [];
      if (isBefore(other, restriction) || this.#isBefore(at, other)) return [];
      if (record.action === 'remove' && record.node === node) return [];
      const position = { log: dot.log, seq: dot.seq, hash };
      return cutoffs.some((cutoff) => this.#isWithin(position, cutoff)) ? [] : [other];
    });
  }

  #distance(node: NodeId, view: View, context?: StatementNode): number {
    if (node === this.#creator) return 0;
    const grants = this.#acceptedAbout(node, view, context).filter(
      (at) => this.#nodes[at]?.statement.record.action !== 'remove',
    );
    return Math.min(...grants.map((at) => 1 + (view.distances[at] ?? 0)));
  }
}

function isRemoval({ record }: MemberStatement): boolean {
  return record.action === 'remove';
}

function restrictsManaging({ statement: { record } }: StatementNode): boolean {
  return record.action === 'remove' || (record.action === 'role' && record.role !== 'manage');
}
