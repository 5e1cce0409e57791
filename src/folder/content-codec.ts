/** What a worker needs to seal and open content of one folder, made once per lane from its secrets. */

import { Chunker } from '../chunking/chunker.ts';
import type { ChunkerParams } from '../chunking/params.ts';
import { GEAR_TABLE_BYTES } from '../chunking/gear-table.ts';
import { toHex } from '../bytes.ts';
import { chunkId } from '../crypto/chunk-id.ts';
import {
  deriveEpochKeys,
  deriveFolderKeys,
  expandGearTable,
  type EpochKeys,
  type FolderKeys,
} from '../crypto/folder-keys.ts';
import { openValue, sealValue, type Keyring, type OpenedValue } from '../crypto/sealed-value.ts';
import { loadZstd, type Zstd } from '../crypto/zstd.ts';
import { VaultError } from '../errors.ts';
import { logCompressor } from '../log/compressed-block.ts';
import type { RecordKeys } from '../log/entry-records.ts';
import type { EpochId } from '../log/types.ts';
import type { RandomSource } from '../random.ts';

/** Plain data that crosses to the lanes: the secrets of one folder. */
export interface ContentSecrets {
  readonly folderSecret: Uint8Array;
  /** All known epochs; new content is sealed under the last. `id` has 16 bytes. */
  readonly epochs: readonly { readonly id: Uint8Array; readonly secret: Uint8Array }[];
  readonly params: ChunkerParams;
  /** zstd level; 0 stores as it is. */
  readonly level: number;
}

/** Window of one chunker: what a lane holds of a large file. */
const WINDOW_BYTES = 1024 * 1024;

export class ContentCodec {
  readonly params: ChunkerParams;
  readonly #keys: FolderKeys;
  readonly #keyring: Keyring;
  readonly #epoch: Uint8Array;
  readonly #epochKeys: EpochKeys;
  readonly #level: number;
  readonly #zstd: Zstd;
  readonly #gearTable: Uint8Array;
  readonly #chunkers: Chunker[] = [];

  constructor(secrets: ContentSecrets, zstd: Zstd) {
    const current = secrets.epochs.at(-1);
    if (current === undefined) throw new RangeError('expected at least one epoch, got none');
    this.params = secrets.params;
    this.#keys = deriveFolderKeys(secrets.folderSecret);
    const keyring = new Map(
      secrets.epochs.map(({ id, secret }) => [toHex(id), deriveEpochKeys(secret)]),
    );
    this.#keyring = keyring;
    this.#epoch = current.id;
    this.#epochKeys = keyring.get(toHex(current.id)) as EpochKeys;
    this.#level = secrets.level;
    this.#zstd = zstd;
    this.#gearTable = expandGearTable(this.#keys.chunkerKey, GEAR_TABLE_BYTES);
  }

  /** Id of a chunk (1) or node (2). */
  id(type: 1 | 2, plain: Uint8Array): Uint8Array {
    return chunkId(this.#keys.idKey, type, plain);
  }

  /** Seals into `out` at `at`; the bytes written. */
  seal(
    type: 1 | 2,
    id: Uint8Array,
    plain: Uint8Array,
    random: RandomSource,
    out: Uint8Array,
    at: number,
  ): number {
    return sealValue({
      type,
      id,
      plain,
      epoch: this.#epoch,
      keys: this.#epochKeys,
      zstd: this.#zstd,
      level: this.#level,
      random,
      out,
      at,
    });
  }

  /** The plain bytes of a value that must be this chunk (1) or node (2). Throws what `openValue` throws. */
  open(value: Uint8Array, type: 1 | 2, id: Uint8Array): Uint8Array {
    return openValue(value, this.#opener(), { type, id }).plain;
  }

  /** Opens a value of any type as what it says it is: for checking. Throws what `openValue` throws. */
  check(value: Uint8Array): OpenedValue {
    return openValue(value, this.#opener());
  }

  /** What opens the records of an epoch in the folder with this 32-byte id. Throws `VAULT_NOT_PERMITTED`. */
  recordKeys(folder: Uint8Array, epoch: EpochId): RecordKeys {
    const keys = this.#keyring.get(epoch);
    if (keys === undefined) {
      throw new VaultError('VAULT_NOT_PERMITTED', `no keys for epoch ${epoch}`, {
        details: { epoch },
      });
    }
    return { folder, recordKey: keys.recordKey, compressor: logCompressor(this.#zstd) };
  }

  /** A chunker that nobody else uses until it is given back. */
  takeChunker(): Chunker {
    return (
      this.#chunkers.pop() ??
      new Chunker(this.params, this.#gearTable, { windowBytes: WINDOW_BYTES })
    );
  }

  giveChunker(chunker: Chunker): void {
    this.#chunkers.push(chunker);
  }

  #opener(): Parameters<typeof openValue>[1] {
    return { keyring: this.#keyring, idKey: this.#keys.idKey, zstd: this.#zstd };
  }
}

const codecs = new WeakMap<object, Promise<ContentCodec>>();

/** The codec of these secrets, the same one each time. */
export async function contentCodec(secrets: unknown): Promise<ContentCodec> {
  if (typeof secrets !== 'object' || secrets === null) {
    throw new TypeError('expected the secrets of a folder');
  }
  let codec = codecs.get(secrets);
  if (codec === undefined) {
    codec = loadZstd().then((zstd) => new ContentCodec(secrets as ContentSecrets, zstd));
    codecs.set(secrets, codec);
  }
  return codec;
}
