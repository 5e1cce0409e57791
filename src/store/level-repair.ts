/** Opening a LevelDB that may be damaged: nothing is ever deleted, and it always opens in the end. */

import { dirname } from 'node:path';
import { isVaultError, systemCode, VaultError } from '../errors.ts';
import type { FileSystem } from '../system/file-system.ts';
import { LevelDatabase, repairLevel, type LevelOpening } from './level-database.ts';
import { levelDamage, mayHoldRows } from './level-manifest.ts';
import { storeFailure } from './store-failure.ts';

export interface OpenedLevel {
  readonly database: LevelDatabase;
  /** Set where the database was damaged: what it holds must be verified, some may be lost. */
  readonly repaired: boolean;
}

/**
 * Opens the database in the directory `path`, creating it if missing. A damaged one is first kept
 * aside as `<path>.damaged-<n>`, then repaired; one that cannot be repaired is replaced by an empty
 * one. Names and creations are durable on return.
 * Throws `VAULT_LOCKED`, `VAULT_NO_SPACE`, `VAULT_IO`.
 */
export async function openOrRepair(
  fs: FileSystem,
  path: string,
  options: LevelOpening,
): Promise<OpenedLevel> {
  const opening = { freeBytes: () => fs.freeBytes(path), ...options };
  let database: LevelDatabase;
  let repaired = false;
  try {
    fs.makeDirectories(path, 0o700);
    try {
      database = await openWhole(fs, path, opening);
    } catch (error) {
      if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
      repaired = mayHoldRows(fs, path);
      database = await (repaired ? openRepaired : openAnew)(fs, path, opening);
    }
    fs.syncDirectory(path);
    fs.syncDirectory(dirname(path));
  } catch (error) {
    throw storeFailure(error, path, 'open');
  }
  return { database, repaired };
}

/**
 * Reopens a database after a failed write. If damage was what failed, it is repaired as by
 * {@link openOrRepair}: true then. Throws as that.
 */
export async function reopenOrRepair(fs: FileSystem, database: LevelDatabase): Promise<boolean> {
  const { path } = database;
  let repaired = false;
  const repair = async (): Promise<void> => {
    repaired = true;
    keepAside(fs, path);
    await repairOrReplace(fs, path);
  };
  const replace = async (): Promise<void> => {
    repaired = true;
    replaceByEmpty(fs, path);
  };
  const damaged = isVaultError(database.failure, 'VAULT_DAMAGED');
  for (const prepare of damaged ? [repair, replace] : [undefined, repair, replace]) {
    try {
      await database.reopen(prepare);
      return repaired;
    } catch (error) {
      if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    }
  }
  throw new VaultError('VAULT_DAMAGED', `cannot open ${JSON.stringify(path)} even when empty`, {
    details: { path },
  });
}

/** Opens what LevelDB may open without deleting anything that holds rows. */
async function openWhole(
  fs: FileSystem,
  path: string,
  opening: LevelOpening,
): Promise<LevelDatabase> {
  const damage = levelDamage(fs, path);
  if (damage !== undefined) {
    throw new VaultError('VAULT_DAMAGED', `${JSON.stringify(path)} is damaged: ${damage}`, {
      details: { path },
    });
  }
  return LevelDatabase.open(path, opening);
}

/** A power cut during creation leaves this: LevelDB does not sync its first manifest. */
async function openAnew(
  fs: FileSystem,
  path: string,
  opening: LevelOpening,
): Promise<LevelDatabase> {
  fs.removeTree(path);
  fs.makeDirectory(path, 0o700);
  return LevelDatabase.open(path, opening);
}

async function openRepaired(
  fs: FileSystem,
  path: string,
  opening: LevelOpening,
): Promise<LevelDatabase> {
  keepAside(fs, path);
  await repairOrReplace(fs, path);
  try {
    return await LevelDatabase.open(path, opening);
  } catch (error) {
    if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    replaceByEmpty(fs, path);
    return LevelDatabase.open(path, opening);
  }
}

async function repairOrReplace(fs: FileSystem, path: string): Promise<void> {
  try {
    await repairLevel(path);
  } catch (error) {
    if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    replaceByEmpty(fs, path);
  }
}

/** Links the files of `path` into a new directory beside it: LevelDB never changes one in place. */
function keepAside(fs: FileSystem, path: string): void {
  const aside = freeName(fs, path);
  fs.makeDirectory(aside, 0o700);
  for (const { name, kind } of fs.list(path)) {
    if (kind === 'file') linkOrCopy(fs, `${path}/${name}`, `${aside}/${name}`);
  }
  fs.syncDirectory(aside);
  fs.syncDirectory(dirname(path));
}

function replaceByEmpty(fs: FileSystem, path: string): void {
  fs.rename(path, freeName(fs, path));
  fs.makeDirectory(path, 0o700);
}

function freeName(fs: FileSystem, path: string): string {
  let n = 1;
  while (fs.statIfPresent(`${path}.damaged-${n}`) !== undefined) n++;
  return `${path}.damaged-${n}`;
}

/** File systems without hard links (FAT) and quotas on links get a copy. */
const CANNOT_LINK = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
  'EXDEV',
  'EINVAL',
]);

function linkOrCopy(fs: FileSystem, from: string, to: string): void {
  try {
    fs.link(from, to);
  } catch (error) {
    if (!CANNOT_LINK.has(systemCode(error) ?? '')) throw error;
    copyFile(fs, from, to);
  }
}

function copyFile(fs: FileSystem, from: string, to: string): void {
  const piece = new Uint8Array(1024 * 1024);
  const source = fs.open(from, { mode: 'read' });
  try {
    const copy = fs.open(to, { mode: 'create', permissions: 0o600 });
    try {
      let at = 0;
      for (let read = source.read(piece, 0); read > 0; read = source.read(piece, at)) {
        copy.write(piece.subarray(0, read), at);
        at += read;
      }
      copy.sync();
    } finally {
      copy.close();
    }
  } finally {
    source.close();
  }
}
