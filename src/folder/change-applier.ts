/**
 * Versions → working copy, a batch at a time. Contents are made ready first; only when all of a batch are,
 * names are replaced, one after another (`replace-name.ts`). What was displaced stays aside until it
 * was read again, a moment later, and found to be what is stored; an edit that slipped in is stored first.
 */

import type { Clock } from '../clock.ts';
import { deferred } from '../async.ts';
import { isVaultError, systemCode, VaultError } from '../errors.ts';
import { join } from '../folder-path.ts';
import type { Body } from '../log/types.ts';
import type { FileStat, FileSystem, HeldDirectory } from '../system/file-system.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import { DisplacedFiles, type DisplacedParts, type LocalEdit } from './displaced-files.ts';
import { replaceName } from './replace-name.ts';
import { packFiles } from './packed-files.ts';
import type { RestoredFile, RestoreFilesInput } from './restore-files.ts';
import { StagingArea, type Displaced } from './staging-area.ts';
import { isExecutable, type SeenEntry } from './working-copy-row.ts';

export interface ApplierParts extends Omit<DisplacedParts, 'fileSystem'> {
  readonly fileSystem: FileSystem;
  /** Canonical path of the working copy. */
  readonly root: string;
  readonly pool: WorkerPool;
  readonly secrets: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Sealed values that the workers ask for. */
  readonly answer: (question: unknown) => Promise<unknown>;
}

/** One name, what was recorded there, and the state it is to have. */
export interface PathChange {
  readonly directory: string;
  readonly name: string;
  readonly expected: SeenEntry | undefined;
  /** With its body for a file or symlink. */
  readonly next: 'absent' | 'directory' | Body;
}

export type Applied =
  | { readonly status: 'applied'; readonly stat: FileStat | undefined }
  /** What is there differs from what is expected, and is as it was. */
  | { readonly status: 'refused'; readonly why: string }
  /** The content cannot be given whole; nothing was touched. */
  | { readonly status: 'damaged'; readonly message: string }
  | { readonly status: 'failed'; readonly code: string };

/** How long a displaced file is left alone before it is read again: who had it open has written by then. */
const GRACE_MS = 200;
const FILES_PER_TASK = 64;

/** Changes of one directory on their way. */
interface Group {
  readonly directory: string;
  readonly changes: readonly { readonly change: PathChange; readonly at: number }[];
  readonly ready: string;
}

export class ChangeApplier {
  readonly #parts: ApplierParts;
  readonly #area: StagingArea;
  readonly #displaced: DisplacedFiles;
  #aside: { readonly displaced: Displaced; readonly expected: SeenEntry }[] = [];
  readonly #linked = new Set<bigint>();
  #lastMs = 0;

  /** Begins in an area that no earlier run has left anything in. Throws `FileError`. */
  constructor(parts: ApplierParts) {
    this.#parts = parts;
    this.#displaced = new DisplacedFiles(parts);
    this.#area = StagingArea.open(parts.fileSystem, parts.root);
  }

  /**
   * Applies changes in their order; what became of each. A path whose directory changes in the same batch
   * comes after it. Throws `VAULT_NO_SPACE`, `VAULT_DAMAGED` or `VAULT_INTERRUPTED` before anything is
   * replaced; what an earlier batch displaced must have been settled.
   */
  async apply(changes: readonly PathChange[]): Promise<Applied[]> {
    const results: Applied[] = new Array<Applied>(changes.length);
    const groups = this.#grouped(changes);
    await this.#makeReady(groups, results);
    this.#parts.signal.throwIfAborted();
    for (const group of groups) this.#replaceGroup(group, results);
    this.#lastMs = this.#parts.clock.monotonicMs();
    return results;
  }

  /**
   * Reads again what was displaced since the last call. What is not as it was recorded is an edit: its
   * content is in the store, to be recorded by the caller, whose commit makes it durable.
   */
  async settle(): Promise<readonly LocalEdit[]> {
    const aside = this.#aside;
    if (aside.length === 0) return [];
    await wait(this.#parts.clock, GRACE_MS - (this.#parts.clock.monotonicMs() - this.#lastMs));
    return this.#displaced.editsAmong(aside);
  }

  /** Drops what {@link settle} has read; to be called once what it gave is durable. */
  drop(): void {
    const aside = this.#aside;
    this.#aside = [];
    for (const { displaced } of aside) {
      if (this.#displaced.isStored(displaced)) this.#area.forget(displaced.file);
    }
  }

  /** Ends it. What still lies aside stays there, for the next run to look at; then true. */
  close(): boolean {
    return this.#area.close().isLeft;
  }

  /** Neighbours of one directory together: order between directories is kept. */
  #grouped(changes: readonly PathChange[]): Group[] {
    const groups: {
      directory: string;
      changes: { change: PathChange; at: number }[];
      ready: string;
    }[] = [];
    for (const [at, change] of changes.entries()) {
      const last = groups.at(-1);
      if (last?.directory === change.directory) last.changes.push({ change, at });
      else {
        const ready = this.#area.makeReady();
        groups.push({ directory: change.directory, changes: [{ change, at }], ready });
      }
    }
    return groups;
  }

  async #makeReady(groups: readonly Group[], results: Applied[]): Promise<void> {
    const tasks: (() => Promise<void>)[] = [];
    for (const group of groups) {
      const files = group.changes.filter(({ change }) => isFile(change.next));
      for (let at = 0; at < files.length; at += FILES_PER_TASK) {
        const batch = files.slice(at, at + FILES_PER_TASK);
        tasks.push(() => this.#write(group, batch, results));
      }
    }
    const { pool } = this.#parts;
    let failure: { readonly error: unknown } | undefined;
    const lane = async (): Promise<void> => {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
        try {
          await task();
        } catch (error) {
          failure ??= { error };
          tasks.length = 0;
        }
      }
    };
    await Promise.all(Array.from({ length: pool.lanes * 2 }, lane));
    if (failure !== undefined) throw failure.error;
  }

  async #write(group: Group, batch: Group['changes'], results: Applied[]): Promise<void> {
    const { pool, secrets, fileSystem } = this.#parts;
    const files = batch.flatMap(({ change: { name, next } }) =>
      typeof next === 'object' && next.manifest !== undefined
        ? [{ name, manifest: next.manifest, mtimeNs: next.mtimeNs, executable: next.executable }]
        : [],
    );
    const directory = group.ready;
    const input: RestoreFilesInput = {
      secrets,
      directories: [{ path: directory, count: files.length }],
      files: packFiles(files),
      overwrite: 'always',
      verify: false,
    };
    // The pool would give a task up before it has ended: it is ended by its next question instead.
    const written = await pool.run<RestoreFilesInput, RestoredFile[]>('restoreFiles', input, {
      ask: (question) => this.#answer(question),
    });
    written.forEach((result, index) => {
      const { at, change } = batch[index] as Group['changes'][number];
      if (result.status === 'damaged') results[at] = { status: 'damaged', message: result.message };
      else if (result.status === 'failed') results[at] = { status: 'failed', code: result.message };
      else makeDurable(fileSystem, `${directory}/${change.name}`);
    });
  }

  async #answer(question: unknown): Promise<unknown> {
    const { signal, answer } = this.#parts;
    if (!signal.aborted) return answer(question);
    const { reason } = signal as { reason: unknown };
    throw isVaultError(reason)
      ? reason
      : new VaultError('VAULT_INTERRUPTED', 'interrupted', { cause: reason });
  }

  #replaceGroup(group: Group, results: Applied[]): void {
    const { fileSystem } = this.#parts;
    let held: HeldDirectory;
    try {
      held = this.#area.hold(group.directory);
    } catch (error) {
      const failed = failureOf(error);
      for (const { at } of group.changes) results[at] ??= failed;
      return;
    }
    try {
      this.#dress(group, held, results);
      const asides = this.#makeAsides(group, results);
      for (const [index, { change, at }] of group.changes.entries())
        results[at] ??= this.#replace(change, group, held, asides[index] ?? '');
      fileSystem.syncDirectory(held.path);
    } finally {
      held.close();
    }
  }

  /** Mode, group, access list and attributes of new files; only the executable bit follows the version. */
  #dress({ changes, ready }: Group, held: HeldDirectory, results: readonly Applied[]): void {
    const { fileSystem } = this.#parts;
    const replaced = changes.filter(
      ({ change: { expected, next }, at }) =>
        expected?.kind === 'file' && isFile(next) && results[at] === undefined,
    );
    if (replaced.length === 0) return;
    const names = replaced.map(({ change }) => change.name);
    fileSystem.takeOver(held.path, ready, names);
    for (const { change } of replaced) {
      const path = `${ready}/${change.name}`;
      const { mode } = fileSystem.stat(path);
      const wanted = typeof change.next === 'object' && change.next.executable;
      if (wanted === isExecutable(mode)) continue;
      fileSystem.setMode(path, wanted ? mode | ((mode & 0o444) >> 2) : mode & ~0o111);
    }
  }

  /** A place for each file or symlink that is to be displaced, durable before the first one is. */
  #makeAsides({ directory, changes }: Group, results: readonly Applied[]): string[] {
    const asides = changes.map(({ change: { name, expected }, at }) => {
      const hasContent = expected !== undefined && expected.kind !== 'directory';
      return hasContent && results[at] === undefined
        ? this.#area.makeAside(join(directory, name))
        : '';
    });
    if (asides.some((aside) => aside !== '')) this.#area.syncAsides();
    return asides;
  }

  #replace(change: PathChange, group: Group, held: HeldDirectory, aside: string): Applied {
    const { fileSystem } = this.#parts;
    const { name, expected, next } = change;
    const ready = `${group.ready}/${name}`;
    const path = join(group.directory, name);
    const hasContent = expected !== undefined && expected.kind !== 'directory';
    let isAside = false;
    try {
      if (typeof next === 'object' && next.symlink !== undefined) {
        fileSystem.makeSymlink(next.symlink, ready);
        fileSystem.setModified(ready, next.mtimeNs);
      }
      const replaced = replaceName(fileSystem, {
        path: `${held.path}/${name}`,
        expected,
        next: typeof next === 'object' ? 'ready' : next,
        ready,
        aside,
        linked: this.#linked,
      });
      ({ isAside } = replaced);
      if (replaced.status === 'refused') return { status: 'refused', why: replaced.why };
      return { status: 'applied', stat: replaced.stat };
    } catch (error) {
      isAside = hasContent && fileSystem.statIfPresent(aside) !== undefined;
      return failureOf(error);
    } finally {
      if (isAside && hasContent) this.#aside.push({ displaced: { path, file: aside }, expected });
      else if (hasContent) this.#area.forget(aside);
    }
  }
}

function isFile(next: PathChange['next']): boolean {
  return typeof next === 'object' && next.manifest !== undefined;
}

/** After a power cut a name leads to the whole content or to the one before. */
function makeDurable(fileSystem: FileSystem, path: string): void {
  const file = fileSystem.open(path, { mode: 'read' });
  try {
    file.sync();
  } finally {
    file.close();
  }
}

/** A full disk is thrown: it concerns all that comes after, too. */
function failureOf(error: unknown): Applied {
  const code = systemCode(error);
  if (code === undefined || code === 'ENOSPC' || code === 'EDQUOT') throw error;
  return { status: 'failed', code };
}

async function wait(clock: Clock, ms: number): Promise<void> {
  if (ms <= 0) return;
  const passed = deferred<void>();
  clock.timer(ms, () => passed.resolve());
  await passed.promise;
}
