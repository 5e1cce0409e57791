/** The rows of `meta/` that lead to an entry and to what it says. */

import { concat, fromHex, mapKey, toHex } from '../bytes.ts';
import { directoryOf } from '../folder-path.ts';
import {
  decodeSeq,
  encodeEntryPlace,
  encodeSeq,
  metaKey,
  metaPrefix,
  workingCopyKey,
  type EntryPlaceRow,
} from '../store/meta-keys.ts';
import type { MetaOperation, MetaReader } from '../store/meta-store.ts';
import { AwaitedVersions } from './awaited-versions.ts';
import type { EntryReader, OpenedRecord } from './entry-reader.ts';
import type { Entry } from './entry.ts';
import type { LogNumberTable } from './log-numbers.ts';
import type { PathIndex, PathPointer } from './path-index.ts';
import type { RecordIndex } from './record-index.ts';
import { recordType } from './record-types.ts';
import { supersededPath } from './superseded-path.ts';
import type { LogId, NamedLink, Parent } from './types.ts';

export interface EntryRowsParts {
  readonly meta: MetaReader;
  readonly numbers: LogNumberTable;
  readonly paths: PathIndex;
  readonly records: RecordIndex;
  readonly reader: EntryReader;
}

/** Sorts behind every time: what cannot be read may be the newest. */
export const UNKNOWN_TIME = Number.MAX_SAFE_INTEGER;

export class EntryRows {
  readonly #parts: EntryRowsParts;
  readonly #awaited: AwaitedVersions;
  /** Entries without their pages whose rows are not written yet, by hash. */
  readonly #pageless = new Map<string, { line: LogId; seq: number }>();

  constructor(parts: EntryRowsParts) {
    this.#parts = parts;
    this.#awaited = new AwaitedVersions(parts);
  }

  /**
   * Rows of an entry that lies in `line`; `records` are those that are no versions, undefined where its
   * page is lost or has not come. Rows given before count as written. `isNew`: nobody can have seen it yet.
   */
  async of(
    line: LogId,
    entry: Entry,
    links: readonly NamedLink[],
    records: readonly OpenedRecord[] | undefined,
    place: EntryPlaceRow,
    isNew = false,
  ): Promise<MetaOperation[]> {
    const { seq } = entry;
    const { numbers, paths } = this.#parts;
    const rows: MetaOperation[] = [...numbers.add(entry.log), ...numbers.add(line)];
    rows.push(...this.#placed(line, entry, place));
    const pointers: PathPointer[] = [];
    const directories: string[] = seq === 0 ? [''] : [];
    for (const { path, dot, kind } of links) {
      pointers.push({ path, dot: dot.log === line ? dot : { ...dot, log: line } });
      if (kind === 'directory') directories.push(path);
    }
    const departures = await this.#departures(line, links);
    pointers.push(...departures.found);
    rows.push(...departures.rows);
    if (!isNew) pointers.push(...(await this.#awaited.of(entry, links, rows)));
    rows.push(...(await paths.addDirectories(directories)), ...(await paths.add(pointers)));
    rows.push(...(await this.#indexed(line, entry, records ?? unreadRecords(entry, place))));
    return rows;
  }

  /** Rows of a page that came after its entry. */
  async ofPage(
    line: LogId,
    entry: Entry,
    records: readonly OpenedRecord[],
    place: EntryPlaceRow,
  ): Promise<MetaOperation[]> {
    this.#pageless.delete(mapKey(entry.hash));
    return [
      ...this.#placed(line, entry, place),
      ...(await this.#indexed(line, entry, records)),
      { type: 'delete', key: metaKey(metaPrefix.wantedPage, entry.hash) },
    ];
  }

  #placed(line: LogId, entry: Entry, place: EntryPlaceRow): MetaOperation[] {
    this.#parts.reader.place(line, entry.seq, place);
    const at = [fromHex(line), encodeSeq(entry.seq)];
    const rows: MetaOperation[] = [
      { type: 'put', key: metaKey(metaPrefix.entry, ...at), value: encodeEntryPlace(place) },
    ];
    if (place.pageSeq === undefined) {
      this.#pageless.set(mapKey(entry.hash), { line, seq: entry.seq });
      const key = metaKey(metaPrefix.wantedPage, entry.hash);
      rows.push({ type: 'put', key, value: concat(...at) });
    }
    return rows;
  }

  #indexed(
    line: LogId,
    entry: Entry,
    records: readonly {
      readonly index: number;
      readonly record: OpenedRecord['record'] | undefined;
    }[],
  ): Promise<MetaOperation[]> {
    const indexed = records.map(({ index, record }) => ({
      type: entry.records[index]?.type ?? 0,
      time: record === undefined ? UNKNOWN_TIME : 'time' in record ? record.time : 0,
      dot: { log: line, seq: entry.seq, index },
    }));
    return this.#parts.records.add(indexed);
  }

  /** The entry with this hash, if its page is not here. */
  async wantedPage(hash: Uint8Array): Promise<{ line: LogId; seq: number } | undefined> {
    const fresh = this.#pageless.get(mapKey(hash));
    if (fresh !== undefined) return fresh;
    const row = await this.#parts.meta.get(metaKey(metaPrefix.wantedPage, hash));
    const seq = decodeSeq(row?.subarray(32));
    return row === undefined || seq === undefined
      ? undefined
      : { line: toHex(row.subarray(0, 32)), seq };
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
    this.#awaited.settle();
    this.#pageless.clear();
    paths.settle();
    records.settle();
    reader.settle();
  }

  /** Where else versions must be found: at the paths that they superseded versions of. */
  async #departures(
    line: LogId,
    links: readonly NamedLink[],
  ): Promise<{ readonly found: PathPointer[]; readonly rows: MetaOperation[] }> {
    const { numbers, paths, reader } = this.#parts;
    const asked: { readonly link: NamedLink; readonly parent: Parent }[] = [];
    const own: PathPointer[] = [];
    for (const link of links) {
      for (const parent of link.parents) {
        asked.push({ link, parent });
        // Nothing of a log without a number is here: then any dot will do that is none of its own.
        own.push({ path: link.path, dot: numbers.has(parent.log) ? parent : link.dot });
      }
    }
    if (asked.length === 0) return { found: [], rows: [] };
    // Nearly all are edits in place, which a row of their own path shows without reading the parent.
    const inPlace = await paths.known(own);
    const found = new Map<string, PathPointer>();
    const rows: MetaOperation[] = [];
    for (const [at, { link, parent }] of asked.entries()) {
      const isSure = numbers.has(parent.log) && !reader.lines.isForked(parent.log);
      if (isSure && inPlace[at] === true) continue;
      const dot = { ...link.dot, log: line };
      // What a lost version superseded is lost with it: nothing is shown there that this one hides.
      const known = await supersededPath(reader, parent);
      if (known === 'not here yet') rows.push(this.#awaited.add(parent, dot));
      else if (known.path !== undefined && known.path !== link.path) {
        found.set(`${dot.index} ${known.path}`, { path: known.path, dot, isElsewhere: true });
      }
    }
    return { found: [...found.values()], rows };
  }
}

/** Records of an entry whose page is lost: it is known that they were there, and nothing else. */
function unreadRecords(
  entry: Entry,
  { pageSeq }: EntryPlaceRow,
): { index: number; record: undefined }[] {
  if (pageSeq === undefined) return [];
  return entry.records.flatMap(({ type }, index) =>
    type === recordType.version ? [] : [{ index, record: undefined }],
  );
}
