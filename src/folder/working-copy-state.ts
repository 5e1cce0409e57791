/** Reads and writes the rows of the working copy's state in `meta/`. */

import { openRow, sealRow } from '../crypto/row-seal.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { VaultError } from '../errors.ts';
import type { PathIndex } from '../log/path-index.ts';
import type { RandomSource } from '../random.ts';
import { workingCopyKey } from '../store/meta-keys.ts';
import type { MetaOperation, MetaReader } from '../store/meta-store.ts';
import {
  decodeSeenPage,
  encodeSeenPage,
  PAGE_ENTRIES,
  type SeenEntry,
} from './working-copy-row.ts';

const HEAD = 8;

export class WorkingCopyState {
  readonly #meta: MetaReader;
  readonly #key: SecretKey;
  readonly #paths: Pick<PathIndex, 'directoryKey'>;
  readonly #fullLog: (half: string) => string;
  readonly #random: RandomSource;

  constructor(
    meta: MetaReader,
    key: SecretKey,
    paths: Pick<PathIndex, 'directoryKey'>,
    fullLog: (half: string) => string,
    random: RandomSource,
  ) {
    this.#meta = meta;
    this.#key = key;
    this.#paths = paths;
    this.#fullLog = fullLog;
    this.#random = random;
  }

  /**
   * What was last seen in a directory; undefined where nothing is recorded. Throws `VAULT_DAMAGED`
   * where a page is missing or does not authenticate.
   */
  async read(directory: string): Promise<Map<string, SeenEntry> | undefined> {
    const key = this.#paths.directoryKey(directory);
    const entries = new Map<string, SeenEntry>();
    const first = await this.#meta.get(workingCopyKey(key, 0));
    if (first === undefined) return undefined;
    const pages = this.#decode(key, 0, first, entries);
    const rest = Array.from({ length: pages - 1 }, (_, index) => workingCopyKey(key, index + 1));
    const values = rest.length === 0 ? [] : await this.#meta.getMany(rest);
    values.forEach((value, index) => {
      if (value === undefined || this.#decode(key, index + 1, value, entries) !== pages) {
        throw damaged();
      }
    });
    return entries;
  }

  /** Adds the entries of a page; how many pages there are. */
  #decode(
    directoryKey: Uint8Array,
    page: number,
    value: Uint8Array,
    entries: Map<string, SeenEntry>,
  ): number {
    const plain = openRow(this.#key, workingCopyKey(directoryKey, page), value);
    if (plain.length < HEAD) throw damaged();
    const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
    if (view.getUint32(0) !== page) throw damaged();
    decodeSeenPage(plain.subarray(HEAD), this.#fullLog, entries);
    return view.getUint32(4);
  }

  /** Rows that replace the record of a directory; `previous` entries tell how many pages there may be. */
  rows(
    directory: string,
    entries: ReadonlyMap<string, SeenEntry>,
    previous: number,
  ): MetaOperation[] {
    const key = this.#paths.directoryKey(directory);
    const all = [...entries];
    const pages = Math.max(1, Math.ceil(all.length / PAGE_ENTRIES));
    const rows: MetaOperation[] = [];
    for (let page = 0; page < pages; page++) {
      const body = encodeSeenPage(all.slice(page * PAGE_ENTRIES, (page + 1) * PAGE_ENTRIES));
      const plain = new Uint8Array(HEAD + body.length);
      const view = new DataView(plain.buffer);
      view.setUint32(0, page);
      view.setUint32(4, pages);
      plain.set(body, HEAD);
      const row = workingCopyKey(key, page);
      rows.push({ type: 'put', key: row, value: sealRow(this.#key, row, plain, this.#random) });
    }
    rows.push(...deletions(key, pages, previous));
    return rows;
  }

  /** Rows that forget a directory of so many entries. */
  forget(directory: string, previous: number): MetaOperation[] {
    return deletions(this.#paths.directoryKey(directory), 0, previous);
  }
}

function deletions(key: Uint8Array, from: number, previous: number): MetaOperation[] {
  const rows: MetaOperation[] = [];
  const until = Math.max(1, Math.ceil(previous / PAGE_ENTRIES));
  for (let page = from; page < until; page++) {
    rows.push({ type: 'delete', key: workingCopyKey(key, page) });
  }
  return rows;
}

function damaged(): VaultError {
  return new VaultError('VAULT_DAMAGED', 'the state of the working copy is damaged');
}
