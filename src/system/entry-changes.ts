/** Changes of directories that are not durable yet. */

import type { RandomSource } from '../random.ts';
import type { Survival } from './memory-content.ts';
import type { DirectoryInode, Entry, Inode } from './memory-inode.ts';
import { randomInteger } from './seeded-random.ts';

/** One name that changes what it stands for. */
export interface Slot {
  readonly directory: DirectoryInode;
  readonly key: string;
  readonly before: Inode | undefined;
  readonly after: Entry | undefined;
}

/** A creation or removal (one slot), or a rename (the name left, then the name taken). */
export type EntryChange = readonly [Slot] | readonly [Slot, Slot];

interface Pending {
  readonly slots: EntryChange;
  /** What goes from one directory to another; it must not get lost between the two. */
  readonly moved: Inode | undefined;
}

/** Entries of directories, wherever they are kept. */
type Tables = (directory: DirectoryInode) => Map<string, Entry>;

/** Beyond this the oldest changes reach the drive by themselves, as on a real system. */
const MAX_PENDING = 4096;

/** The changes of all directories since they were synced, oldest first. */
export class EntryChanges {
  #pending: Pending[] = [];

  add(slots: EntryChange): void {
    const [source, target] = slots;
    const moved = target && target.directory !== source.directory ? source.before : undefined;
    this.#pending.push({ slots, moved });
    while (this.#pending.length > MAX_PENDING) this.#pending.shift()?.slots.forEach(settle);
  }

  /**
   * Makes the changes of one directory durable. A file moved in from elsewhere gets its new name here
   * while the old one may stay as well. Any other move becomes durable as a whole, together with all
   * that made and moved directories before: no system loses by syncing what it had.
   */
  sync(directory: DirectoryInode): void {
    const synced = new Set([directory]);
    let hasMoved = false;
    const durable: Slot[] = [];
    const left: Pending[] = [];
    for (const change of this.#pending.toReversed()) {
      const [source, target] = change.slots;
      const isHere = change.slots.some((slot) => synced.has(slot.directory));
      const ofDirectory = change.slots.some((slot) => slot.after?.inode.kind === 'directory');
      if (target && change.moved?.kind === 'file' && isHere && !synced.has(source.directory)) {
        durable.push(target);
        left.push({ slots: [source], moved: change.moved });
      } else if (isHere || (hasMoved && ofDirectory)) {
        durable.push(...change.slots.toReversed());
        hasMoved ||= change.moved !== undefined;
        for (const slot of change.slots) {
          synced.add(slot.directory);
          // What was moved out of a removed directory must have arrived before that is gone.
          if (slot.before?.kind === 'directory') synced.add(slot.before);
        }
      } else left.push(change);
    }
    durable.toReversed().forEach(settle);
    this.#pending = left.toReversed();
  }

  /** Carries over to `tables` (the durable entries) what else is found after a crash. */
  afterCrash(root: DirectoryInode, tables: Tables, random: RandomSource, survival: Survival): void {
    for (const change of this.#pending) {
      const kept = survival === 'some' && randomInteger(random, 2) === 0;
      if (survival === 'all' || (kept && isPossible(change, root, tables))) {
        for (const slot of change.slots) put(tables, slot);
      }
    }
  }
}

function settle(slot: Slot): void {
  put((directory) => directory.durable, slot);
}

function put(tables: Tables, { directory, key, after }: Slot): void {
  if (after) tables(directory).set(key, after);
  else tables(directory).delete(key);
}

/** Whether a change still makes sense, and loses nothing, where earlier ones were lost. */
function isPossible({ slots, moved }: Pending, root: DirectoryInode, tables: Tables): boolean {
  const [source, target] = slots;
  const asBefore = slots.every(
    ({ directory, key, before }) => tables(directory).get(key)?.inode === before,
  );
  const dropped = target ? target.before : source.after ? undefined : source.before;
  if (!asBefore || (dropped?.kind === 'directory' && tables(dropped).size > 0)) return false;
  if (!moved) return true;
  // The way to the new name must not lead through what is moved there.
  const reachable = directoriesBelow(root, tables, moved);
  if (target) return reachable.has(target.directory);
  for (const directory of reachable) {
    for (const [key, { inode }] of tables(directory)) {
      if (inode === moved && (directory !== source.directory || key !== source.key)) return true;
    }
  }
  return false;
}

/** All directories from `root` down, not passing through `except`. */
function directoriesBelow(
  root: DirectoryInode,
  tables: Tables,
  except: Inode,
): ReadonlySet<DirectoryInode> {
  const found = new Set([root]);
  for (const directory of found) {
    for (const { inode } of tables(directory).values()) {
      if (inode.kind === 'directory' && inode !== except) found.add(inode);
    }
  }
  return found;
}
