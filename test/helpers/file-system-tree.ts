/** What a directory of any file system holds, in a form that compares. */

import { createHash } from 'node:crypto';
import type { FileSystem } from '../../src/system/file-system.ts';

/** What is said of what is neither file, directory nor symlink. */
export const OTHER = 'other';

/**
 * One line for everything below `root` by its path: what a restore must give back. Times are in
 * microseconds; directories keep none.
 */
export function describeTree(fileSystem: FileSystem, root: string): Record<string, string> {
  const lines: [string, string][] = [];
  const walk = (directory: string, prefix: string): void => {
    for (const { name, kind } of fileSystem.list(directory)) {
      const at = `${directory}/${name}`;
      const { mode, mtimeNs } = fileSystem.stat(at);
      const time = mtimeNs / 1000n;
      if (kind === 'directory') {
        lines.push([prefix + name, 'directory']);
        walk(at, `${prefix}${name}/`);
      } else if (kind === 'symlink') {
        lines.push([
          prefix + name,
          `symlink to ${JSON.stringify(fileSystem.readSymlink(at))}, ${time}`,
        ]);
      } else if (kind !== 'file') lines.push([prefix + name, OTHER]);
      else {
        const content = fileSystem.readFile(at);
        const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
        const run = (mode & 0o100) === 0 ? '' : ', executable';
        lines.push([prefix + name, `file of ${content.length} bytes ${hash}${run}, ${time}`]);
      }
    }
  };
  walk(root, '');
  return Object.fromEntries(lines.sort(([a], [b]) => (a < b ? -1 : 1)));
}
