/** Trees of text files on a file system in memory: written, and told. */

import { utf8 } from '../../src/bytes.ts';
import { directoryOf } from '../../src/folder-path.ts';
import type { FileSystem } from '../../src/system/file-system.ts';

/** Writes files below `root` in place of whatever stands there, with the directories that hold them. */
export function putTexts(
  fs: FileSystem,
  root: string,
  files: Readonly<Record<string, string>>,
): void {
  for (const [name, text] of Object.entries(files)) {
    const path = `${root}/${name}`;
    fs.makeDirectories(directoryOf(path));
    fs.removeTree(path);
    const file = fs.open(path, { mode: 'create' });
    file.write(utf8(text), 0);
    file.close();
  }
}

/** Every path below `root`, where that is there, with the text of files; of symlinks, `-> ` and the target. */
export function textTree(fs: FileSystem, root: string): Record<string, string> {
  const found: [string, string][] = [];
  const walk = (directory: string, prefix: string): void => {
    for (const { name, kind } of fs.list(directory)) {
      const path = `${directory}/${name}`;
      if (kind === 'directory') {
        found.push([`${prefix}${name}/`, '']);
        walk(path, `${prefix}${name}/`);
      } else if (kind === 'symlink') found.push([prefix + name, `-> ${fs.readSymlink(path)}`]);
      else found.push([prefix + name, Buffer.from(fs.readFile(path)).toString()]);
    }
  };
  if (fs.statIfPresent(root) !== undefined) walk(root, '');
  return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
