/**
 * The file `daemon` of a home: where the daemon that has it open is reached, and a secret of that daemon's
 * own, which proves to each side that the other can read the home. Worth nothing once the daemon has ended.
 */

import { fromHex, toHex, utf8 } from '../bytes.ts';
import { systemCode } from '../errors.ts';
import type { FileSystem } from '../system/file-system.ts';

export interface DaemonFile {
  /** Path of the socket, or name of the pipe. */
  readonly socket: string;
  /** 32 random bytes. */
  readonly secret: Uint8Array;
}

const MAGIC = 'vault daemon';
const MAX_BYTES = 4096;
/** What reading answers where there is nothing, or something else. */
const NONE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EFBIG']);

/** Replaces the file, readable by its owner only. */
export function writeDaemonFile(fileSystem: FileSystem, path: string, file: DaemonFile): void {
  const text = JSON.stringify({ magic: MAGIC, socket: file.socket, secret: toHex(file.secret) });
  const unfinished = `${path}.tmp`;
  if (fileSystem.statIfPresent(unfinished) !== undefined) fileSystem.removeFile(unfinished);
  const written = fileSystem.open(unfinished, { mode: 'create', permissions: 0o600 });
  try {
    written.write(utf8(`${text}\n`), 0);
  } finally {
    written.close();
  }
  fileSystem.rename(unfinished, path);
}

/** Undefined where there is none, or none that can be understood: then no daemon is reached. */
export function readDaemonFile(fileSystem: FileSystem, path: string): DaemonFile | undefined {
  let text: string;
  try {
    text = Buffer.from(fileSystem.readFile(path, MAX_BYTES)).toString('utf8');
  } catch (error) {
    if (NONE.has(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    const { magic, socket, secret } = value ?? {};
    if (magic !== MAGIC || typeof socket !== 'string' || typeof secret !== 'string')
      return undefined;
    return /^[0-9a-f]{64}$/.test(secret) ? { socket, secret: fromHex(secret) } : undefined;
  } catch {
    return undefined; // torn by a crash, or no JSON
  }
}

/** Takes it away. */
export function removeDaemonFile(fileSystem: FileSystem, path: string): void {
  if (fileSystem.statIfPresent(path) !== undefined) fileSystem.removeFile(path);
}
