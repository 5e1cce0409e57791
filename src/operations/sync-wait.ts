/** Waits until a node that went online has nothing more to give or take, and knows whom it reached. */

import type { Clock } from '../clock.ts';
import type { Online } from './online-types.ts';

const LOOK_MS = 25;
/** How long nothing must have moved: longer than an answer takes on a slow line, and a lost packet on most. */
const SETTLED_MS = 1000;
/** How long somebody who dials this node may take, where nobody was there for a folder. */
const INCOMING_MS = 2000;

export interface SyncWaitParts {
  readonly online: Online;
  readonly clock: Clock;
  /** Ids in hex. */
  readonly folders: readonly string[];
  readonly signal: AbortSignal;
}

export class SyncWait {
  readonly #parts: SyncWaitParts;
  readonly #beganMs: number;
  /** Nodes that a folder was spoken of with, by the folder. */
  readonly #reached = new Map<string, Set<string>>();

  constructor(parts: SyncWaitParts) {
    this.#parts = parts;
    this.#beganMs = parts.clock.monotonicMs();
  }

  /** Nodes with which any of the folders was spoken of. */
  get peers(): number {
    return new Set([...this.#reached.values()].flatMap((nodes) => [...nodes])).size;
  }

  /** Nodes with which this folder was spoken of. */
  reached(folder: string): number {
    return this.#reached.get(folder)?.size ?? 0;
  }

  /** True once nothing moved for a while; false where it is `deadlineMs` of the monotonic clock before. Throws what `signal` says. */
  async untilQuiet(deadlineMs: number): Promise<boolean> {
    const { online, clock, folders, signal } = this.#parts;
    let seen = '';
    let sinceMs = clock.monotonicMs();
    for (;;) {
      signal.throwIfAborted();
      const nowMs = clock.monotonicMs();
      this.#look();
      const activity = `${online.activity} ${this.peers}`;
      const isMoving = activity !== seen || !online.isQuiet || !online.isTried;
      if (isMoving) sinceMs = nowMs;
      seen = activity;
      const isLonely = folders.some((folder) => this.reached(folder) === 0);
      const isWaiting = isLonely && nowMs - this.#beganMs < INCOMING_MS;
      if (nowMs - sinceMs >= SETTLED_MS && !isWaiting) return true;
      if (nowMs >= deadlineMs) return false;
      await new Promise<void>((resolve) => {
        clock.timer(LOOK_MS, resolve);
      });
    }
  }

  #look(): void {
    for (const { node, folders } of this.#parts.online.peers()) {
      for (const folder of folders) {
        if (!this.#parts.folders.includes(folder)) continue;
        const nodes = this.#reached.get(folder) ?? new Set();
        this.#reached.set(folder, nodes.add(node));
      }
    }
  }
}
