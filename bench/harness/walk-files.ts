import { lstatSync, readdirSync } from 'node:fs';

const SLASH = Buffer.from('/');

/** Paths of all files at or below `path`, as bytes: names may be no text. Symlinks are not followed. */
export function* walkFiles(path: string | Buffer): Generator<Buffer> {
  const root = Buffer.from(path);
  const stat = lstatSync(root, { throwIfNoEntry: false });
  if (stat?.isFile()) yield root;
  if (!stat?.isDirectory()) return;
  const open = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true, encoding: 'buffer' })) {
      const below = Buffer.concat([next, SLASH, entry.name]);
      if (entry.isDirectory()) open.push(below);
      else if (entry.isFile()) yield below;
    }
  }
}
