/** Reads and writes the rows of the working copy's state in `meta/`. */

import { sealRow } from '../crypto/row-seal.ts';
import type { SecretKey } from '../crypto/hash.ts';
import type { PathIndex } from '../log/path-index.ts';
import type { RandomSource } from '../random.ts';
import { workingCopyKey } from '../store/meta-keys.ts';
import type { MetaOperation, MetaReader } from '../store/meta-store.ts';
import { DirectoryRows } from './directory-rows.ts';
import {
  damagedRows,
  FULL_PAGE_BYTES,
  openPage,
  openPages,
  PAGE_HEAD,
  type RecordedRows,
} from './recorded-rows.ts';
import { PAGE_ENTRIES, type SeenNames } from './working-copy-row.ts';

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
  async read(directory: string): Promise<DirectoryRows | undefined> {
    const rows = await this.sealedRows(directory);
    return rows && this.decode(openPages(this.#key, rows), true);
  }

  /**
   * The pages of a directory as they lie in `meta/`; undefined where nothing is recorded. Throws
   * `VAULT_DAMAGED` where one is missing; whether they authenticate only opening them tells.
   */
  async sealedRows(directory: string): Promise<RecordedRows | undefined> {
    const directoryKey = this.#paths.directoryKey(directory);
    const first = await this.#meta.get(workingCopyKey(directoryKey, 0));
    if (first === undefined) return undefined;
    const more =
      first.length < FULL_PAGE_BYTES ? 0 : openPage(this.#key, directoryKey, 0, first).count - 1;
    if (more < 1) return { directoryKey, pages: [first] };
    const keys = Array.from({ length: more }, (_, index) =>
      workingCopyKey(directoryKey, index + 1),
    );
    const rest = await this.#meta.getMany(keys);
    const pages = [first, ...rest.filter((page) => page !== undefined)];
    if (pages.length !== more + 1) throw damagedRows();
    return { directoryKey, pages };
  }

  /**
   * Entries by name. `isWritten`: the rows are what is recorded of the directory. Throws `VAULT_DAMAGED`
   * where they are malformed.
   */
  decode(rows: Uint8Array, isWritten: boolean): DirectoryRows {
    return DirectoryRows.of(rows, this.#fullLog, isWritten);
  }

  /**
   * Rows that replace the record of a directory; `previous` entries tell how many pages there may be. Of
   * a {@link DirectoryRows} only what changed since it was last given, and then it counts as written.
   */
  rows(directory: string, entries: SeenNames, previous: number): MetaOperation[] {
    const key = this.#paths.directoryKey(directory);
    const given = entries instanceof DirectoryRows ? entries : DirectoryRows.copy(entries);
    const { pages, changed } = given.takeChanged();
    const rows: MetaOperation[] = changed.map(({ page, rows: body }) => {
      const plain = new Uint8Array(PAGE_HEAD + body.length);
      const view = new DataView(plain.buffer);
      view.setUint32(0, page);
      view.setUint32(4, pages);
      plain.set(body, PAGE_HEAD);
      const row = workingCopyKey(key, page);
      return { type: 'put', key: row, value: sealRow(this.#key, row, plain, this.#random) };
    });
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
  // Removed entries may take as much room as those that are left.
  const until = Math.max(1, Math.ceil((2 * previous) / PAGE_ENTRIES));
  for (let page = from; page < until; page++) {
    rows.push({ type: 'delete', key: workingCopyKey(key, page) });
  }
  return rows;
}
