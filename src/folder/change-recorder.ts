/**
 * Scanned directories → versions. Decides what each scanned name means, has changed files stored by
 * the workers, and gathers versions until a commit takes them. Memory is bounded by what lies between
 * two commits, not by the folder.
 */

import type { Clock } from '../clock.ts';
import { contentDigest } from '../log/body.ts';
import type { SecretKey } from '../crypto/hash.ts';
import type { Body, Parent, VersionKind } from '../log/types.ts';
import type { FolderStore } from '../store/folder-store.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import type { FileStat } from '../system/file-system.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import type { OutgoingQuestion } from './outgoing.ts';
import { isExecutable, join, seenBelow, type ScannedDirectory } from './scan.ts';
import type { StoredFile, StoreFilesInput, StoreFilesOutput } from './store-files.ts';
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

export interface RecorderParts {
  readonly root: string;
  readonly store: FolderStore;
  readonly state: WorkingCopyState;
  /** What was last seen, also where the rows were lost: then made from the log. */
  readonly seen: (directory: string) => Promise<Map<string, SeenEntry> | undefined>;
  /** Current versions of a path that the working copy does not show: what a new one supersedes. */
  readonly currentOf: (path: string) => Promise<readonly Parent[]>;
  /** Makes entries of versions; their names, in order. They count with the next commit only. */
  readonly stage: (versions: readonly NewVersion[]) => Promise<readonly Parent[]>;
  /** Commits what was staged, with rows that become true by it. */
  readonly commit: (rows: () => readonly MetaOperation[]) => Promise<void>;
  readonly digestKey: SecretKey;
  readonly pool: WorkerPool;
  /** Setting of the pool that holds the folder's secrets. */
  readonly secrets: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (counts: Readonly<ChangeCounts>) => void;
  readonly onProblem: (path: string, message: string, isError: boolean) => void;
}

export interface ChangeCounts {
  files: number;
  dirs: number;
  bytes: number;
  added: number;
  changed: number;
  removed: number;
  unchanged: number;
  errors: number;
}

interface DirectoryChange {
  readonly path: string;
  readonly rows: Map<string, SeenEntry>;
  /** Entries in the rows as they are recorded. */
  previous: number;
}

interface PendingVersion extends NewVersion {
  readonly directory: DirectoryChange;
  readonly name: string;
  /** How the name looks now; undefined for a deletion. */
  readonly seen: Omit<SeenEntry, 'version'> | undefined;
}

/** A recorded name that a scan did not find; or, where `isReplaced`, all that was below it. */
interface Gone {
  readonly directory: string;
  readonly name: string;
  readonly before: SeenEntry;
  readonly isReplaced: boolean;
}

interface Candidate {
  readonly directory: DirectoryChange;
  readonly name: string;
}

const FILES_PER_TASK = 64;
/** Versions gathered before entries are made of them, while the workers go on. */
const VERSIONS_PER_ENTRY = 1_024;
const VERSIONS_PER_COMMIT = 3_072;
const CHUNKS_PER_COMMIT = 16_384;
const NO_DIGEST = new Uint8Array(0);
/** How long after a change another one could leave the same time stamp: fine and coarse file systems. */
const RACY_FINE_NS = 20_000_000n;
const RACY_COARSE_NS = 2_500_000_000n;

export class ChangeRecorder {
  readonly counts: ChangeCounts = {
    files: 0,
    dirs: 0,
    bytes: 0,
    added: 0,
    changed: 0,
    removed: 0,
    unchanged: 0,
    errors: 0,
  };
  readonly #parts: RecorderParts;
  #versions: PendingVersion[] = [];
  /** Versions in entries that no commit covers yet. */
  #uncommitted = 0;
  /** Directories whose rows differ from what is recorded. */
  #directories = new Map<string, DirectoryChange>();
  #forgotten: MetaOperation[] = [];
  #candidates: Candidate[] = [];
  readonly #tasks = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;
  /** By path, what is gone, told when the whole folder was looked at. */
  readonly #gone = new Map<string, Gone>();
  /** What stands where a directory was, recorded after all below that is gone. */
  #replacing: PendingVersion[] = [];

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Takes one directory of a scan. Resolves when the next one may come. */
  async take(scanned: ScannedDirectory): Promise<void> {
    const { counts } = this;
    this.#throwIfFailed();
    for (const { path, severity, message } of scanned.problems) {
      if (severity === 'unreadable') counts.errors++;
      this.#parts.onProblem(path, message, severity === 'unreadable');
    }
    for (const name of scanned.unchanged) this.#countKept(scanned.seen.get(name));
    for (const name of scanned.unknown) this.#countKept(scanned.seen.get(name));
    for (const name of scanned.gone) this.#noteGone(scanned, name, false);
    if (scanned.files.length + scanned.symlinks.length + scanned.newDirectories.length === 0)
      return;
    const directory = this.#change(scanned.path, scanned.seen);
    for (const { name, stat } of scanned.newDirectories) {
      counts.dirs++;
      await this.#addVersion(directory, name, 'directory', undefined, NO_DIGEST, {
        ...statPart(stat, this.#isRacy(stat)),
        kind: 'directory',
        digest: NO_DIGEST,
      });
    }
    for (const { name, stat, target } of scanned.symlinks) {
      if (scanned.seen.get(name)?.kind === 'directory') this.#noteGone(scanned, name, true);
      const body: Body = {
        manifest: undefined,
        mtimeNs: stat.mtimeNs,
        executable: false,
        symlink: target,
        unstable: false,
      };
      counts.files++;
      await this.#addContent(directory, name, 'symlink', body, stat);
    }
    for (const name of scanned.files) {
      if (scanned.seen.get(name)?.kind === 'directory') this.#noteGone(scanned, name, true);
      this.#candidates.push({ directory, name });
      if (this.#candidates.length >= FILES_PER_TASK) await this.#dispatch();
      await this.#commitIfLarge(directory);
    }
    await this.#commitIfLarge();
  }

  /**
   * Names recorded before this scan that it did not find, with everything below gone directories.
   * Waits for the workers, which may find that a file has vanished.
   */
  async countGone(): Promise<number> {
    await this.#settle();
    let count = 0;
    for (const [path, { before, isReplaced }] of this.#gone) {
      if (!isReplaced) count++;
      if (before.kind !== 'directory') continue;
      for await (const { rows } of seenBelow(this.#parts.seen, path)) count += rows.size;
    }
    return count;
  }

  /**
   * Waits for the workers, then records what is gone as deletions: what lay below a directory before
   * the directory itself, so that after any commit on the way the rest is found again.
   */
  async recordGone(): Promise<void> {
    await this.#settle();
    for (const [path, { directory, name, before, isReplaced }] of this.#gone) {
      if (before.kind === 'directory') await this.#deleteBelow(path);
      if (isReplaced) continue;
      this.#addDeletion(await this.#recorded(directory), name, before);
      await this.#commitIfLarge();
    }
    this.#gone.clear();
    for (const version of this.#replacing) {
      this.#versions.push({ ...version, directory: await this.#recorded(version.directory.path) });
    }
    this.#replacing = [];
  }

  /** Waits for the workers and commits whatever is left. Nothing is left behind on success. */
  async finish(): Promise<void> {
    await this.#settle();
    await this.#commit();
  }

  /** Waits for tasks in progress after a failure elsewhere, so that nothing runs on unowned. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.#tasks);
  }

  #countKept(before: SeenEntry | undefined): void {
    if (before === undefined) return;
    if (before.kind === 'directory') this.counts.dirs++;
    else {
      this.counts.files++;
      this.counts.bytes += before.kind === 'file' ? before.size : 0;
      this.counts.unchanged++;
    }
  }

  #noteGone(scanned: ScannedDirectory, name: string, isReplaced: boolean): void {
    const before = scanned.seen.get(name);
    if (before === undefined) return;
    const path = join(scanned.path, name);
    this.#gone.set(path, { directory: scanned.path, name, before, isReplaced });
  }

  /** Deletions of all that is recorded below a directory, the deepest first. */
  async #deleteBelow(path: string): Promise<void> {
    const rows = (await this.#parts.seen(path)) ?? new Map<string, SeenEntry>();
    for (const [name, { kind }] of rows) {
      if (kind === 'directory') await this.#deleteBelow(join(path, name));
    }
    const target = { path, rows: new Map(rows), previous: rows.size };
    for (const [name, entry] of rows) this.#addDeletion(target, name, entry);
    this.#forgotten.push(...this.#parts.state.forget(path, rows.size));
    await this.#commitIfLarge();
  }

  /** A directory's rows as they will be, begun with those recorded. */
  async #recorded(path: string): Promise<DirectoryChange> {
    return (
      this.#directories.get(path) ??
      this.#change(path, (await this.#parts.seen(path)) ?? new Map<string, SeenEntry>())
    );
  }

  #change(path: string, seen: ReadonlyMap<string, SeenEntry>): DirectoryChange {
    let change = this.#directories.get(path);
    if (change === undefined) {
      change = { path, rows: new Map(seen), previous: seen.size };
      this.#directories.set(path, change);
    }
    return change;
  }

  async #dispatch(): Promise<void> {
    const batch = this.#candidates;
    if (batch.length === 0) return;
    this.#candidates = [];
    const { pool, store, signal, root } = this.#parts;
    const input: StoreFilesInput = {
      secrets: this.#parts.secrets,
      paths: batch.map(({ directory, name }) => `${root}/${join(directory.path, name)}`),
    };
    const task = pool
      .run<StoreFilesInput, StoreFilesOutput>('storeFiles', input, {
        signal,
        ask: async (question) => {
          const { ids, sealed } = question as OutgoingQuestion;
          if (sealed !== undefined) await store.stage(sealed);
          if (store.pendingChunks >= CHUNKS_PER_COMMIT) await store.commit({});
          return store.wanted(ids);
        },
      })
      .then(async ({ files, sealed }) => {
        if (sealed !== undefined) await store.stage(sealed);
        for (const [index, file] of files.entries()) {
          await this.#takeFile(batch[index] as Candidate, file);
        }
        this.#parts.onProgress(this.counts);
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
    const most = pool.lanes * 3;
    while (this.#tasks.size >= most) await Promise.race(this.#tasks);
    this.#throwIfFailed();
  }

  async #takeFile({ directory, name }: Candidate, file: StoredFile): Promise<void> {
    const path = join(directory.path, name);
    const before = directory.rows.get(name);
    switch (file.status) {
      case 'stored':
      case 'unstable': {
        if (file.status === 'unstable') {
          this.counts.errors++;
          this.#parts.onProblem(
            path,
            'kept changing while it was read: stored as it was read',
            true,
          );
        }
        this.counts.files++;
        this.counts.bytes += file.manifest.size;
        await this.#addContent(
          directory,
          name,
          'file',
          {
            manifest: file.manifest,
            mtimeNs: file.stat.mtimeNs,
            executable: isExecutable(file.stat.mode),
            symlink: undefined,
            unstable: file.status === 'unstable',
          },
          file.stat,
        );
        return;
      }
      case 'vanished':
        if (before !== undefined) {
          this.#gone.set(path, { directory: directory.path, name, before, isReplaced: false });
        }
        return;
      case 'not-a-file':
        // Became something else since the directory was listed: the next scan sees it whole.
        this.#countKept(before);
        return;
      case 'unreadable':
        this.counts.errors++;
        this.#countKept(before);
        this.#parts.onProblem(path, `cannot be read: ${file.code}`, true);
    }
  }

  async #addContent(
    directory: DirectoryChange,
    name: string,
    kind: 'file' | 'symlink',
    body: Body,
    stat: FileStat,
  ): Promise<void> {
    const digest = contentDigest(this.#parts.digestKey, body);
    const before = directory.rows.get(name);
    // What never stood still is recorded under a stat that nothing on disk has.
    const seen = body.unstable ? { ...stat, ctimeNs: 0n } : stat;
    const racy = body.unstable || this.#isRacy(stat);
    if (before?.kind === kind && Buffer.compare(before.digest, digest) === 0) {
      this.counts.unchanged++;
      directory.rows.set(name, { ...before, ...statPart(seen, racy) });
      return;
    }
    await this.#addVersion(directory, name, kind, body, digest, {
      ...statPart(seen, racy),
      kind,
      digest,
    });
  }

  async #addVersion(
    directory: DirectoryChange,
    name: string,
    kind: 'file' | 'symlink' | 'directory',
    body: Body | undefined,
    digest: Uint8Array,
    seen: Omit<SeenEntry, 'version'>,
  ): Promise<void> {
    const path = join(directory.path, name);
    const before = directory.rows.get(name);
    const parents = before === undefined ? await this.#parts.currentOf(path) : [before.version];
    if (kind !== 'directory') {
      if (before === undefined || before.kind === 'directory') this.counts.added++;
      else this.counts.changed++;
    } else if (before !== undefined) this.counts.removed++;
    const version = { path, kind, parents, digest, body, directory, name, seen };
    if (before?.kind === 'directory') {
      this.#replacing.push(version);
      return;
    }
    this.#versions.push(version);
    if (this.#versions.length >= VERSIONS_PER_ENTRY) await this.#stageVersions();
  }

  #addDeletion(directory: DirectoryChange, name: string, before: SeenEntry): void {
    if (before.kind !== 'directory') this.counts.removed++;
    this.#versions.push({
      path: join(directory.path, name),
      kind: 'deletion',
      parents: [before.version],
      digest: NO_DIGEST,
      body: undefined,
      directory,
      name,
      seen: undefined,
    });
  }

  /** `going`: a directory of which more is to come. */
  async #commitIfLarge(going?: DirectoryChange): Promise<void> {
    if (this.#versions.length >= VERSIONS_PER_ENTRY) await this.#stageVersions();
    if (this.#uncommitted < VERSIONS_PER_COMMIT) return;
    await this.#settle();
    await this.#commit();
    if (going !== undefined) this.#directories.set(going.path, going);
  }

  /** Until no candidate waits and no task runs. */
  async #settle(): Promise<void> {
    await this.#dispatch();
    while (this.#tasks.size > 0) await Promise.race(this.#tasks);
    this.#throwIfFailed();
    this.#parts.signal.throwIfAborted();
  }

  /** Makes entries of the versions gathered so far and notes their names in the directories. */
  async #stageVersions(): Promise<void> {
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

  async #commit(): Promise<void> {
    await this.#stageVersions();
    const directories = [...this.#directories.values()];
    const forgotten = this.#forgotten;
    if (this.#uncommitted === 0 && directories.length === 0 && forgotten.length === 0) return;
    this.#uncommitted = 0;
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

  #isRacy(stat: FileStat): boolean {
    const coarse = stat.mtimeNs % 1_000_000_000n === 0n && stat.ctimeNs % 1_000_000_000n === 0n;
    const margin = coarse ? RACY_COARSE_NS : RACY_FINE_NS;
    const now = BigInt(Math.round(this.#parts.clock.wallMs() * 1e6));
    return stat.mtimeNs + margin > now || stat.ctimeNs + margin > now;
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function statPart(
  stat: FileStat,
  racy: boolean,
): Pick<SeenEntry, 'size' | 'mtimeNs' | 'ctimeNs' | 'inode' | 'executable' | 'racy'> {
  const { size, mtimeNs, ctimeNs, inode, mode } = stat;
  return { size, mtimeNs, ctimeNs, inode, executable: isExecutable(mode), racy };
}
