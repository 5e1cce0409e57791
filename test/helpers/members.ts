/** Membership statements written by hand: nodes are single letters, ids and hashes their own text. */

import { sha256 } from '../../src/crypto/hash.ts';
import type { MemberStatement } from '../../src/log/member-statements.ts';
import { evaluateMembership, type Membership } from '../../src/log/membership.ts';
import type { MemberRecord, Role } from '../../src/log/types.ts';

export interface Stated {
  readonly action?: MemberRecord['action'];
  readonly role?: Role;
  readonly after?: readonly MemberStatement[];
  /** Last accepted number of the log of the node. */
  readonly cut?: number;
  readonly seq?: number;
  /** Not signed by its author. */
  readonly forged?: boolean;
}

const forgedMark = new Uint8Array(64).fill(1);

export class MemberScript {
  readonly statements: MemberStatement[] = [];
  readonly #next = new Map<string, number>();

  /** `by` states it about `node`; the log of a node has its name. */
  state(by: string, node: string, stated: Stated = {}): MemberStatement {
    const { action = 'admit', role = 'write', after = [], cut } = stated;
    const seq = stated.seq ?? this.#next.get(by) ?? 0;
    this.#next.set(by, seq + 1);
    const number = this.statements.length;
    const record: MemberRecord = {
      type: 'member',
      action,
      node,
      exchangeKey: sha256(Buffer.from(`key of ${node}`)),
      role,
      cutoffs: cut === undefined ? [] : [{ log: node, seq: cut, hash: new Uint8Array(32) }],
      after: after.map(({ id }) => id),
      time: number,
      by,
      signature: stated.forged === true ? forgedMark : new Uint8Array(64),
    };
    const id = sha256(Buffer.from(`${number} ${by} ${node} ${action} ${role}`));
    const statement = { record, id, dot: { log: by, seq, index: 0 }, hash: id };
    this.statements.push(statement);
    return statement;
  }

  /** With the statements in the given order. The creator is `A`. */
  evaluate(statements: Iterable<MemberStatement> = this.statements): Membership {
    return evaluateMembership({
      creator: 'A',
      statements,
      verify: ({ signature }) => signature[0] === 0,
    });
  }
}

/** `A: manage, B: write`: members by name. */
export function rolesOf({ members }: Membership): string {
  return [...members.values()]
    .map(({ node, role }) => `${node}: ${role}`)
    .toSorted()
    .join(', ');
}

/** Numbers of the statements that were refused, with reasons. */
export function refusalsOf(script: MemberScript, { refused }: Membership): string[] {
  return refused
    .map(({ statement, reason }) => `${script.statements.indexOf(statement)} ${reason}`)
    .toSorted();
}
