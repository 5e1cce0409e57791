/** Opening a LevelDB that may be damaged: nothing is ever deleted, and it always opens in the end. */

import { dirname } from 'node:path';
import { isVaultError, systemCode } from '../errors.ts';
import type { FileSystem } from '../system/file-system.ts';
import { LevelDatabase, type LevelOpening } from './level-database.ts';
import { repairLevel } from './level-handle.ts';
import { levelState, mayHoldRows, tablesIn } from './level-manifest.ts';
import { salvage } from './level-table.ts';
import { storeFailure } from './store-failure.ts';
import { TableChecks } from './table-checks.ts';

export interface RepairOptions {
  /** Damage means an empty database: all it holds can be made again. Otherwise what is sound stays. */
  readonly derived: boolean;
  /** Looks at every table, also those known to be sound. */
  readonly checkAll?: boolean;
}

/**
 * A LevelDB that opens whatever state its files are in. Before LevelDB may touch it, everything is
 * looked at that LevelDB would answer by ending the process or by deleting what is left.
 */
export class RepairableLevel {
  readonly database: LevelDatabase;
  readonly #files: LevelFiles;
  #repaired: boolean;

  private constructor(database: LevelDatabase, files: LevelFiles, repaired: boolean) {
    this.database = database;
    this.#files = files;
    this.#repaired = repaired;
  }

  /**
   * Opens the database in the directory `path`, creating it if missing. A damaged one is first kept
   * aside as `<path>.damaged-<n>`, then repaired; one that cannot be repaired is replaced by an
   * empty one. Names and creations are durable on return. The caller holds the home's lock.
   * Throws `VAULT_LOCKED`, `VAULT_NO_SPACE`, `VAULT_IO`.
   */
  static async open(
    fs: FileSystem,
    path: string,
    opening: LevelOpening,
    options: RepairOptions,
  ): Promise<RepairableLevel> {
    try {
      const files = new LevelFiles(fs, path, options.derived);
      const full: LevelOpening = {
        freeBytes: () => fs.freeBytes(path),
        note: (when) => files.checks.note(when),
        ...opening,
      };
      fs.makeDirectories(path, 0o700);
      let database: LevelDatabase | undefined;
      const repaired = await files.whole(options.checkAll ?? false, async (prepare) => {
        await prepare();
        database = await LevelDatabase.open(path, full);
      });
      if (database === undefined) throw new TypeError('expected an open database');
      files.checks.note('opening');
      fs.syncDirectory(path);
      fs.syncDirectory(dirname(path));
      return new RepairableLevel(database, files, repaired);
    } catch (error) {
      throw storeFailure(error, path, 'open');
    }
  }

  /** Whether damage was repaired since it was opened: what it holds must be verified. */
  get repaired(): boolean {
    return this.#repaired;
  }

  /** Reopens after a failed write, repairing as {@link open}. Throws as that. */
  async reopen(checkAll = false): Promise<void> {
    const all = checkAll || isVaultError(this.database.failure, 'VAULT_DAMAGED');
    const repaired = await this.#files.whole(all, (prepare) => this.database.reopen(prepare));
    this.#repaired ||= repaired;
  }
}

/** The files of one database while it is closed. */
class LevelFiles {
  readonly checks: TableChecks;
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #derived: boolean;

  constructor(fs: FileSystem, path: string, derived: boolean) {
    this.#fs = fs;
    this.#path = path;
    this.#derived = derived;
    this.checks = new TableChecks(fs, path, derived);
  }

  /**
   * Calls `open` with ever stronger preparations until it succeeds: a look, a repair, an empty
   * directory. Returns whether anything may have been lost.
   */
  async whole(
    checkAll: boolean,
    open: (prepare: () => Promise<void>) => Promise<void>,
  ): Promise<boolean> {
    let lossy = false;
    const steps = [
      async () => {
        if (!this.#isDamaged(checkAll)) return;
        if (mayHoldRows(this.#fs, this.#path)) lossy = await this.#repair();
        else this.#replaceByEmpty(false);
      },
      async () => {
        lossy = await this.#repair();
      },
      async () => {
        lossy = true;
        this.#replaceByEmpty(true);
      },
    ];
    for (const [index, prepare] of steps.entries()) {
      try {
        await open(prepare);
        break;
      } catch (error) {
        if (!isVaultError(error, 'VAULT_DAMAGED') || index === steps.length - 1) throw error;
      }
    }
    return lossy;
  }

  #isDamaged(checkAll: boolean): boolean {
    const { damage, tables, logs, oldestLog = 0 } = levelState(this.#fs, this.#path);
    return (
      damage !== undefined ||
      this.checks.unsound(tables, checkAll).length > 0 ||
      this.checks.lacksLog(logs, oldestLog) ||
      logs.some((name) => this.checks.lacksRows(name))
    );
  }

  /** Always true: something may be lost. */
  async #repair(): Promise<true> {
    if (this.#derived) {
      this.#replaceByEmpty(true);
      return true;
    }
    keepAside(this.#fs, this.#path);
    // LevelDB's repair reads every table there is.
    const tables = tablesIn(this.#fs, this.#path);
    for (const name of this.checks.unsound(tables, true)) this.#mend(name);
    try {
      await repairLevel(this.#path);
    } catch (error) {
      if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
      this.#replaceByEmpty(true);
    }
    return true;
  }

  /** Replaces a table by what is sound of it; LevelDB's repair does without it if nothing is. */
  #mend(name: string): void {
    const path = `${this.#path}/${name}`;
    const pieces = salvage(this.checks.load(name));
    if (pieces === undefined) {
      this.#fs.removeFile(path);
      return;
    }
    const temporary = `${path}.tmp`;
    this.#fs.removeTree(temporary);
    const file = this.#fs.open(temporary, { mode: 'create', permissions: 0o600 });
    try {
      let at = 0;
      for (const piece of pieces) {
        file.write(piece, at);
        at += piece.length;
      }
      file.sync();
    } finally {
      file.close();
    }
    this.#fs.rename(temporary, path);
  }

  #replaceByEmpty(keep: boolean): void {
    if (keep) this.#fs.rename(this.#path, freeName(this.#fs, this.#path));
    else this.#fs.removeTree(this.#path);
    this.#fs.makeDirectory(this.#path, 0o700);
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
