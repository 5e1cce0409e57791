/** Proves that contents can be given back: every value they are made of is read, opened and hashed again. */

import { readManifest } from '../chunking/manifest-reader.ts';
import type { Manifest } from '../chunking/manifest.ts';
import { asBuffer } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { CheckValuesInput } from '../folder/check-values.ts';
import type { ValueSource } from '../folder/value-source.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { WorkerPool } from '../system/worker-pool.ts';

/** Values in one task: some MiB. */
const AT_ONCE = 64;

interface Needed {
  readonly id: Uint8Array;
  readonly path: string;
}

export class ContentProof {
  readonly #folder: OpenFolder;
  readonly #pool: WorkerPool;
  readonly #values: ValueSource;
  #waiting: Needed[] = [];
  readonly #tasks = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(folder: OpenFolder, pool: WorkerPool, values: ValueSource) {
    this.#folder = folder;
    this.#pool = pool;
    this.#values = values;
  }

  /**
   * Takes the content of a path. Throws `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT`, naming the path,
   * for this or an earlier one.
   */
  async add(path: string, manifest: Manifest): Promise<void> {
    if (manifest.root === undefined) return;
    if (manifest.depth === 0) {
      await this.#take({ id: manifest.root, path });
      return;
    }
    for await (const { id } of readManifest(manifest, (_level, node) => this.#values.node(node))) {
      await this.#take({ id, path });
    }
  }

  /** Until all that was taken is proved. Throws as {@link add} does. */
  async finish(): Promise<void> {
    await this.#dispatch();
    await Promise.all(this.#tasks);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #take(needed: Needed): Promise<void> {
    this.#waiting.push(needed);
    if (this.#waiting.length >= AT_ONCE) await this.#dispatch();
  }

  async #dispatch(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    const task = this.#prove(batch)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
    while (this.#tasks.size >= this.#pool.lanes * 2) await Promise.race(this.#tasks);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #prove(batch: readonly Needed[]): Promise<void> {
    const values = await this.#folder.store.getSealed(batch.map(({ id }) => id));
    const found = values.filter((value) => value !== undefined);
    const missing = batch[values.indexOf(undefined)];
    if (missing !== undefined) throw lost('VAULT_CHUNK_MISSING', missing, 'is missing');
    const input: CheckValuesInput = {
      secrets: this.#folder.secrets,
      bytes: Buffer.concat(found),
      lengths: Uint32Array.from(found, (value) => value.length),
    };
    const problems = await this.#pool.run<CheckValuesInput, (string | undefined)[]>(
      'checkValues',
      input,
      {},
    );
    const at = problems.findIndex((problem) => problem !== undefined);
    const wrong = batch[at];
    if (wrong !== undefined) throw lost('VAULT_CHUNK_CORRUPT', wrong, problems[at] ?? 'is damaged');
  }
}

function lost(
  code: 'VAULT_CHUNK_MISSING' | 'VAULT_CHUNK_CORRUPT',
  { id, path }: Needed,
  what: string,
): VaultError {
  const hex = asBuffer(id).toString('hex');
  return new VaultError(code, `${JSON.stringify(path)}: chunk ${hex} ${what}`, {
    details: { id: hex, path },
  });
}
