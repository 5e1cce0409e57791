/** A tree as given on the command line → a directory. */

import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { runCommand } from '../harness/measure.ts';

export interface Tree {
  /** What it is called in the results. */
  readonly name: string;
  readonly path: string;
}

/** Where Debian's packages `linux-source-*` put their archives. */
const SOURCES = '/usr/src';

/** The newest source tree installed on this machine; undefined where there is none. */
export function installedSourceTree(): string | undefined {
  if (!existsSync(SOURCES)) return undefined;
  const archives = readdirSync(SOURCES).filter((name) => /^linux-source-.*\.tar\.\w+$/.test(name));
  const newest = archives.toSorted(new Intl.Collator('en', { numeric: true }).compare).at(-1);
  return newest === undefined ? undefined : join(SOURCES, newest);
}

/**
 * The directory `given` itself, or what the archive holds, unpacked below the new directory `into`.
 * An archive with one directory at its top stands for that directory.
 */
export async function treeOf(given: string, into: string, signal: AbortSignal): Promise<Tree> {
  const path = resolve(given);
  const name = basename(path);
  if (statSync(path).isDirectory()) return { name, path };
  mkdirSync(into);
  if (!name.endsWith('.deb')) return { name, path: await unpackTar(path, into, signal) };
  const packed = join(into, 'package');
  await runCommand({ program: 'dpkg-deb', args: ['-x', path, packed], env: {} }, signal);
  const sources = join(packed, SOURCES);
  const archive = readdirSync(sources).find((file) => /\.tar\.\w+$/.test(file));
  if (archive === undefined) throw new Error(`${path} holds no archive in ${SOURCES}`);
  const unpacked = join(into, 'tree');
  mkdirSync(unpacked);
  return { name, path: await unpackTar(join(sources, archive), unpacked, signal) };
}

async function unpackTar(archive: string, into: string, signal: AbortSignal): Promise<string> {
  await runCommand({ program: 'tar', args: ['-xf', archive, '-C', into], env: {} }, signal);
  const names = readdirSync(into);
  const [only] = names;
  return names.length === 1 && only !== undefined && statSync(join(into, only)).isDirectory()
    ? join(into, only)
    : into;
}
