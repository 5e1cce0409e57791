/** What users do in a working copy: one random edit at a time, as editors and shells make them. */

import type { FileSystem, OpenFile } from '../../src/system/file-system.ts';
import type { Chance } from './chance.ts';
import type { Tree } from './working-tree.ts';

const NAMES = ['a', 'b', 'c.txt', 'd/x', 'd/y', 'd/e/z', 'f/g', 'd', 'h'];
/** Of which every node may write the same. */
const SAME = ['same one', 'same two'];
/** Some chunks, and more than a peer may send without asking. */
const LARGE_BYTES = 150_000;
const HUGE_BYTES = 1_400_000;

export interface User {
  readonly fileSystem: FileSystem;
  readonly root: string;
  readonly chance: Chance;
  /** A text that nobody wrote before. */
  readonly newText: () => string;
  /** Many contents are larger than what a peer may send without being given more credit. */
  readonly isLarge: boolean;
}

/** Makes one edit, perhaps of `name`; what it was, in words, or undefined where there was nothing to do. */
export function edit(user: User, tree: Tree, name?: string): string | undefined {
  const { chance } = user;
  const all = [...tree.keys()];
  const named = [...all, ...NAMES].filter((path) => path.split('/').at(-1) === name);
  if (named.length > 0 && !chance.oneIn(4)) return write(user, chance.pick(named), tree);
  const files = all.filter((path) => !tree.get(path)?.startsWith('D'));
  const kind = chance.below(16);
  if (kind < 7) {
    const isKnown = files.length > 0 && chance.oneIn(2);
    return write(user, isKnown ? chance.pick(files) : chance.pick(NAMES), tree);
  }
  if (kind < 9) return files.length === 0 ? undefined : remove(user, chance.pick(files));
  if (kind < 10) return all.length === 0 ? undefined : remove(user, chance.pick(all));
  if (kind < 13) {
    return all.length === 0 ? undefined : rename(user, chance.pick(all), chance.pick(NAMES));
  }
  if (kind === 13) return link(user, chance.pick(NAMES));
  if (kind === 14) return directory(user, chance.pick(NAMES));
  return files.length === 0 ? undefined : append(user, chance.pick(files), tree);
}

function write(user: User, path: string, tree: Tree): string {
  const { fileSystem, chance } = user;
  const at = placeFor(user, path);
  const text = textFor(user);
  if (tree.get(path)?.startsWith('F') === true && chance.oneIn(2)) {
    const file = fileSystem.open(at, { mode: 'write' });
    file.truncate(0);
    writeAll(file, text);
    file.close();
    return `writes ${path} in place`;
  }
  const temporary = `${at}~`;
  if (tree.get(path)?.startsWith('D') === true) fileSystem.removeTree(at);
  fileSystem.removeTree(temporary);
  const file = fileSystem.open(temporary, { mode: 'create' });
  writeAll(file, text);
  if (chance.oneIn(2)) file.sync();
  file.close();
  fileSystem.rename(temporary, at);
  return `saves ${path} (${text.length} bytes)`;
}

function append(user: User, path: string, tree: Tree): string | undefined {
  if (tree.get(path)?.startsWith('F') !== true) return undefined;
  const file = user.fileSystem.open(`${user.root}/${path}`, { mode: 'write' });
  writeAll(file, user.newText(), (tree.get(path) ?? 'F').length - 1);
  file.close();
  return `appends to ${path}`;
}

function remove({ fileSystem, root }: User, path: string): string {
  fileSystem.removeTree(`${root}/${path}`);
  return `removes ${path}`;
}

function rename(user: User, from: string, to: string): string | undefined {
  const { fileSystem, root } = user;
  if (to === from || to.startsWith(`${from}/`) || from.startsWith(`${to}/`)) return undefined;
  const at = placeFor(user, to);
  const source = `${root}/${from}`;
  if (fileSystem.statIfPresent(source) === undefined) return undefined;
  if (fileSystem.statIfPresent(at) !== undefined) fileSystem.removeTree(at);
  fileSystem.rename(source, at);
  return `renames ${from} to ${to}`;
}

function link(user: User, path: string): string {
  const at = placeFor(user, path);
  user.fileSystem.removeTree(at);
  user.fileSystem.makeSymlink(user.newText(), at);
  return `makes the symlink ${path}`;
}

function directory(user: User, path: string): string {
  const at = placeFor(user, path);
  const there = user.fileSystem.statIfPresent(at);
  if (there?.kind === 'directory') return `looks into ${path}`;
  if (there !== undefined) user.fileSystem.removeFile(at);
  user.fileSystem.makeDirectory(at);
  return `makes the directory ${path}`;
}

/** The path on disk, with directories above it: what is in their place and no directory goes. */
function placeFor({ fileSystem, root }: User, path: string): string {
  const parts = path.split('/');
  let at = root;
  for (const part of parts.slice(0, -1)) {
    at = `${at}/${part}`;
    const there = fileSystem.statIfPresent(at);
    if (there?.kind === 'directory') continue;
    if (there !== undefined) fileSystem.removeFile(at);
    fileSystem.makeDirectory(at);
  }
  return `${root}/${path}`;
}

function textFor({ chance, newText, isLarge }: User): string {
  const kind = chance.below(20);
  if (kind < 3) return chance.pick(SAME);
  if (kind === 3) return '';
  const text = newText();
  if (kind !== 4 && (!isLarge || kind < 12)) return text;
  const bytes = chance.oneIn(isLarge ? 2 : 12) ? HUGE_BYTES : LARGE_BYTES;
  return text + Buffer.from(chance.source.bytes(bytes)).toString('latin1');
}

function writeAll(file: OpenFile, text: string, from = 0): void {
  file.write(Buffer.from(text, 'latin1'), from);
}
