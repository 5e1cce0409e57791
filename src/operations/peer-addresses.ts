/** Where each peer may be dialed, and when it was last here: what the home keeps, and what was learned since. */

import type { NodeId } from '../log/types.ts';
import { MAX_SEEN_NODES } from '../limits.ts';
import type { SeenNode } from '../home/peer-file.ts';
import type { Session } from './session.ts';

export class PeerAddresses {
  readonly #session: Session;
  readonly #seen: Map<NodeId, SeenNode>;
  #isSaved = true;

  constructor(session: Session) {
    this.#session = session;
    this.#seen = new Map(session.home.peers.seen.map((one) => [one.node, one]));
  }

  /** Addresses to dial a node at, the best first: where it last answered, its own, then those that may be anybody's. */
  of(node: NodeId): readonly string[] {
    const { addresses } = this.#session.home.peers;
    const last = this.#seen.get(node)?.address;
    return [
      ...new Set([
        ...(last === undefined ? [] : [last]),
        ...addresses.filter((one) => one.node === node).map(({ address }) => address),
        ...addresses.filter((one) => one.node === undefined).map(({ address }) => address),
      ]),
    ];
  }

  /** When a node was last connected with, in wall time. */
  seenMs(node: NodeId): number | undefined {
    return this.#seen.get(node)?.seenMs;
  }

  /** A node answered at an address. */
  answered(node: NodeId, address: string): void {
    this.#note({ node, seenMs: this.#now(), address });
  }

  /** A connection with a node began, or is over. */
  seen(node: NodeId): void {
    this.#note({ node, seenMs: this.#now(), address: this.#seen.get(node)?.address });
  }

  /** Makes durable what was learned. Throws `VAULT_NO_SPACE`, `VAULT_IO`. */
  save(): void {
    if (this.#isSaved) return;
    const all = [...this.#seen.values()].toSorted((a, b) => b.seenMs - a.seenMs);
    this.#session.home.updatePeers({ seen: all.slice(0, MAX_SEEN_NODES) });
    this.#isSaved = true;
  }

  #note(seen: SeenNode): void {
    this.#seen.set(seen.node, seen);
    this.#isSaved = false;
  }

  #now(): number {
    return Math.floor(this.#session.environment.clock.wallMs());
  }
}
