import type { RandomSource } from '../../src/random.ts';
import { randomInteger, seededRandom } from '../../src/system/seeded-random.ts';

/** Choices that a seed decides. */
export class Chance {
  readonly source: RandomSource;

  constructor(seed: string) {
    this.source = seededRandom(seed);
  }

  /** An integer in 0 … `bound` − 1. */
  below(bound: number): number {
    return randomInteger(this.source, bound);
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(of: readonly T[]): T {
    if (of.length === 0) throw new RangeError('expected something to choose from');
    return of[this.below(of.length)] as T;
  }
}
