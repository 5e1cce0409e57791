/** Whether all that the logs of a folder hold and need is there, looked at by the workers. */

import { equalBytes, fromHex, mapKey } from '../bytes.ts';
import { isLoss } from '../errors.ts';
import type { CheckedEntry, CheckEntryInput } from '../folder/check-entry.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { noEntry } from '../log/entry-builder.ts';
import { recordType } from '../log/record-types.ts';
import type { LogId } from '../log/types.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import type { OperationContext } from './operation.ts';
import { answerValues } from './values.ts';

export class EntryChecks {
  versions = 0;
  chunks = 0;
  readonly directories = new Set<string>();
  readonly #folder: OpenFolder;
  readonly #pool: WorkerPool;
  readonly #bad: ReadonlyMap<string, string>;
  readonly #context: OperationContext;
  readonly #tasks = new Set<Promise<void>>();
  #isSound = true;
  #failure: { readonly error: unknown } | undefined;

  /** `bad`: chunks and nodes known to be damaged, by id (map key). */
  constructor(
    folder: OpenFolder,
    pool: WorkerPool,
    bad: ReadonlyMap<string, string>,
    context: OperationContext,
  ) {
    this.#folder = folder;
    this.#pool = pool;
    this.#bad = bad;
    this.#context = context;
  }

  /** False as soon as anything is amiss; what it is takes a closer look. Throws `VAULT_DAMAGED` where the index is wrong. */
  async run(): Promise<boolean> {
    try {
      for (const log of this.#folder.log.heads.keys()) await this.#log(log);
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.#isSound = false;
    } finally {
      await Promise.all(this.#tasks);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#isSound;
  }

  async #log(log: LogId): Promise<void> {
    const head = this.#folder.log.heads.get(log);
    let previous: Uint8Array = noEntry;
    for (let seq = 0; seq <= (head?.seq ?? -1); seq++) {
      this.#context.signal.throwIfAborted();
      const { entry, value, page } = await this.#folder.log.sealedEntry(log, seq);
      if (!equalBytes(entry.previous, previous)) this.#isSound = false;
      previous = entry.hash;
      if (page === undefined && entry.records.some(({ hash }) => hash !== undefined)) {
        this.#isSound = false;
      }
      if (entry.records.some(({ type }) => type !== recordType.version)) {
        await this.#folder.log.recordsOf(log, seq);
      }
      await this.#begin(value, page);
      if (this.#failure !== undefined || !this.#isSound) return;
    }
    if (head !== undefined && !equalBytes(previous, head.hash)) this.#isSound = false;
  }

  async #begin(entry: Uint8Array, page: Uint8Array | undefined): Promise<void> {
    const task = this.#check(entry, page)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
    while (this.#tasks.size >= this.#pool.lanes * 2) await Promise.race(this.#tasks);
  }

  async #check(entry: Uint8Array, page: Uint8Array | undefined): Promise<void> {
    const { id, secrets, store } = this.#folder;
    const input: CheckEntryInput = { secrets, folder: fromHex(id), entry, page };
    // Not given up when interrupted: an answer must find the store open.
    const checked = await this.#pool.run<CheckEntryInput, CheckedEntry | undefined>(
      'checkEntry',
      input,
      { ask: (question) => answerValues(store, question) },
    );
    if (checked === undefined) {
      this.#isSound = false;
      return;
    }
    this.versions += checked.versions;
    for (const directory of checked.directories) this.directories.add(directory);
    const { needed } = checked;
    const ids: Uint8Array[] = [];
    for (let at = 0; at < needed.length; at += 32) ids.push(needed.subarray(at, at + 32));
    this.chunks += ids.length;
    const present = await store.has(ids);
    if (!present.every(Boolean)) this.#isSound = false;
    if (this.#bad.size > 0 && ids.some((one) => this.#bad.has(mapKey(one)))) this.#isSound = false;
  }
}
