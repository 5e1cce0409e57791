/**
 * Versions that others supersede and that have not come here: one log may arrive before another that it
 * builds on. When such a version comes, what took its place elsewhere has to be found at its path too.
 */

import { concat, equalBytes, fromHex } from '../bytes.ts';
import { unlessLost, VaultError } from '../errors.ts';
import { encodeSeq, metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaOperation, MetaReader } from '../store/meta-store.ts';
import type { EntryReader } from './entry-reader.ts';
import type { Entry } from './entry.ts';
import { HASH8_BYTES, shortHash } from './log-id.ts';
import type { LogNumbers, PathPointer } from './path-index.ts';
import { supersededPath } from './superseded-path.ts';
import type { Dot, NamedLink, Parent } from './types.ts';

export interface AwaitedParts {
  readonly meta: MetaReader;
  readonly numbers: LogNumbers;
  readonly reader: EntryReader;
}

interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const PLACE_BYTES = 1 + 32 + 8;

export class AwaitedVersions {
  readonly #parts: AwaitedParts;
  /** Rows that are not written yet, by the beginning of their keys. */
  readonly #fresh = new Map<string, Row[]>();

  constructor(parts: AwaitedParts) {
    this.#parts = parts;
  }

  /** The row that says that the version at `by` (under its line) supersedes `parent`. */
  add(parent: Parent, by: Dot): MetaOperation {
    const place = placeKey(parent.log, parent.seq);
    const key = concat(place, indexBytes(parent.index), this.#dotBytes(by));
    const row = { key, value: parent.hash8 };
    const name = nameOf(place);
    this.#fresh.set(name, [...(this.#fresh.get(name) ?? []), row]);
    return { type: 'put', ...row };
  }

  /** Where versions are to be found that supersede some of an entry that has come; drops their rows. */
  async of(
    entry: Entry,
    links: readonly NamedLink[],
    rows: MetaOperation[],
  ): Promise<PathPointer[]> {
    const found = new Map<string, PathPointer>();
    const place = placeKey(entry.log, entry.seq);
    const waiting = [...(this.#fresh.get(nameOf(place)) ?? [])];
    for await (const row of this.#parts.meta.scan(metaRange(place))) waiting.push(row);
    for (const { key, value } of waiting) {
      if (value.length !== HASH8_BYTES || key.length !== PLACE_BYTES + 12) throw malformed();
      // Of another branch of the log.
      if (!equalBytes(value, shortHash(entry.hash))) continue;
      rows.push({ type: 'delete', key });
      const index = (key[PLACE_BYTES] ?? 0) * 256 + (key[PLACE_BYTES + 1] ?? 0);
      const dot = this.#dotOf(key.subarray(PLACE_BYTES + 2));
      const path = links.find((link) => link.dot.index === index)?.path;
      const by = await this.#parts.reader.entry(dot.log, dot.seq).catch(unlessLost);
      const superseding = by?.links.get(dot.index);
      if (path === undefined || superseding === undefined || superseding.path === path) continue;
      if (await this.#isFound(entry, superseding, path)) continue;
      found.set(`${dot.log} ${dot.seq} ${dot.index} ${path}`, { path, dot, isElsewhere: true });
    }
    return [...found.values()];
  }

  /** Whether another version at `path` that it superseded came before this entry: then it is known there. */
  async #isFound(entry: Entry, { parents }: NamedLink, path: string): Promise<boolean> {
    const hash8 = shortHash(entry.hash);
    for (const parent of parents) {
      const isOfEntry =
        parent.log === entry.log && parent.seq === entry.seq && equalBytes(parent.hash8, hash8);
      if (isOfEntry) continue;
      const known = await supersededPath(this.#parts.reader, parent);
      if (known !== 'not here yet' && known.path === path) return true;
    }
    return false;
  }

  /** Every row given so far is written. */
  settle(): void {
    this.#fresh.clear();
  }

  #dotBytes({ log, seq, index }: Dot): Uint8Array {
    const bytes = Buffer.alloc(10);
    bytes.writeUInt16BE(this.#parts.numbers.number(log), 0);
    bytes.writeUIntBE(seq, 2, 6);
    bytes.writeUInt16BE(index, 8);
    return bytes;
  }

  #dotOf(bytes: Uint8Array): Dot {
    const buffer = Buffer.from(bytes);
    const log = this.#parts.numbers.log(buffer.readUInt16BE(0));
    if (log === undefined) throw malformed();
    return { log, seq: buffer.readUIntBE(2, 6), index: buffer.readUInt16BE(8) };
  }
}

function placeKey(log: string, seq: number): Uint8Array {
  return metaKey(metaPrefix.awaited, fromHex(log), encodeSeq(seq));
}

function nameOf(place: Uint8Array): string {
  return Buffer.from(place).toString('latin1');
}

function indexBytes(index: number): Uint8Array {
  return Uint8Array.of(index >> 8, index & 0xff);
}

function malformed(): VaultError {
  return new VaultError('VAULT_DAMAGED', 'malformed row of an awaited version');
}
