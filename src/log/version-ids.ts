/**
 * Where versions are, by their ids: rows that are made when somebody first asks for a version by its id,
 * and of new entries when it is asked again. A row says only where to look; the entry says whether it
 * is so. What has no row is looked for in the log (`version-search.ts`).
 */

import { fromHex } from '../bytes.ts';
import { unlessLost, VaultError } from '../errors.ts';
import { decodeSeq, encodeSeq, metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaOperation, MetaStore } from '../store/meta-store.ts';
import type { Entry } from './entry.ts';
import { shortHash } from './log-id.ts';
import type { LogNumbers } from './path-index.ts';
import { recordType } from './record-types.ts';
import type { Dot, LogId, Parent } from './types.ts';
import { versionId } from './version-name.ts';

/** Bytes of an id in a row: enough that two versions hardly ever share them. */
const ID_BYTES = 8;
const ROWS_PER_WRITE = 10_000;

export interface VersionIdParts {
  readonly meta: MetaStore;
  readonly numbers: LogNumbers;
  readonly entry: (log: LogId, seq: number) => Promise<Entry>;
}

/** Entries from `first` to below `end`. */
export interface Covered {
  readonly first: number;
  readonly end: number;
}

export class VersionIds {
  readonly #parts: VersionIdParts;

  constructor(parts: VersionIdParts) {
    this.#parts = parts;
  }

  /** Of how many entries of a log, from its first on, rows were made. */
  async covered(log: LogId): Promise<number> {
    return decodeSeq(await this.#parts.meta.get(coveredKey(log))) ?? 0;
  }

  /**
   * Makes the rows of the entries of a line from `first` up to `end`, which are not to be counted, but for those that are
   * lost. May be cut short anywhere. Throws what `signal` was aborted with, `VAULT_NO_SPACE`, `VAULT_IO`.
   */
  async cover(
    line: LogId,
    { first, end }: Covered,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { meta, entry: read } = this.#parts;
    let rows: MetaOperation[] = [];
    for (let seq = Math.max(first, await this.covered(line)); seq < end; seq++) {
      signal?.throwIfAborted();
      const entry = await read(line, seq).catch(unlessLost);
      for (const name of entry === undefined ? [] : namesIn(entry)) {
        rows.push({ type: 'put', key: this.#key(name, line), value: new Uint8Array(0) });
      }
      if (rows.length < ROWS_PER_WRITE && seq + 1 < end) continue;
      rows.push({ type: 'put', key: coveredKey(line), value: encodeSeq(seq + 1) });
      await meta.write(rows, { sync: false });
      rows = [];
    }
  }

  /** The dots of rows that `prefix`, of hex digits, fits. Throws `VAULT_DAMAGED` for a malformed row. */
  async *fitting(prefix: string): AsyncGenerator<Dot> {
    const digits = prefix.slice(0, ID_BYTES * 2);
    const whole = fromHex(digits.slice(0, digits.length & ~1));
    for await (const { key } of this.#parts.meta.scan(
      metaRange(metaKey(metaPrefix.versionId, whole)),
    )) {
      const id = Buffer.from(key.subarray(1, 1 + ID_BYTES)).toString('hex');
      if (id.startsWith(digits)) yield this.#dot(key);
    }
  }

  #key(name: Parent, line: LogId): Uint8Array {
    const key = Buffer.allocUnsafe(1 + ID_BYTES + 10);
    key[0] = metaPrefix.versionId;
    key.write(versionId(name), 1, ID_BYTES, 'hex');
    key.writeUInt16BE(this.#parts.numbers.number(line), 1 + ID_BYTES);
    key.writeUIntBE(name.seq, 3 + ID_BYTES, 6);
    key.writeUInt16BE(name.index, 9 + ID_BYTES);
    return key;
  }

  #dot(key: Uint8Array): Dot {
    const bytes = Buffer.from(key);
    const isRow = bytes.length === 1 + ID_BYTES + 10;
    const log = isRow ? this.#parts.numbers.log(bytes.readUInt16BE(1 + ID_BYTES)) : undefined;
    if (log === undefined) throw new VaultError('VAULT_DAMAGED', 'malformed row of a version id');
    const seq = bytes.readUIntBE(3 + ID_BYTES, 6);
    return { log, seq, index: bytes.readUInt16BE(9 + ID_BYTES) };
  }
}

/** The names of an entry's versions, in order. */
export function namesIn({ log, seq, hash, records }: Entry): Parent[] {
  const hash8 = shortHash(hash);
  return records.flatMap(({ type }, index) =>
    type === recordType.version ? [{ log, seq, index, hash8 }] : [],
  );
}

function coveredKey(log: LogId): Uint8Array {
  return metaKey(metaPrefix.versionIdsOf, fromHex(log));
}
