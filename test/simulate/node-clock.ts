import type { Clock } from '../../src/clock.ts';
import type { VirtualClock } from '../../src/system/virtual-clock.ts';

/** The clock of one machine from one start to its end: the world's time, wrongly set by so much. */
export class NodeClock implements Clock {
  readonly #world: VirtualClock;
  readonly #skewMs: number;
  readonly #timers = new Set<() => void>();
  #isStopped = false;

  constructor(world: VirtualClock, skewMs: number) {
    this.#world = world;
    this.#skewMs = skewMs;
  }

  wallMs(): number {
    return this.#world.wallMs() + this.#skewMs;
  }

  monotonicMs(): number {
    return this.#world.monotonicMs();
  }

  timer(ms: number, run: () => void): () => void {
    if (this.#isStopped) return () => undefined;
    const cancel = this.#world.timer(ms, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
    return () => {
      this.#timers.delete(cancel);
      cancel();
    };
  }

  /** The machine is off: no timer runs any more. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }
}
