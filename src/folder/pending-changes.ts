/** What a scan found and no commit covers yet: versions, and the rows of directories that change with them. */

import { Mutex } from '../async.ts';
import type { Body, Parent, VersionKind } from '../log/types.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import { DirectoryRows } from './directory-rows.ts';
import type { SeenEntry, SeenNames } from './working-copy-row.ts';
import type { WorkingCopyState } from './working-copy-state.ts';

/** A version to be written: everything but its name and time. */
export interface NewVersion {
  readonly path: string;
  readonly kind: VersionKind;
  readonly parents: readonly Parent[];
  readonly digest: Uint8Array;
  readonly body: Body | undefined;
}

/** A directory whose rows will differ from what is recorded. */
export interface DirectoryChange {
  readonly path: string;
  readonly rows: DirectoryRows;
  /** Entries in the rows as they are recorded. */
  previous: number;
  /** How many still hold it and may change its rows. */
  awaited: number;
  /** The directory is gone: its rows are forgotten, and not written again. */
  isGone: boolean;
}

export interface PendingVersion extends NewVersion {
  readonly directory: DirectoryChange;
  readonly name: string;
  /** How the name looks now; undefined for a deletion. */
  readonly seen: Omit<SeenEntry, 'version'> | undefined;
  /**
   * The name it was moved from, whose row goes with the commit of this version: until then it stands for
   * the version that this one supersedes.
   */
  readonly left?: { readonly directory: DirectoryChange; readonly name: string } | undefined;
}

export interface PendingParts {
  readonly state: Pick<WorkingCopyState, 'rows' | 'forget'>;
  /** Makes entries of versions; their names, in order. They count with the next commit only. */
  readonly stage: (versions: readonly NewVersion[]) => Promise<readonly Parent[]>;
  /** Commits what was staged, with rows that become true by it. */
  readonly commit: (rows: () => readonly MetaOperation[]) => Promise<void>;
  /** Default {@link pendingLimits}. */
  readonly limits?: PendingLimits;
}

export interface PendingLimits {
  /** Versions gathered before entries are made of them, while the workers go on. */
  readonly versionsPerEntry: number;
  readonly versionsPerCommit: number;
  /** Rows of changed directories that are held at most, one directory apart. */
  readonly rowsPerCommit: number;
}

export const pendingLimits: PendingLimits = {
  versionsPerEntry: 1_024,
  versionsPerCommit: 3_072,
  rowsPerCommit: 32_768,
};

export class PendingChanges {
  readonly #parts: PendingParts;
  readonly #limits: PendingLimits;
  #versions: PendingVersion[] = [];
  /** Versions in entries that no commit covers yet. */
  #uncommitted = 0;
  #directories = new Map<string, DirectoryChange>();
  /** Changes that somebody holds. */
  readonly #awaited = new Map<string, DirectoryChange>();
  /** Entries of all rows held, and of the directory with the most. */
  #rows = 0;
  #mostRows = 0;
  #forgotten: MetaOperation[] = [];
  /** Entries are made, and what a commit takes is chosen, by one at a time. */
  readonly #order = new Mutex();
  /** The commit begun last. */
  #committing: Promise<void> = Promise.resolve();
  #isCommitting = false;

  constructor(parts: PendingParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? pendingLimits;
  }

  /** Whether it is time to {@link commit}. */
  get isLarge(): boolean {
    const { versionsPerCommit, rowsPerCommit } = this.#limits;
    return this.#uncommitted >= versionsPerCommit || this.#rows - this.#mostRows >= rowsPerCommit;
  }

  /** The change of a directory, begun with the rows given if there is none yet. */
  change(path: string, seen: SeenNames): DirectoryChange {
    const known = this.find(path);
    if (known !== undefined) return known;
    const rows = DirectoryRows.copy(seen);
    const change = { path, rows, previous: seen.size, awaited: 0, isGone: false };
    this.#hold(change);
    return change;
  }

  /** The change of a directory if there is one, or somebody still holds one that was committed. */
  find(path: string): DirectoryChange | undefined {
    return this.#directories.get(path) ?? this.#awaited.get(path);
  }

  /** Keeps the change of a directory, over commits too, until it was released as often. */
  await(change: DirectoryChange): void {
    if (change.awaited++ === 0) this.#awaited.set(change.path, change);
  }

  release(change: DirectoryChange): void {
    if (--change.awaited === 0) this.#awaited.delete(change.path);
  }

  /** Adds a version; {@link stageIfMany} must follow soon. */
  add(version: PendingVersion): void {
    this.#versions.push(version);
    this.await(version.directory);
    if (version.left !== undefined) this.await(version.left.directory);
  }

  /** Has the rows of a directory written by the next commit, also where one has written them before. */
  touch(change: DirectoryChange): void {
    if (!change.isGone && !this.#directories.has(change.path)) this.#hold(change);
  }

  #hold(change: DirectoryChange): void {
    this.#directories.set(change.path, change);
    this.#rows += change.rows.size;
    this.#mostRows = Math.max(this.#mostRows, change.rows.size);
  }

  /** Drops the rows of a directory that is gone. */
  forget(change: DirectoryChange): void {
    const { path, previous } = change;
    change.isGone = true;
    this.#directories.delete(path);
    for (const row of this.#parts.state.forget(path, previous)) this.#forgotten.push(row);
  }

  async stageIfMany(): Promise<void> {
    const { versionsPerEntry } = this.#limits;
    const count = this.#versions.length;
    // While a commit is on its way, entries wait for it; the workers need not.
    if (count < versionsPerEntry || (this.#isCommitting && count < 3 * versionsPerEntry)) return;
    await this.#order.run(() => this.#stage());
  }

  /**
   * Begins to commit everything there is, once the commit before has ended; it goes on while more is
   * added, which is for the next one. Throws what the one before failed with.
   */
  async beginCommit(): Promise<void> {
    await this.#committing;
    const committing = this.#order.run(() => this.#commit());
    this.#committing = committing;
    this.#isCommitting = true;
    // Whoever needs it to have succeeded awaits it; until then its failure is nobody's.
    void committing.catch(() => undefined).finally(() => (this.#isCommitting = false));
  }

  /** Commits everything there is. */
  async commit(): Promise<void> {
    await this.beginCommit();
    await this.#committing;
  }

  /** Waits for a commit in progress, whatever becomes of it. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#committing]);
  }

  async #commit(): Promise<void> {
    await this.#stage();
    const directories = [...this.#directories.values()];
    const forgotten = this.#forgotten;
    if (this.#uncommitted === 0 && directories.length === 0 && forgotten.length === 0) return;
    this.#uncommitted = 0;
    this.#rows = 0;
    this.#mostRows = 0;
    this.#directories = new Map();
    this.#forgotten = [];
    await this.#parts.commit(() => [
      ...forgotten,
      ...directories.flatMap((directory) => {
        const { path, rows, previous } = directory;
        directory.previous = rows.size;
        return this.#parts.state.rows(path, rows, previous);
      }),
    ]);
  }

  /** Makes entries of the versions gathered so far and notes their names in the directories. */
  async #stage(): Promise<void> {
    const versions = this.#versions;
    if (versions.length === 0) return;
    this.#versions = [];
    this.#uncommitted += versions.length;
    const names = await this.#parts.stage(versions);
    for (const [index, { directory, name, seen, left }] of versions.entries()) {
      if (seen === undefined) directory.rows.delete(name);
      else directory.rows.set(name, { ...seen, version: names[index] as Parent });
      this.touch(directory);
      this.release(directory);
      if (left === undefined) continue;
      left.directory.rows.delete(left.name);
      this.touch(left.directory);
      this.release(left.directory);
    }
  }
}
