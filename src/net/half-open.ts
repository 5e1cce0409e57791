/** Streams that nobody has answered for yet: a bounded number of them, shared fairly among addresses. */

export class HalfOpen<T> {
  readonly #most: number;
  readonly #groups = new Map<string, Set<T>>();
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Adds one. Where there are too many then, gives back which is to go: the oldest of the group that has
   * most, so that a flood from one address pushes out itself.
   */
  add(group: string, one: T): T | undefined {
    const own = this.#groups.get(group) ?? new Set();
    own.add(one);
    this.#groups.set(group, own);
    this.#size++;
    if (this.#size <= this.#most) return undefined;
    let [largest, all] = [group, own];
    for (const [name, members] of this.#groups) {
      if (members.size > all.size) [largest, all] = [name, members];
    }
    const [oldest] = all;
    if (oldest !== undefined) this.remove(largest, oldest);
    return oldest;
  }

  /** Whatever became of it. May be called again. */
  remove(group: string, one: T): void {
    const own = this.#groups.get(group);
    if (own === undefined || !own.delete(one)) return;
    this.#size--;
    if (own.size === 0) this.#groups.delete(group);
  }

  all(): readonly T[] {
    return [...this.#groups.values()].flatMap((members) => [...members]);
  }
}
