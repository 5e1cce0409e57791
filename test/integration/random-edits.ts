/** Random edits of a tree with everything odd that a file system allows, and how they are made. */

import fc from 'fast-check';
import { concat } from '../../src/bytes.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';
import { isTemporaryName } from '../../src/folder/look.ts';
import type { FileSystem } from '../../src/system/file-system.ts';
import { seededRandom } from '../../src/system/seeded-random.ts';

/** A piece of a file: bytes no compressor shortens, text, or zeros. */
type Piece = readonly ['random' | 'text' | 'zeros', number, number];

export type Edit =
  | {
      readonly do: 'write';
      readonly at: number;
      readonly name: string;
      readonly pieces: readonly Piece[];
    }
  | { readonly do: 'insert'; readonly at: number; readonly where: number; readonly piece: Piece }
  | { readonly do: 'in place'; readonly at: number; readonly where: number; readonly piece: Piece }
  | {
      readonly do: 'directory' | 'deep' | 'remove' | 'mode' | 'swap' | 'hard link' | 'other';
      readonly at: number;
      readonly name: string;
    }
  | { readonly do: 'sparse'; readonly at: number; readonly name: string; readonly piece: Piece }
  | { readonly do: 'symlink'; readonly at: number; readonly name: string; readonly target: string }
  | { readonly do: 'rename'; readonly at: number; readonly to: number; readonly name: string }
  | { readonly do: 'touch'; readonly at: number; readonly mtimeNs: bigint };

/** As long as names can be, or with a meaning elsewhere. */
const ODD_NAMES = [
  'n'.repeat(255),
  'é'.repeat(127),
  '.vaultignore2',
  '.git',
  '-rf',
  'a:b',
  'CON',
  'dot.',
  '\\',
  '...',
  '*',
];

const bytesName = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => pathFromBytes(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x41 : byte))));
const name = fc
  .oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom('a', 'b', 'c', 'A', 'é', 'e\u0301', '😀', ' ', '-', '\n'),
    },
    { weight: 2, arbitrary: bytesName },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_NAMES) },
  )
  .filter((text) => text !== '.' && text !== '..' && !isTemporaryName(text));
const piece: fc.Arbitrary<Piece> = fc.tuple(
  fc.constantFrom('random', 'text', 'zeros'),
  fc.oneof({ weight: 4, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.nat(300_000) }),
  fc.nat(5),
);
/** Which of the names there are, by position. */
const at = fc.nat(1_000_000);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      at,
      name,
      pieces: fc.array(piece, { maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('insert' as const), at, where: at, piece }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('directory', 'remove', 'mode'), at, name }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('deep', 'swap', 'hard link', 'hard link', 'other'),
      at,
      name,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('in place' as const), at, where: at, piece }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('sparse' as const), at, name, piece }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('symlink' as const),
      at,
      name,
      target: fc.oneof(fc.constantFrom('a', '..', '/etc', 'no/where'), bytesName),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('rename' as const), at, to: at, name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('touch' as const),
      at,
      // From 1906 to 2096, to the nanosecond.
      mtimeNs: fc.bigInt({ min: -2_000_000_000_000_000_000n, max: 4_000_000_000_000_000_000n }),
    }),
  },
);
/** Edits between two snapshots, any number of times. */
export const stories = fc.array(fc.array(edit, { maxLength: 12 }), { minLength: 1, maxLength: 4 });

/** Larger than any chunk. */
const HOLE_BYTES = 900_000;

export interface EditedTree {
  readonly fs: FileSystem;
  readonly root: string;
  /** Makes something that is neither file, directory nor symlink there. */
  readonly makeOther: (directory: string) => void;
}

/** Unlikely edits are no edits: nothing is there to be removed, or something is in the way. */
export function applyEdit({ fs, root, makeOther }: EditedTree, change: Edit): void {
  const { directories, others } = namesBelow(fs, root);
  const directory = directories[change.at % directories.length] ?? root;
  const entry = others[change.at % Math.max(1, others.length)];
  switch (change.do) {
    case 'write': {
      const path = `${directory}/${change.name}`;
      if (fs.statIfPresent(path)?.kind === 'directory') return;
      replace(fs, path, concat(...change.pieces.map(bytesOf)));
      return;
    }
    case 'directory':
      if (!fs.statIfPresent(`${directory}/${change.name}`)) {
        fs.makeDirectory(`${directory}/${change.name}`);
      }
      return;
    case 'symlink':
      if (!fs.statIfPresent(`${directory}/${change.name}`)) {
        fs.makeSymlink(change.target, `${directory}/${change.name}`);
      }
      return;
    case 'rename': {
      const target = `${directories[change.to % directories.length] ?? root}/${change.name}`;
      if (entry === undefined || `${target}/`.startsWith(`${entry}/`)) return;
      if (fs.statIfPresent(target) === undefined) fs.rename(entry, target);
      return;
    }
    case 'remove':
      if (entry !== undefined) fs.removeTree(entry);
      return;
    case 'mode':
      if (entry !== undefined && fs.stat(entry).kind === 'file') {
        fs.setMode(entry, fs.stat(entry).mode ^ 0o100);
      }
      return;
    case 'insert': {
      if (entry === undefined || fs.stat(entry).kind !== 'file') return;
      const old = fs.readFile(entry);
      const where = change.where % (old.length + 1);
      replace(
        fs,
        entry,
        concat(old.subarray(0, where), bytesOf(change.piece), old.subarray(where)),
      );
      return;
    }
    case 'in place':
      if (entry !== undefined && fs.stat(entry).kind === 'file') {
        const file = fs.open(entry, { mode: 'write' });
        file.write(bytesOf(change.piece), change.where % (fs.stat(entry).size + 1));
        file.close();
      }
      return;
    case 'sparse': {
      const path = `${directory}/${change.name}`;
      if (fs.statIfPresent(path) !== undefined) return;
      const file = fs.open(path, { mode: 'create' });
      file.truncate(HOLE_BYTES);
      file.write(bytesOf(change.piece), HOLE_BYTES / 3);
      file.close();
      return;
    }
    case 'deep': {
      // Paths have an end: what is deep enough is not made deeper.
      const path = `${directory}/${'d'.repeat(200)}/${'e'.repeat(200)}`;
      if (path.length < 3000 && isFree(fs, `${directory}/${'d'.repeat(200)}`)) {
        fs.makeDirectories(path);
      }
      return;
    }
    case 'swap':
      if (entry !== undefined) swapKind(fs, entry, change.name);
      return;
    case 'hard link': {
      const path = `${directory}/${change.name}`;
      const isFile = entry !== undefined && fs.stat(entry).kind === 'file';
      if (isFile && isFree(fs, path)) fs.link(entry, path);
      return;
    }
    case 'other':
      makeOther(directory);
      return;
    case 'touch':
      if (entry !== undefined) fs.setModified(entry, change.mtimeNs);
  }
}

/** A file becomes a directory with something in it, anything else a file. */
function swapKind(fs: FileSystem, path: string, inside: string): void {
  const { kind } = fs.stat(path);
  fs.removeTree(path);
  if (kind !== 'file') replace(fs, path, bytesOf(['text', 30, 1]));
  else {
    fs.makeDirectory(path);
    if (path.length < 3000) replace(fs, `${path}/${inside}`, bytesOf(['text', 20, 2]));
  }
}

function isFree(fs: FileSystem, path: string): boolean {
  return fs.statIfPresent(path) === undefined;
}

function replace(fs: FileSystem, path: string, content: Uint8Array): void {
  if (fs.statIfPresent(path)) fs.removeFile(path);
  const file = fs.open(path, { mode: 'create' });
  file.write(content, 0);
  file.close();
}

function bytesOf([kind, length, seed]: Piece): Uint8Array {
  if (kind === 'random') return seededRandom(`piece ${seed}`).bytes(length);
  return new Uint8Array(length).fill(kind === 'zeros' ? 0 : 0x61 + seed);
}

function namesBelow(fs: FileSystem, root: string): { directories: string[]; others: string[] } {
  const directories = [root];
  const others: string[] = [];
  const walk = (directory: string): void => {
    const entries = fs.list(directory).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = `${directory}/${entry.name}`;
      others.push(path);
      if (entry.kind !== 'directory') continue;
      directories.push(path);
      walk(path);
    }
  };
  walk(root);
  return { directories, others };
}
