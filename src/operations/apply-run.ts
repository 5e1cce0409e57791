/** Brings paths of the working copy to states that are stored, and records that as new versions on top. */

import { directoryOf, lastName } from '../folder-path.ts';
import type { Applied, ChangeApplier, PathChange } from '../folder/change-applier.ts';
import { seenStat } from '../folder/seen-stat.ts';
import { PendingChanges, type DirectoryChange } from '../folder/pending-changes.ts';
import type { LocalEdit } from '../folder/displaced-files.ts';
import type { SeenEntry, SeenNames } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { Body, Parent } from '../log/types.ts';
import { folderApplier } from './folder-applier.ts';
import { currentVersions, intoFolder } from './record-working-copy.ts';
import type { Session } from './session.ts';
import { recordSlippedEdits } from './slipped-edits.ts';

/** A state that a path is to have. */
export type WantedState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'file' | 'symlink'; readonly body: Body; readonly digest: Uint8Array };

export interface WantedPath {
  readonly path: string;
  readonly wanted: WantedState;
  /** What the new version supersedes, where that is not what is recorded as lying there. */
  readonly parents?: readonly Parent[];
}

/** All paths are those of the folder, whatever their names on this disk. */
export interface ApplyEvents {
  /** Before the first change is made. */
  readonly onBegin: () => Promise<void>;
  readonly onApplied: (path: WantedPath, before: SeenEntry | undefined) => void;
  readonly onNotApplied: (path: string, result: Exclude<Applied, { status: 'applied' }>) => void;
  /** An edit that slipped in was recorded. */
  readonly onEdit: (path: string) => void;
}

/** Versions in one commit. */
const BATCH = 512;
/** Bytes of content made ready at once. */
const BATCH_BYTES = 256 * 1024 * 1024;
const NO_DIGEST = new Uint8Array(0);

export class ApplyRun {
  readonly #events: ApplyEvents;
  readonly #aliases: OpenFolder['aliases'];
  readonly #applier: ChangeApplier;
  readonly #pending: PendingChanges;
  readonly #currentOf: (path: string) => Promise<readonly Parent[]>;
  readonly #seen: (directory: string) => Promise<SeenNames | undefined>;
  #batch: WantedPath[] = [];
  #bytes = 0;
  /** Directories that are to be made: what was ever recorded of what is in them is over. */
  readonly #made = new Set<string>();
  /** Directories that are to go, and what is to stand in place of one: after all below is gone. */
  readonly #late: WantedPath[] = [];
  #begun = false;

  /** Throws `FileError` where nothing can be written at the root. */
  constructor(session: Session, folder: OpenFolder, signal: AbortSignal, events: ApplyEvents) {
    const place = intoFolder(folder);
    this.#events = events;
    this.#aliases = folder.aliases;
    this.#seen = place.seen;
    this.#currentOf = currentVersions(folder);
    this.#pending = new PendingChanges(place);
    this.#applier = folderApplier(session, folder, folder.state.path as string, signal);
  }

  /** Takes a path of the folder that is to change; those above it come before it. */
  async add(meant: WantedPath): Promise<void> {
    const wanted = { ...meant, path: this.#aliases.toLocal(meant.path) };
    const before = (await this.#rows(directoryOf(wanted.path)))?.get(lastName(wanted.path));
    if (wanted.wanted.kind === 'directory' && before?.kind !== 'directory')
      this.#made.add(wanted.path);
    if (isLate(wanted, before)) {
      this.#late.push(wanted);
      return;
    }
    this.#batch.push(wanted);
    this.#bytes += 'body' in wanted.wanted ? (wanted.wanted.body.manifest?.size ?? 0) : 0;
    if (this.#batch.length >= BATCH || this.#bytes >= BATCH_BYTES) await this.#flush();
  }

  /** Does what is left; on return all of it is recorded and durable. */
  async finish(): Promise<void> {
    await this.#flush();
    for (const wanted of this.#late.toReversed()) {
      this.#batch.push(wanted);
      if (this.#batch.length >= BATCH) await this.#flush();
    }
    await this.#flush();
  }

  /** Ends the run, finished or not. True where displaced files are left for the next run to look at. */
  close(): boolean {
    return this.#applier.close();
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    if (batch.length === 0) return;
    if (!this.#begun) await this.#events.onBegin();
    this.#begun = true;
    const changes: PathChange[] = [];
    for (const { path, wanted } of batch) {
      const [directory, name] = [directoryOf(path), lastName(path)];
      const expected = (await this.#rows(directory))?.get(name);
      changes.push({
        directory,
        name,
        expected,
        next: 'body' in wanted ? wanted.body : wanted.kind,
      });
    }
    const applied = await this.#applier.apply(changes);
    await this.#recordEdits(await this.#applier.settle());
    for (const [at, result] of applied.entries()) {
      const wanted = batch[at] as WantedPath;
      const path = this.#aliases.toPath(wanted.path);
      if (result.status === 'applied') {
        await this.#record(wanted, result);
        this.#events.onApplied({ ...wanted, path }, changes[at]?.expected);
      } else this.#events.onNotApplied(path, result);
    }
    await this.#pending.commit();
    for (const { path } of batch) this.#made.delete(path);
    this.#applier.drop();
  }

  #recordEdits(edits: readonly LocalEdit[]): Promise<void> {
    return recordSlippedEdits(edits, {
      pending: this.#pending,
      directory: (path) => this.#directory(path),
      currentOf: this.#currentOf,
      onEdit: (path) => this.#events.onEdit(this.#aliases.toPath(path)),
    });
  }

  async #record({ path, wanted, parents }: WantedPath, applied: Applied): Promise<void> {
    if (applied.status !== 'applied') return;
    const name = lastName(path);
    const directory = await this.#directory(directoryOf(path));
    const before = directory.rows.get(name);
    if (before?.kind === 'directory' && wanted.kind !== 'directory') {
      this.#pending.forget(await this.#directory(path));
    }
    // Nothing of it is recorded any more, and what the log says of an earlier one does not hold for it.
    if (this.#made.has(path)) await this.#directory(path);
    const digest = 'body' in wanted ? wanted.digest : NO_DIGEST;
    const { stat } = applied;
    const kind = wanted.kind;
    this.#pending.add({
      path,
      kind: kind === 'absent' ? 'deletion' : kind,
      parents: parents ?? (before === undefined ? await this.#currentOf(path) : [before.version]),
      digest,
      body: 'body' in wanted ? wanted.body : undefined,
      directory,
      name,
      seen:
        kind === 'absent' || stat === undefined
          ? undefined
          : { ...seenStat(stat, true), kind, digest },
    });
  }

  async #directory(path: string): Promise<DirectoryChange> {
    const known = this.#pending.find(path);
    if (known !== undefined) return known;
    return this.#pending.change(path, (await this.#rows(path)) ?? new Map<string, SeenEntry>());
  }

  /** What is recorded of a directory, as far as it holds for the one that will be there. */
  async #rows(directory: string): Promise<SeenNames | undefined> {
    return this.#made.has(directory) ? undefined : this.#seen(directory);
  }
}

/** Whether something comes only when all below it is gone: where a directory is to go. */
export function isLate({ wanted }: WantedPath, before: SeenEntry | undefined): boolean {
  return before?.kind === 'directory' && wanted.kind !== 'directory';
}
