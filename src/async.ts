/** Small pieces for bounded, owned asynchrony. */

/** A promise with its two ends. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** A promise to be settled later by whoever holds it. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Runs one task at a time, in the order asked; a failed task does not stop the next. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  /** The result of `task`, run once all earlier ones have settled. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task, task);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

/**
 * Calls `map` for every item with at most `limit` in progress; results come in the items' order.
 * The first failure is thrown once the calls in progress have settled; no further ones are started.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  if (!(limit >= 1)) throw new RangeError(`expected a limit of at least 1, got ${limit}`);
  const results: R[] = new Array<R>(items.length);
  let next = 0;
  let failure: { readonly reason: unknown } | undefined;
  const lane = async (): Promise<void> => {
    while (next < items.length && !failure) {
      const index = next++;
      try {
        results[index] = await map(items[index] as T, index);
      } catch (reason) {
        failure ??= { reason };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failure) throw failure.reason;
  return results;
}

/** A budget of units (bytes, jobs) that callers take and give back; waiters are served in order. */
export class Semaphore {
  readonly #capacity: number;
  #free: number;
  readonly #waiting: { units: number; go: () => void }[] = [];

  constructor(units: number) {
    if (!(units >= 1)) throw new RangeError(`expected a budget of at least 1, got ${units}`);
    this.#capacity = units;
    this.#free = units;
  }

  /** Resolves once `units` were taken. A request above the whole budget waits for all of it. */
  async take(units = 1): Promise<void> {
    const wanted = this.#bounded(units);
    if (this.#waiting.length === 0 && this.#free >= wanted) {
      this.#free -= wanted;
      return;
    }
    const turn = deferred<void>();
    this.#waiting.push({ units: wanted, go: () => turn.resolve() });
    await turn.promise;
  }

  /** Gives back what {@link take} took with the same argument. */
  give(units = 1): void {
    const given = this.#bounded(units);
    if (this.#free + given > this.#capacity) {
      throw new RangeError(`expected at most ${this.#capacity - this.#free} back, got ${given}`);
    }
    this.#free += given;
    for (
      let first = this.#waiting[0];
      first && first.units <= this.#free;
      first = this.#waiting[0]
    ) {
      this.#free -= first.units;
      this.#waiting.shift();
      first.go();
    }
  }

  #bounded(units: number): number {
    if (!(units >= 0)) throw new RangeError(`expected units of at least 0, got ${units}`);
    return Math.min(units, this.#capacity);
  }
}
