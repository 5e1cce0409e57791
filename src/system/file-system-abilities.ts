/** What a file system can do, found out by trying in a directory of its own. */

import type { RandomSource } from '../random.ts';
import { systemCode } from '../errors.ts';
import { toHex } from '../bytes.ts';
import type { FileSystem } from './file-system.ts';

export interface FileSystemAbilities {
  /** Whether names that differ in case are two files. */
  readonly isCaseSensitive: boolean;
  /** `kept`: two forms are two files; `folded`: they are one; `changed`: the name is kept in another form. */
  readonly unicode: 'kept' | 'folded' | 'changed';
  /** Whether a name can be any bytes but `/` and NUL. */
  readonly takesAnyName: boolean;
  readonly hasSymlinks: boolean;
  readonly hasHardLinks: boolean;
  readonly hasSparseFiles: boolean;
  readonly keepsExecutableBit: boolean;
  /** Nanoseconds between two modification times that can be told apart: 1000 where it is that or less. */
  readonly timeStepNs: number;
  /** The modification time of a file made just now, milliseconds since 1970. */
  readonly fileTimeMs: number;
}

/** Size of the file whose holes are looked for; nothing of it but its last byte is written. */
const SPARSE_BYTES = 4 * 1024 * 1024;
/** 2001-09-09 01:46:41.123457 UTC: an odd second, and a fraction of which each part is told apart. */
const PROBE_TIME_NS = 1_000_000_001_123_457_000n;
const BYTES_NAME = 'byte-\udcff';

/**
 * Tries in a temporary directory inside `directory`, which it removes again, and which no scan sees.
 * Throws what the file system says where that cannot be made.
 */
export function probeAbilities(
  fileSystem: FileSystem,
  directory: string,
  random: RandomSource,
): FileSystemAbilities {
  const root = `${directory}/.vault-${toHex(random.bytes(8))}.tmp`;
  fileSystem.makeDirectory(root, 0o700);
  try {
    const at = (name: string): string => `${root}/${name}`;
    makeFile(fileSystem, at('Case'));
    makeFile(fileSystem, at('\u00e9'));
    const isFolded = fileSystem.statIfPresent(at('e\u0301')) !== undefined;
    const isChanged = !fileSystem.list(root).some(({ name }) => name === '\u00e9');
    return {
      isCaseSensitive: fileSystem.statIfPresent(at('cASE')) === undefined,
      unicode: isChanged ? 'changed' : isFolded ? 'folded' : 'kept',
      takesAnyName: can(() => {
        makeFile(fileSystem, at(BYTES_NAME));
        return fileSystem.list(root).some(({ name }) => name === BYTES_NAME);
      }),
      hasSymlinks: can(() => {
        fileSystem.makeSymlink('Case', at('symlink'));
        return fileSystem.stat(at('symlink')).kind === 'symlink';
      }),
      hasHardLinks: can(() => {
        fileSystem.link(at('Case'), at('link'));
        return fileSystem.stat(at('link')).inode === fileSystem.stat(at('Case')).inode;
      }),
      hasSparseFiles: can(() => isSparse(fileSystem, at('sparse'))),
      keepsExecutableBit: can(() => keepsMode(fileSystem, at('Case'))),
      fileTimeMs: Number(fileSystem.stat(at('Case')).mtimeNs / 1_000_000n),
      timeStepNs: timeStep(fileSystem, at('Case')),
    };
  } finally {
    fileSystem.removeTree(root);
  }
}

/** False also where the system refuses it, whatever it says: that is the answer. */
function can(attempt: () => boolean): boolean {
  try {
    return attempt();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}

function makeFile(fileSystem: FileSystem, path: string): void {
  fileSystem.open(path, { mode: 'create' }).close();
}

function isSparse(fileSystem: FileSystem, path: string): boolean {
  const file = fileSystem.open(path, { mode: 'create' });
  try {
    file.write(new Uint8Array([1]), SPARSE_BYTES - 1);
    return file.stat().allocated < SPARSE_BYTES / 2;
  } finally {
    file.close();
  }
}

function keepsMode(fileSystem: FileSystem, path: string): boolean {
  return [0o755, 0o644].every((mode) => {
    fileSystem.setMode(path, mode);
    return (fileSystem.stat(path).mode & 0o111) === (mode & 0o111);
  });
}

function timeStep(fileSystem: FileSystem, path: string): number {
  fileSystem.setModified(path, PROBE_TIME_NS);
  const kept = fileSystem.stat(path).mtimeNs;
  const off = Number(kept > PROBE_TIME_NS ? kept - PROBE_TIME_NS : PROBE_TIME_NS - kept);
  return [1000, 1_000_000, 1_000_000_000].find((step) => off < step) ?? 2_000_000_000;
}
