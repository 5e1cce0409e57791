import type { RandomSource } from '../random.ts';
import { MemoryContent, type Survival } from './memory-content.ts';
import { bytesTaken, type DirectoryInode, type Entry, type Inode } from './memory-inode.ts';
import { MemoryVolume, type MemoryFileSystemOptions } from './memory-volume.ts';
import { randomInteger } from './seeded-random.ts';

/** Crashes that lose everything unsynced, or nothing, would hardly come up by single choices. */
const SURVIVALS: readonly Survival[] = ['none', 'some', 'some', 'all'];

/** What a power cut leaves of a volume: a new volume that shares nothing with it. */
export function volumeAfterCrash(
  volume: MemoryVolume,
  random: RandomSource,
  options: Partial<MemoryFileSystemOptions>,
): MemoryVolume {
  const survival = SURVIVALS[randomInteger(random, SURVIVALS.length)] ?? 'none';
  const found = new Map<DirectoryInode, Map<string, Entry>>();
  const tables = (directory: DirectoryInode): Map<string, Entry> => {
    const table = found.get(directory) ?? new Map(directory.durable);
    found.set(directory, table);
    return table;
  };
  volume.changes.afterCrash(volume.root, tables, random, survival);

  const copies = new Map<Inode, Inode>();
  const root = copyOfDirectory(volume.root, volume.root);
  root.parent = root;
  root.links = 2;
  copies.set(volume.root, root);
  let used = bytesTaken(root);
  const pairs: [DirectoryInode, DirectoryInode][] = [[volume.root, root]];
  for (const [original, directory] of pairs) {
    for (const [key, { name, inode }] of tables(original)) {
      let copy = copies.get(inode);
      if (!copy) {
        copy = copyOf(inode, directory, random, survival);
        copies.set(inode, copy);
        used += bytesTaken(copy);
        if (inode.kind === 'directory' && copy.kind === 'directory') pairs.push([inode, copy]);
      }
      copy.links += copy.kind === 'directory' ? 2 : 1;
      if (copy.kind === 'directory') directory.links++;
      directory.entries.set(key, { name, inode: copy });
      directory.durable.set(key, { name, inode: copy });
    }
  }
  const state = { root, nextInode: volume.nextInode, used };
  return new MemoryVolume({ ...volume.options, ...options }, state);
}

function copyOf(
  inode: Inode,
  parent: DirectoryInode,
  random: RandomSource,
  survival: Survival,
): Inode {
  if (inode.kind === 'directory') return copyOfDirectory(inode, parent);
  const copy = { ...inode, links: 0, handles: 0 };
  if (copy.kind !== 'file') return copy;
  const asDurable = survival === 'none' || (survival === 'some' && randomInteger(random, 2) === 0);
  const { mode, mtimeNs } = asDurable ? copy.durable : copy;
  const content = new MemoryContent(copy.content.afterCrash(random, survival));
  return { ...copy, mode, mtimeNs, durable: { mode, mtimeNs }, content };
}

function copyOfDirectory(inode: DirectoryInode, parent: DirectoryInode): DirectoryInode {
  return { ...inode, entries: new Map(), durable: new Map(), parent, links: 0, handles: 0 };
}
