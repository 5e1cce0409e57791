/** What a scan found and no commit covers yet: versions, and the rows of directories that change with them. */

import type { Body, Parent, VersionKind } from '../log/types.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import type { SeenEntry } from './working-copy-row.ts';
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
  readonly rows: Map<string, SeenEntry>;
  /** Entries in the rows as they are recorded. */
  previous: number;
}

export interface PendingVersion extends NewVersion {
  readonly directory: DirectoryChange;
  readonly name: string;
  /** How the name looks now; undefined for a deletion. */
  readonly seen: Omit<SeenEntry, 'version'> | undefined;
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
  #rows = 0;
  #forgotten: MetaOperation[] = [];

  constructor(parts: PendingParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? pendingLimits;
  }

  /** Whether it is time to {@link commit}. */
  get isLarge(): boolean {
    const { versionsPerCommit, rowsPerCommit } = this.#limits;
    return this.#uncommitted >= versionsPerCommit || this.#rows >= rowsPerCommit;
  }

  /** The change of a directory, begun with the rows given if there is none yet. */
  change(path: string, seen: ReadonlyMap<string, SeenEntry>): DirectoryChange {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const change = { path, rows: new Map(seen), previous: seen.size };
    this.#directories.set(path, change);
    this.#rows += seen.size;
    return change;
  }

  /** The change of a directory if there is one. */
  find(path: string): DirectoryChange | undefined {
    return this.#directories.get(path);
  }

  /** Goes on with a directory of which more is to come after a commit. */
  resume(change: DirectoryChange): void {
    this.#directories.set(change.path, change);
  }

  /** Adds a version; {@link stageIfMany} must follow soon. */
  add(version: PendingVersion): void {
    this.#versions.push(version);
  }

  /** Drops the rows of a directory that is gone; it had so many entries. */
  forget(path: string, entries: number): void {
    this.#directories.delete(path);
    for (const row of this.#parts.state.forget(path, entries)) this.#forgotten.push(row);
  }

  async stageIfMany(): Promise<void> {
    if (this.#versions.length >= this.#limits.versionsPerEntry) await this.#stage();
  }

  /** Commits everything there is. No version may be added meanwhile. */
  async commit(): Promise<void> {
    await this.#stage();
    const directories = [...this.#directories.values()];
    const forgotten = this.#forgotten;
    if (this.#uncommitted === 0 && directories.length === 0 && forgotten.length === 0) return;
    this.#uncommitted = 0;
    this.#rows = 0;
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
    versions.forEach(({ directory, name, seen }, index) => {
      if (seen === undefined) directory.rows.delete(name);
      else directory.rows.set(name, { ...seen, version: names[index] as Parent });
    });
  }
}
