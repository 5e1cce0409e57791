/**
 * Scanned directories → versions. Decides what each scanned name means, has changed files stored by
 * the workers, and gathers versions until a commit takes them. Memory is bounded by what lies between
 * two commits, not by the folder.
 */

import type { Clock } from '../clock.ts';
import { directoryOf, join, lastName } from '../folder-path.ts';
import { contentDigest } from '../log/body.ts';
import type { SecretKey } from '../crypto/hash.ts';
import type { Body, Parent } from '../log/types.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import { ChangeTally, type ChangeCounts } from './change-tally.ts';
import { FileIntake, type IntakeParts } from './file-intake.ts';
import { fileBody, symlinkBody } from './found-body.ts';
import {
  PendingChanges,
  type DirectoryChange,
  type PendingParts,
  type PendingVersion,
} from './pending-changes.ts';
import { isProved, type GoneFile, type GoneFiles } from './gone-files.ts';
import { GoneNames } from './gone-names.ts';
import type { ScanProblem } from './look.ts';
import { packedStat, type FileTraits } from './packed-stats.ts';
import type { Scanned, ScannedDirectory } from './scan.ts';
import { isRacyStat, seenStat } from './seen-stat.ts';
import type { StoredFile } from './store-files.ts';
import type { SeenEntry, SeenNames } from './working-copy-row.ts';

export interface RecorderParts extends PendingParts {
  readonly root: string;
  readonly store: IntakeParts<unknown>['store'];
  /** What was last seen, also where the rows were lost: then made from the log. */
  readonly seen: (directory: string) => Promise<SeenNames | undefined>;
  /** Current versions of a path that the working copy does not show: what a new one supersedes. */
  readonly currentOf: (path: string) => Promise<readonly Parent[]>;
  /** What is gone from where it was, and may have been moved. */
  readonly goneFiles: GoneFiles;
  /** The content of a version; undefined where it is not here any more. */
  readonly bodyOf: (version: Parent) => Promise<Body | undefined>;
  readonly digestKey: SecretKey;
  readonly idKey: SecretKey;
  readonly pool: WorkerPool;
  /** Setting of the pool that holds the folder's secrets. */
  readonly secrets: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What is found otherwise than recorded and is left for a later look. Default: nothing. */
  readonly leaves?: LeftForLater;
  readonly onProgress: (counts: Readonly<ChangeCounts>) => void;
  readonly onProblem: (path: string, message: string, isError: boolean) => void;
}

/** Which changes are not recorded yet. Paths are those on this disk. */
export interface LeftForLater {
  readonly isBusy: (path: string) => boolean;
  readonly isHeld: (gone: string) => boolean;
}

interface Candidate {
  readonly directory: DirectoryChange;
  readonly name: string;
  /** What it may have been before it was moved here. */
  readonly source: GoneFile | undefined;
}

const NO_DIGEST = new Uint8Array(0);

export class ChangeRecorder {
  readonly #tally = new ChangeTally();
  readonly #parts: RecorderParts;
  readonly #pending: PendingChanges;
  readonly #intake: FileIntake<Candidate>;
  readonly #gone: GoneNames;
  /** Where the last moved file came from: more will. */
  #source: DirectoryChange | undefined;
  /** What stands where a directory was, recorded after all below that is gone. */
  #replacing: PendingVersion[] = [];

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#gone = new GoneNames(parts.seen);
    this.#pending = new PendingChanges(parts);
    this.#intake = new FileIntake<Candidate>({
      ...parts,
      pathOf: ({ directory, name }) => `${parts.root}/${join(directory.path, name)}`,
      onStored: async (candidate, file, takenMs) => {
        await this.#takeFile(candidate, file, takenMs);
        this.#pending.release(candidate.directory);
      },
      onBatch: () => parts.onProgress(this.#tally.counts),
    });
  }

  /** Of what was taken so far. */
  get counts(): ChangeCounts {
    return this.#tally.counts;
  }

  /** Takes some directories of a scan. Resolves when the next ones may come. */
  async take({ takenMs, kept, problems, changed, mounts }: Scanned): Promise<void> {
    this.#intake.throwIfFailed();
    this.#tell(problems);
    this.#tally.keep(kept);
    for (const { path, isMount } of mounts) await this.#noteMount(path, isMount);
    for (const directory of changed) {
      this.#tell(directory.problems);
      this.#tally.keep(directory.kept);
      await this.#takeChanged(directory, takenMs);
    }
  }

  async #takeChanged(scanned: ScannedDirectory, takenMs: number): Promise<void> {
    const { counts } = this.#tally;
    const { leaves } = this.#parts;
    for (const name of scanned.gone) {
      if (leaves?.isHeld(join(scanned.path, name)) === true) {
        this.#tally.keepEntry(scanned.seen.get(name));
      } else this.#gone.note(scanned, name, false);
    }
    if (scanned.files.length + scanned.symlinks.length + scanned.newDirectories.length === 0)
      return;
    const known = this.#pending.find(scanned.path);
    const directory = known ?? this.#pending.change(scanned.path, scanned.seen);
    if (known === undefined) this.#dropMoved(directory, scanned);
    this.#pending.await(directory);
    this.#forgetReturned(scanned);
    if (this.#parts.goneFiles.isShort) this.#gone.noteArrived(scanned);
    for (const { name, stat, isMount } of scanned.newDirectories) {
      counts.dirs++;
      await this.#addVersion(
        { directory, name, source: undefined },
        'directory',
        undefined,
        NO_DIGEST,
        {
          ...seenStat(stat, isRacyStat(stat, takenMs)),
          kind: 'directory',
          digest: NO_DIGEST,
          ...(isMount ? { mount: true } : {}),
        },
      );
      // Also where it stays empty: what the log says of an earlier one does not hold for it.
      this.#pending.change(join(scanned.path, name), new Map<string, SeenEntry>());
    }
    for (const { name, stat, target } of scanned.symlinks) {
      if (scanned.seen.get(name)?.kind === 'directory') this.#gone.note(scanned, name, true);
      const body = symlinkBody(target, stat);
      counts.files++;
      const source = this.#parts.goneFiles.find(stat, scanned.path, name);
      await this.#addContent({ directory, name, source }, 'symlink', body, stat, takenMs);
    }
    for (const [index, name] of scanned.files.entries()) {
      if (leaves?.isBusy(join(scanned.path, name)) === true) {
        this.#tally.keepEntry(scanned.seen.get(name));
        continue;
      }
      if (scanned.seen.get(name)?.kind === 'directory') this.#gone.note(scanned, name, true);
      const stat = packedStat(scanned.stats, index);
      const source = stat && this.#parts.goneFiles.find(stat, scanned.path, name);
      const candidate = { directory, name, source };
      if (stat === undefined || !(await this.#takeMoved(candidate, stat, takenMs))) {
        this.#pending.await(directory);
        await this.#intake.add(candidate);
      }
      await this.#commitIfLarge();
    }
    this.#pending.release(directory);
    await this.#commitIfLarge();
  }

  /** Takes a file whose move is proved, without reading it. Whether it was one. */
  async #takeMoved(candidate: Candidate, stat: FileTraits, takenMs: number): Promise<boolean> {
    const { source } = candidate;
    if (source === undefined || !isProved(source, stat)) return false;
    const body = await this.#parts.bodyOf(source.before.version);
    if (body === undefined) return false;
    this.#tally.counts.files++;
    this.#tally.counts.bytes += stat.size;
    await this.#addContent(candidate, 'file', body, stat, takenMs);
    return true;
  }

  /**
   * How many of the files and symlinks recorded before are gone, not moved. Where more is gone than is
   * kept in mind, as many as lie in a directory that was moved count as moved with it. Waits for the
   * workers.
   */
  async countGone(): Promise<number> {
    await this.#intake.settle();
    return this.#gone.countFiles();
  }

  /**
   * Waits for the workers, then records what is gone as deletions: what lay below a directory before
   * the directory itself, so that after any commit on the way the rest is found again.
   */
  async recordGone(): Promise<void> {
    await this.#intake.settle();
    this.#keepSource(undefined);
    for (const { path, directory, name, before, isReplaced } of this.#gone.take()) {
      if (before.kind === 'directory') await this.#deleteBelow(path);
      if (isReplaced) continue;
      this.#addDeletion(await this.#recorded(directory), name, before);
      await this.#commitIfLarge();
    }
    for (const version of this.#replacing) {
      this.#pending.add({ ...version, directory: await this.#recorded(version.directory.path) });
    }
    this.#replacing = [];
  }

  /** Waits for the workers and commits whatever is left. Nothing is left behind on success. */
  async finish(): Promise<void> {
    await this.#intake.settle();
    await this.#pending.commit();
  }

  /** Waits for tasks in progress after a failure elsewhere, so that nothing runs on unowned. */
  async abandon(): Promise<void> {
    await this.#intake.abandon();
    await this.#pending.settle();
  }

  async #noteMount(path: string, isMount: boolean): Promise<void> {
    const directory = await this.#recorded(directoryOf(path));
    const name = lastName(path);
    const entry = directory.rows.get(name);
    if (entry !== undefined) directory.rows.set(name, { ...entry, mount: isMount });
    await this.#commitIfLarge();
  }

  #tell(problems: readonly ScanProblem[]): void {
    for (const { path, severity, message } of problems) {
      if (severity === 'unreadable') this.#tally.counts.errors++;
      this.#parts.onProblem(path, message, severity === 'unreadable');
    }
  }

  /** What the survey missed and is there again was not moved. */
  #forgetReturned({ path, seen, files, symlinks }: ScannedDirectory): void {
    const { goneFiles } = this.#parts;
    if (goneFiles.size === 0) return;
    for (const name of [...files, ...symlinks.map((symlink) => symlink.name)]) {
      const before = seen.get(name);
      if (before !== undefined) goneFiles.forget(path, name, before);
    }
  }

  /** Takes from rows that were just read what was moved away since. */
  #dropMoved({ rows }: DirectoryChange, { path, gone, files, symlinks }: ScannedDirectory): void {
    if (!this.#gone.hasMoved) return;
    for (const name of [...gone, ...files, ...symlinks.map((symlink) => symlink.name)]) {
      if (this.#gone.isMoved(join(path, name))) rows.delete(name);
    }
  }

  /** What the row of a name says; not of one that was moved away, where something else stands now. */
  #before({ path, rows }: DirectoryChange, name: string): SeenEntry | undefined {
    return this.#gone.isMoved(join(path, name)) ? undefined : rows.get(name);
  }

  /** Deletions of all that is recorded below a directory, the deepest first. */
  async #deleteBelow(path: string): Promise<void> {
    const rows = (await this.#parts.seen(path)) ?? new Map<string, SeenEntry>();
    for (const [name, { kind }] of rows) {
      if (kind === 'directory') await this.#deleteBelow(join(path, name));
    }
    const target = await this.#recorded(path);
    for (const [name, entry] of target.rows) {
      if (!this.#gone.isMoved(join(path, name))) this.#addDeletion(target, name, entry);
    }
    this.#pending.forget(target);
    await this.#commitIfLarge();
  }

  /** A directory's rows as they will be, begun with those recorded. */
  async #recorded(path: string): Promise<DirectoryChange> {
    // What a commit on its way writes cannot be read yet.
    if (this.#pending.find(path) === undefined) await this.#pending.settle();
    return (
      this.#pending.find(path) ??
      this.#pending.change(path, (await this.#parts.seen(path)) ?? new Map<string, SeenEntry>())
    );
  }

  async #takeFile(candidate: Candidate, file: StoredFile, takenMs: number): Promise<void> {
    const { directory, name } = candidate;
    const path = join(directory.path, name);
    const before = this.#before(directory, name);
    switch (file.status) {
      case 'stored':
      case 'unstable': {
        if (file.status === 'unstable') {
          this.#tally.counts.errors++;
          this.#parts.onProblem(
            path,
            'kept changing while it was read: stored as it was read',
            true,
          );
        }
        this.#tally.counts.files++;
        this.#tally.counts.bytes += file.manifest.size;
        await this.#addContent(candidate, 'file', fileBody(file), file.stat, takenMs);
        return;
      }
      case 'vanished':
      case 'not-a-file':
        // Gone or something else since the directory was listed: the next scan sees it whole.
        this.#tally.keepEntry(before);
        return;
      case 'unreadable':
        this.#tally.counts.errors++;
        this.#tally.keepEntry(before);
        this.#parts.onProblem(path, `cannot be read: ${file.code}`, true);
    }
  }

  async #addContent(
    candidate: Candidate,
    kind: 'file' | 'symlink',
    body: Body,
    stat: FileTraits,
    takenMs: number,
  ): Promise<void> {
    const { directory, name, source } = candidate;
    const digest = contentDigest(this.#parts.digestKey, body);
    const before = this.#before(directory, name);
    // What never stood still is recorded under a stat that nothing on disk has.
    const seen = body.unstable ? { ...stat, ctimeNs: 0n } : stat;
    const racy = body.unstable || isRacyStat(stat, takenMs);
    if (before?.kind === kind && Buffer.compare(before.digest, digest) === 0) {
      this.#tally.counts.unchanged++;
      directory.rows.set(name, { ...before, ...seenStat(seen, racy) });
      this.#pending.touch(directory);
      return;
    }
    const isMove = source !== undefined && Buffer.compare(source.before.digest, digest) === 0;
    await this.#addVersion(
      { directory, name, source: isMove && before?.kind !== 'directory' ? source : undefined },
      kind,
      body,
      digest,
      { ...seenStat(seen, racy), kind, digest },
    );
  }

  async #addVersion(
    { directory, name, source }: Candidate,
    kind: 'file' | 'symlink' | 'directory',
    body: Body | undefined,
    digest: Uint8Array,
    seen: Omit<SeenEntry, 'version'>,
  ): Promise<void> {
    const path = join(directory.path, name);
    const before = this.#before(directory, name);
    const parents = before === undefined ? await this.#parentsAt(path) : [before.version];
    const from = source === undefined ? undefined : await this.#sourceOf(source);
    const isMoved = source !== undefined && this.#parts.goneFiles.take(source);
    if (isMoved) {
      this.#gone.noteMoved(join(source.directory, source.name));
      parents.push(source.before.version);
    }
    if (kind !== 'directory') {
      const had = isMoved || (before !== undefined && before.kind !== 'directory');
      this.#tally.counts[had ? 'changed' : 'added']++;
    } else if (before !== undefined) this.#tally.counts.removed++;
    const left = isMoved && from !== undefined ? { directory: from, name: source.name } : undefined;
    const version = { path, kind, parents, digest, body, directory, name, seen, left };
    if (before?.kind === 'directory') {
      this.#replacing.push(version);
      return;
    }
    this.#pending.add(version);
    await this.#pending.stageIfMany();
  }

  async #sourceOf({ directory }: GoneFile): Promise<DirectoryChange> {
    if (this.#source?.path === directory) return this.#source;
    const source = await this.#recorded(directory);
    this.#keepSource(source);
    return source;
  }

  #keepSource(source: DirectoryChange | undefined): void {
    if (source !== undefined) this.#pending.await(source);
    if (this.#source !== undefined) this.#pending.release(this.#source);
    this.#source = source;
  }

  /** What a new version at a path supersedes where nothing was seen. */
  async #parentsAt(path: string): Promise<Parent[]> {
    // What was there went elsewhere in this very run, which is no edit of it.
    return this.#gone.isMoved(path) ? [] : [...(await this.#parts.currentOf(path))];
  }

  #addDeletion(directory: DirectoryChange, name: string, before: SeenEntry): void {
    if (before.kind !== 'directory') this.#tally.counts.removed++;
    this.#pending.add({
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

  /** Begins a commit where there is much to commit; the scan goes on meanwhile. */
  async #commitIfLarge(): Promise<void> {
    await this.#pending.stageIfMany();
    if (this.#pending.isLarge) await this.#pending.beginCommit();
  }
}
