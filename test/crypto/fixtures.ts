import { toHex } from '../../src/bytes.ts';
import { deriveEpochKeys, deriveFolderKeys } from '../../src/crypto/folder-keys.ts';
import { sealedBound, sealValue, type ValueType } from '../../src/crypto/sealed-value.ts';
import type { Zstd } from '../../src/crypto/zstd.ts';
import type { RandomSource } from '../../src/random.ts';
import { seededRandom } from '../helpers/seeded.ts';

/** 32 bytes that belong to this name. */
export function named(name: string): Uint8Array {
  return seededRandom(name).bytes(32);
}

/** The keys of one folder in one epoch, each by name. */
export function folder(name: string, epochName = 'first'): Folder {
  const epochSecret = named(`${name} ${epochName} epoch secret`);
  const epoch = named(`${name} ${epochName} epoch`).subarray(0, 16);
  const keys = deriveEpochKeys(epochSecret);
  return {
    folderKeys: deriveFolderKeys(named(`${name} secret`)),
    epoch,
    epochSecret,
    keys,
    keyring: new Map([[toHex(epoch), keys]]),
  };
}

export interface Folder {
  readonly folderKeys: ReturnType<typeof deriveFolderKeys>;
  readonly epoch: Uint8Array;
  readonly epochSecret: Uint8Array;
  readonly keys: ReturnType<typeof deriveEpochKeys>;
  readonly keyring: ReadonlyMap<string, ReturnType<typeof deriveEpochKeys>>;
}

/** Randomness that answers with these bytes, whatever is asked. */
export function fixedRandom(bytes: Uint8Array): RandomSource {
  return { bytes: (length) => bytes.slice(0, length) };
}

/** A sealed value in an array of its own. */
export function seal(
  zstd: Zstd,
  where: Folder,
  value: { readonly type: ValueType; readonly id: Uint8Array; readonly plain: Uint8Array },
  options: { readonly level?: number; readonly random?: RandomSource } = {},
): Uint8Array {
  const out = new Uint8Array(sealedBound(value.plain.length));
  const { level = 3, random = seededRandom('seal') } = options;
  const { epoch, keys } = where;
  const length = sealValue({ ...value, epoch, keys, zstd, level, random, out, at: 0 });
  return out.slice(0, length);
}
