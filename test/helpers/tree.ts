/** Trees of files on the real disk: made by hand, described, compared. Names are bytes. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { pathFromBytes } from '../../src/path-bytes.ts';

/** What a restore must give back of one name. Directories keep no times. */
export interface TreeItem {
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly size: number;
  /** SHA-256 of a file's content, target of a symlink. */
  readonly content: string;
  readonly executable: boolean;
  readonly mtimeNs: bigint;
}

/** Everything below `root` by its path, in the text form of `path-bytes.ts`. */
export function treeOf(root: string): Map<string, TreeItem> {
  const items = new Map<string, TreeItem>();
  const walk = (directory: Buffer, path: string): void => {
    for (const name of readdirSync(directory, { encoding: 'buffer' })) {
      const at = Buffer.concat([directory, Buffer.from('/'), name]);
      const below = path === '' ? pathFromBytes(name) : `${path}/${pathFromBytes(name)}`;
      const item = itemAt(at);
      items.set(below, item);
      if (item.kind === 'directory') walk(at, below);
    }
  };
  walk(Buffer.from(root), '');
  return items;
}

/** Fails with the first differences by name. Modification times may differ by a microsecond. */
export function assertSameTree(
  actual: ReadonlyMap<string, TreeItem>,
  expected: ReadonlyMap<string, TreeItem>,
  message: string,
): void {
  assert.deepEqual(treeDifferences(actual, expected).slice(0, 20), [], message);
}

/** Each difference by name, in words. */
export function treeDifferences(
  actual: ReadonlyMap<string, TreeItem>,
  expected: ReadonlyMap<string, TreeItem>,
): string[] {
  const problems: string[] = [];
  for (const path of new Set([...expected.keys(), ...actual.keys()])) {
    const problem = difference(actual.get(path), expected.get(path));
    if (problem !== undefined) problems.push(`${JSON.stringify(path)}: ${problem}`);
  }
  return problems;
}

function difference(actual: TreeItem | undefined, expected: TreeItem | undefined) {
  if (expected === undefined) return 'should not be there';
  if (actual === undefined) return 'is missing';
  for (const key of ['kind', 'size', 'content', 'executable'] as const) {
    if (actual[key] !== expected[key]) {
      return `${key} is ${String(actual[key])}, not ${String(expected[key])}`;
    }
  }
  const apart = actual.mtimeNs - expected.mtimeNs;
  const isNear = apart <= 1000n && apart >= -1000n;
  return isNear || expected.kind === 'directory' ? undefined : `mtime is off by ${apart} ns`;
}

function itemAt(path: Buffer): TreeItem {
  const stat = lstatSync(path, { bigint: true });
  const { mtimeNs } = stat;
  if (stat.isDirectory()) {
    return { kind: 'directory', size: 0, content: '', executable: false, mtimeNs };
  }
  if (stat.isSymbolicLink()) {
    const content = pathFromBytes(readlinkSync(path, { encoding: 'buffer' }));
    return { kind: 'symlink', size: content.length, content, executable: false, mtimeNs };
  }
  assert.ok(stat.isFile(), `${path.toString()} is neither file, directory nor symlink`);
  return {
    kind: 'file',
    size: Number(stat.size),
    content: contentHash(path),
    executable: (stat.mode & 0o100n) !== 0n,
    mtimeNs,
  };
}

function contentHash(path: Buffer): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1 << 20);
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const length = readSync(file, buffer, 0, buffer.length, null);
      if (length === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}
