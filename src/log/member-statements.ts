/** Membership records as a graph: which came after which. A record whose past is not all known waits. */

import { mapKey } from '../bytes.ts';
import type { Dot, MemberRecord } from './types.ts';

/** A membership record with its name and where it stands. */
export interface MemberStatement {
  readonly record: MemberRecord;
  /** `memberRecordId`: what other records name in `after`. */
  readonly id: Uint8Array;
  /** Where its author's log holds it, and the hash of that entry. */
  readonly dot: Dot;
  readonly hash: Uint8Array;
}

/** One statement of the graph. Numbers are places in {@link StatementGraph.nodes}. */
export interface StatementNode {
  readonly statement: MemberStatement;
  /** Orders statements alike on every node. */
  readonly key: string;
  /** One bit for each statement that came before. */
  readonly past: Uint32Array;
}

export interface StatementGraph {
  /** Each after everything it came after; otherwise by key. */
  readonly nodes: readonly StatementNode[];
  /** Not signed by the node that states them. */
  readonly unsigned: readonly MemberStatement[];
  /** Came after records that are not known here. */
  readonly waiting: readonly MemberStatement[];
}

/** Whether statement `index` came before `node`. */
export function isBefore(index: number, node: StatementNode): boolean {
  return (((node.past[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
}

/** Builds the graph; the same for every order of statements, and for repeated ones. */
export function buildStatementGraph(
  statements: Iterable<MemberStatement>,
  verify: (record: MemberRecord) => boolean,
): StatementGraph {
  const byKey = new Map<string, MemberStatement>();
  const unsigned = new Map<string, MemberStatement>();
  for (const statement of statements) {
    const key = mapKey(statement.id);
    if (byKey.has(key)) continue;
    (verify(statement.record) ? byKey : unsigned).set(key, statement);
  }
  for (const key of byKey.keys()) unsigned.delete(key);
  const remaining = new Map([...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const order: { statement: MemberStatement; key: string; after: number[] }[] = [];
  const places = new Map<string, number>();
  for (let placed = true; placed;) {
    placed = false;
    const ready: { statement: MemberStatement; key: string; after: number[] }[] = [];
    for (const [key, statement] of remaining) {
      const after = statement.record.after.map((id) => places.get(mapKey(id)));
      if (after.every((at) => at !== undefined)) ready.push({ statement, key, after });
    }
    for (const item of ready) {
      remaining.delete(item.key);
      places.set(item.key, order.length);
      order.push(item);
      placed = true;
    }
  }
  const words = Math.ceil(order.length / 32);
  const nodes: StatementNode[] = [];
  for (const { statement, key, after } of order) {
    const past = new Uint32Array(words);
    for (const at of after) {
      past[at >>> 5] = (past[at >>> 5] ?? 0) | (1 << (at & 31));
      nodes[at]?.past.forEach((word, i) => {
        past[i] = (past[i] ?? 0) | word;
      });
    }
    nodes.push({ statement, key, past });
  }
  return { nodes, unsigned: [...unsigned.values()], waiting: [...remaining.values()] };
}
