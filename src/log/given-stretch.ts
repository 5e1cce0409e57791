/** Reads stretches that other nodes give: their entries, links and pages, as far as hashes vouch for them. */

import { equalBytes, toHex } from '../bytes.ts';
import type { EpochKeys } from '../crypto/folder-keys.ts';
import { parseHeader, valueTypes, type OpenedValue } from '../crypto/sealed-value.ts';
import { VaultError } from '../errors.ts';
import { SIGNED_EVERY } from '../limits.ts';
import { decodePage, type EntryPage } from './entry-page.ts';
import type { EntryReader, OpenedRecord } from './entry-reader.ts';
import { isSealedRecord } from './entry-records.ts';
import { openEntry, type Entry } from './entry.ts';
import { epochIdOf } from './rotation-record.ts';
import type { EpochId, Head, LogId, NamedLink, RotationRecord } from './types.ts';

/** Entries of one log without a gap, the last of them signed. */
export interface SignedStretch {
  /** The id its author wrote it under, fork or not. */
  readonly log: LogId;
  /** Canonical bytes of each entry; at least one, at most {@link SIGNED_EVERY}. */
  readonly entries: readonly Uint8Array[];
  /** Signs the last entry. */
  readonly head: Head;
  /** Sealed pages of these entries, as far as they are at hand. */
  readonly pages: readonly Uint8Array[];
}

export interface ReadEntry {
  readonly bytes: Uint8Array;
  readonly entry: Entry;
  readonly links: readonly NamedLink[];
  /** Its sealed page and the records in it that are no versions. */
  readonly page:
    { readonly value: Uint8Array; readonly records: readonly OpenedRecord[] } | undefined;
}

/** What stretches are opened with. */
interface OpeningParts {
  readonly reader: EntryReader;
  /** Epochs that are held. */
  readonly epochs: ReadonlyMap<EpochId, EpochKeys>;
}

/**
 * Entries that follow one another and lead to the head, whose signature is not looked at; `begun` is told of
 * each rotation before what comes after it is read. Throws `VAULT_ENTRY_INVALID` where they do not, and what
 * opening them throws.
 */
export function openStretch(
  parts: OpeningParts,
  { log, entries, head, pages }: SignedStretch,
  begun: (epoch: EpochId, rotation: RotationRecord) => void,
): ReadEntry[] {
  const { reader } = parts;
  if (entries.length > SIGNED_EVERY) throw refused('too many entries');
  const values = new Map(pages.map((value) => [toHex(parseHeader(value).id), value]));
  const read: ReadEntry[] = [];
  let previous: Entry | undefined;
  for (const bytes of entries) {
    const entry: Entry = openEntry(bytes, {
      log,
      ...(previous === undefined ? {} : { seq: previous.seq + 1, previous: previous.hash }),
    });
    previous = entry;
    const value = values.get(toHex(entry.hash));
    const found = value && checkedPage(entry, openHeld(parts, value));
    const links = reader.openLinks(entry);
    const page =
      value && found && isWhole(entry, found)
        ? { value, records: reader.openRecords(entry, found) }
        : undefined;
    for (const { record } of page?.records ?? []) {
      if (record.type === 'rotation') begun(epochIdOf(record), record);
    }
    read.push({ bytes, entry, links, page });
  }
  if (
    previous === undefined ||
    head.log !== log ||
    head.seq !== previous.seq ||
    !equalBytes(head.hash, previous.hash)
  ) {
    throw refused('a head of the last entry');
  }
  return read;
}

/** Opens a value. Throws `VAULT_NOT_PERMITTED` where it is sealed under an epoch that is not held. */
function openHeld({ reader, epochs }: OpeningParts, value: Uint8Array): OpenedValue {
  const epoch = toHex(parseHeader(value).epoch);
  if (!epochs.has(epoch)) {
    throw new VaultError('VAULT_NOT_PERMITTED', `no keys for epoch ${epoch}`);
  }
  return reader.open(value);
}

export function isWhole(entry: Entry, page: EntryPage): boolean {
  return entry.records.every(({ hash }, index) => hash === undefined || page.records.has(index));
}

/** The page of a value. Throws `VAULT_ENTRY_INVALID` unless all in it is what the entry names. */
export function checkedPage(entry: Entry, { type, id, plain }: OpenedValue): EntryPage {
  if (type !== valueTypes.page || !equalBytes(id, entry.hash)) throw refused('a page of the entry');
  const page = decodePage(plain);
  if (!equalBytes(page.entry, entry.hash)) throw refused('a page of the entry');
  for (const [index, sealed] of page.records) {
    if (!isSealedRecord(entry, index, sealed)) throw refused('the records that the entry names');
  }
  return page;
}

function refused(expected: string): VaultError {
  return new VaultError('VAULT_ENTRY_INVALID', `expected ${expected}`);
}
