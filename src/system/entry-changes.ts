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

/** Entries of directories, wherever they are kept. */
type Tables = (directory: DirectoryInode) => Map<string, Entry>;

/** Beyond this the oldest changes reach the drive by themselves, as on a real system. */
const MAX_PENDING = 4096;

/** The changes of all directories since they were synced, oldest first. */
export class EntryChanges {
  #pending: EntryChange[] = [];

  add(change: EntryChange): void {
    this.#pending.push(change);
    while (this.#pending.length > MAX_PENDING)
      for (const slot of this.#pending.shift() ?? []) settle(slot);
  }

  /**
   * Makes the changes of one directory durable. A file's rename from another directory gets its new name
   * here while the old one may stay as well; whatever else spans directories becomes durable as a whole,
   * with all that led to it, since no system loses a file or grows a second parent by syncing.
   */
  sync(directory: DirectoryInode): void {
    const synced = new Set([directory]);
    const durable: Slot[] = [];
    const left: EntryChange[] = [];
    for (const change of this.#pending.toReversed()) {
      const [source, target] = change;
      const halfOnly =
        target?.after?.inode.kind === 'file' &&
        synced.has(target.directory) &&
        !synced.has(source.directory);
      if (halfOnly) {
        durable.push(target);
        left.push([source]);
      } else if (change.some((slot) => synced.has(slot.directory))) {
        durable.push(...change.toReversed());
        for (const slot of change) {
          synced.add(slot.directory);
          // What was moved out of a removed directory must have arrived before that is gone.
          if (slot.before?.kind === 'directory') synced.add(slot.before);
        }
      } else left.push(change);
    }
    for (const slot of durable.toReversed()) settle(slot);
    this.#pending = left.toReversed();
  }

  /** Carries over to `tables` (the durable entries) what else is found after a crash. */
  afterCrash(tables: Tables, random: RandomSource, survival: Survival): void {
    for (const change of this.#pending) {
      const kept = survival === 'all' || (survival === 'some' && randomInteger(random, 2) === 0);
      if (kept && isPossible(change, tables)) for (const slot of change) put(tables, slot);
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

/** Whether a change still makes sense where earlier ones were lost. */
function isPossible(change: EntryChange, tables: Tables): boolean {
  const [source, target] = change;
  const asBefore = change.every(
    ({ directory, key, before }) => tables(directory).get(key)?.inode === before,
  );
  const dropped = target ? target.before : source.after ? undefined : source.before;
  if (!asBefore || (dropped?.kind === 'directory' && tables(dropped).size > 0)) return false;
  const moved = target?.after?.inode;
  return !(moved?.kind === 'directory' && target && contains(moved, target.directory, tables));
}

/** Whether `inner` is `outer` or somewhere below it. */
function contains(outer: DirectoryInode, inner: DirectoryInode, tables: Tables): boolean {
  if (outer === inner) return true;
  for (const { inode } of tables(outer).values()) {
    if (inode.kind === 'directory' && contains(inode, inner, tables)) return true;
  }
  return false;
}
