import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Everything below a directory byte for byte, with times: equal only where nothing was touched. */
export function everyByte(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const at = join(directory, path);
    const stat = lstatSync(at, { bigint: true });
    const content = stat.isFile()
      ? readFileSync(at)
      : stat.isSymbolicLink()
        ? readlinkSync(at)
        : '';
    const hash = createHash('sha256').update(content).digest('hex');
    found.set(path, `${stat.mode} ${stat.size} ${stat.mtimeNs} ${stat.ino} ${hash}`);
  }
  return found;
}
