/** What tells a home from its copies. */

import type { FileSystem } from '../system/file-system.ts';

/** `device:inode` of a home's directory, by whatever path it is reached. */
export function placeOf(fileSystem: FileSystem, home: string): string {
  const { device, inode } = fileSystem.stat(fileSystem.realPath(home));
  return `${device}:${inode}`;
}
