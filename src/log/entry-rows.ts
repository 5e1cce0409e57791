/** The rows of `meta/` that lead to an entry and to what it says. */

import { fromHex } from '../bytes.ts';
import { unlessLost } from '../errors.ts';
import { encodeSeq, metaKey, metaPrefix, workingCopyKey } from '../store/meta-keys.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import type { EntryReader, OpenedRecord } from './entry-reader.ts';
import type { Entry } from './entry.ts';
import { directoryOf } from './folder-tree.ts';
import type { LogNumberTable } from './log-numbers.ts';
import type { PathIndex, PathPointer } from './path-index.ts';
import type { RecordIndex } from './record-index.ts';
import { recordType } from './record-types.ts';
import type { NamedLink, Parent } from './types.ts';

export interface EntryRowsParts {
  readonly numbers: LogNumberTable;
  readonly paths: PathIndex;
  readonly records: RecordIndex;
  readonly reader: EntryReader;
}

/** Sorts behind every time: what cannot be read may be the newest. */
export const UNKNOWN_TIME = Number.MAX_SAFE_INTEGER;

export class EntryRows {
  readonly #parts: EntryRowsParts;

  constructor(parts: EntryRowsParts) {
    this.#parts = parts;
  }

  /**
   * Rows of an entry whose value lies at `chunkSeq`; `records` are those that are no versions, undefined
   * where its page is lost. Rows given before count as written.
   */
  async of(
    entry: Entry,
    links: readonly NamedLink[],
    records: readonly OpenedRecord[] | undefined,
    chunkSeq: number,
  ): Promise<MetaOperation[]> {
    const { log, seq } = entry;
    const { numbers, paths, reader } = this.#parts;
    reader.place(log, seq, chunkSeq);
    const rows: MetaOperation[] = [
      ...numbers.add(log),
      {
        type: 'put',
        key: metaKey(metaPrefix.entry, fromHex(log), encodeSeq(seq)),
        value: encodeSeq(chunkSeq),
      },
    ];
    const pointers: PathPointer[] = [];
    const directories: string[] = seq === 0 ? [''] : [];
    for (const { path, dot, kind } of links) {
      pointers.push({ path, dot });
      if (kind === 'directory') directories.push(path);
    }
    pointers.push(...(await this.#departures(links)));
    rows.push(...(await paths.addDirectories(directories)), ...(await paths.add(pointers)));
    const indexed = (records ?? lostRecords(entry)).map(({ index, record }) => ({
      type: entry.records[index]?.type ?? 0,
      time: record === undefined ? UNKNOWN_TIME : 'time' in record ? record.time : 0,
      dot: { log, seq, index },
    }));
    rows.push(...(await this.#parts.records.add(indexed)));
    return rows;
  }

  /** Forgets what was last seen in the directories of these links: it is older than they are. */
  unseen(links: readonly NamedLink[]): MetaOperation[] {
    const directories = new Set(links.map(({ path }) => directoryOf(path)));
    return Array.from(directories, (path) => ({
      type: 'delete',
      key: workingCopyKey(this.#parts.paths.directoryKey(path), 0),
    }));
  }

  /** Call it when every row given so far is written. */
  settle(): void {
    const { paths, records, reader } = this.#parts;
    paths.settle();
    records.settle();
    reader.settle();
  }

  /** Where else versions must be found: at the paths that they superseded versions of. */
  async #departures(links: readonly NamedLink[]): Promise<PathPointer[]> {
    const { paths, reader } = this.#parts;
    const asked: { readonly link: NamedLink; readonly parent: Parent }[] = [];
    const own: PathPointer[] = [];
    for (const link of links) {
      for (const parent of link.parents) {
        asked.push({ link, parent });
        own.push({ path: link.path, dot: parent });
      }
    }
    if (asked.length === 0) return [];
    // Nearly all are edits in place, which a row of their own path shows without reading the parent.
    const inPlace = await paths.known(own);
    const found = new Map<string, PathPointer>();
    for (const [at, { link, parent }] of asked.entries()) {
      if (inPlace[at] === true) continue;
      // What a lost version superseded is lost with it: nothing is shown there that this one hides.
      const opened = await reader.entry(parent.log, parent.seq).catch(unlessLost);
      const path = opened?.links.get(parent.index)?.path;
      if (path === undefined || path === link.path) continue;
      const { log, seq, index } = link.dot;
      found.set(`${index} ${path}`, { path, dot: { log, seq, index }, isElsewhere: true });
    }
    return [...found.values()];
  }
}

/** Records of an entry whose page is lost: it is known that they were there, and nothing else. */
function lostRecords(entry: Entry): { index: number; record: undefined }[] {
  return entry.records.flatMap(({ type }, index) =>
    type === recordType.version ? [] : [{ index, record: undefined }],
  );
}
