/** A world whose stored chunks can be made to vanish, as a bad disk would. */

import type { ChunkStore } from '../../src/store/chunk-store.ts';
import { World } from './world.ts';

const CHUNK = 1;

export class LosingWorld {
  readonly world: World;
  /** Which chunks are gone at the next opening, counted from the first stored. */
  #losing: readonly [from: number, to: number] = [0, 0];

  private constructor(world: World) {
    this.world = world;
  }

  static async make(): Promise<LosingWorld> {
    const losing = new LosingWorld(await World.make());
    const { environment } = losing.world;
    losing.world.world = {
      ...environment,
      openChunks: async (path) => {
        const opened = await environment.openChunks(path);
        await losing.#drop(opened.store);
        return opened;
      },
    };
    return losing;
  }

  /** From the next opening on the chunks stored `from`th to `to`th are gone, not counting what is no plain content. */
  lose(from: number, to = from + 1): void {
    this.#losing = [from, to];
  }

  async #drop(store: ChunkStore): Promise<void> {
    const [from, to] = this.#losing;
    if (from === to) return;
    this.#losing = [0, 0];
    const chunks: number[] = [];
    for await (const { seq, value } of store.scan(0)) if (value[4] === CHUNK) chunks.push(seq);
    await store.write({ deletes: chunks.slice(from, to) }, { sync: true });
  }
}
