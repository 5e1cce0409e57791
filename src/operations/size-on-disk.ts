/** What a directory holds, all in all. */

import { systemCode } from '../errors.ts';
import type { FileSystem } from '../system/file-system.ts';

export interface SizeOnDisk {
  /** Bytes of all files, as many as they claim. */
  readonly bytes: number;
  /** Table files of databases. */
  readonly tables: number;
}

/** What goes away meanwhile, as a database compacts, counts as nothing. */
export function sizeOnDisk(fileSystem: FileSystem, directory: string): SizeOnDisk {
  let bytes = 0;
  let tables = 0;
  const open = [directory];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const { name, kind } of listed(fileSystem, at)) {
      const path = `${at}/${name}`;
      if (kind === 'directory') open.push(path);
      else bytes += fileSystem.statIfPresent(path)?.size ?? 0;
      if (kind === 'file' && /\.(?:ldb|sst)$/.test(name)) tables++;
    }
  }
  return { bytes, tables };
}

function listed(fileSystem: FileSystem, path: string): ReturnType<FileSystem['list']> {
  try {
    return fileSystem.list(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return [];
  }
}
