/** What is damaged, each thing once: a chunk or a part of the log, with the files and versions it costs. */

import { toHex } from '../bytes.ts';
import type { NamedLink } from '../log/types.ts';
import { nameOf, versionId } from '../log/version-name.ts';
import type { Item } from './operation.ts';

/** Paths and versions told for one damaged thing; there can be any number more. */
const TOLD = 1024;

export class Damage {
  readonly problem: string;
  /** Id in hex; undefined for anything but a chunk or node. */
  readonly chunk: string | undefined;
  readonly #files = new Set<string>();
  readonly #versions = new Set<string>();

  constructor(problem: string, chunk: string | undefined) {
    this.problem = problem;
    this.chunk = chunk;
  }

  /** Names a version that needs what is damaged. */
  add(path: string, version: string): void {
    if (this.#versions.size >= TOLD) return;
    this.#files.add(path);
    this.#versions.add(version);
  }

  addLink(link: NamedLink): void {
    this.add(link.path, versionId(nameOf(link)));
  }

  item(folder: string): Item {
    return {
      type: 'damage',
      folder,
      chunk: this.chunk ?? null,
      problem: this.problem,
      files: [...this.#files],
      versions: [...this.#versions],
    };
  }
}

export class DamageList {
  readonly #chunks = new Map<string, Damage>();
  readonly #others: Damage[] = [];

  get all(): readonly Damage[] {
    return [...this.#chunks.values(), ...this.#others];
  }

  /** Damage to the chunk or node with this id (map key), the same each time. */
  chunk(key: string, problem: string): Damage {
    let damage = this.#chunks.get(key);
    if (damage === undefined) {
      damage = new Damage(problem, toHex(Buffer.from(key, 'latin1')));
      this.#chunks.set(key, damage);
    }
    return damage;
  }

  hasChunk(key: string): boolean {
    return this.#chunks.has(key);
  }

  /** Damage to anything else. */
  other(problem: string): Damage {
    const damage = new Damage(problem, undefined);
    this.#others.push(damage);
    return damage;
  }
}
