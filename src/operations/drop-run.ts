/** Removes plain files whose content is stored: those that are as they were recorded, and no others. */

import { directoryOf, join, lastName } from '../folder-path.ts';
import type { Applied, ChangeApplier, PathChange } from '../folder/change-applier.ts';
import { DisplacedFiles, type LocalEdit } from '../folder/displaced-files.ts';
import { GONE } from '../folder/replace-name.ts';
import { seenStat } from '../folder/seen-stat.ts';
import type { SeenEntry } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { OperationContext } from './operation.ts';
import { folderApplier } from './folder-applier.ts';
import { currentVersions } from './record-working-copy.ts';
import type { Session } from './session.ts';

/** Files that are dropped together. */
const BATCH = 512;

export interface DropParts {
  readonly session: Session;
  readonly folder: OpenFolder;
  readonly context: OperationContext;
  /** Where the files lie. */
  readonly root: string;
  /** Stats may differ from those recorded although nothing changed: an earlier run was cut short. */
  readonly isContinued: boolean;
}

export class DropRun {
  /** What was dropped, edits that were recorded on the way, and files that stay. */
  readonly counts = { files: 0, dirs: 0, bytes: 0, recorded: 0, kept: 0 };
  readonly #session: Session;
  readonly #folder: OpenFolder;
  readonly #context: OperationContext;
  readonly #root: string;
  readonly #isContinued: boolean;
  readonly #applier: ChangeApplier;
  readonly #directories: PathChange[] = [];
  #batch: PathChange[] = [];

  /** Throws `FileError` where nothing can be written at the root. */
  constructor({ session, folder, context, root, isContinued }: DropParts) {
    this.#session = session;
    this.#folder = folder;
    this.#context = context;
    this.#root = root;
    this.#isContinued = isContinued;
    this.#applier = folderApplier(session, folder, root, context.signal);
  }

  /** Takes what is recorded at a path, a directory before what is in it. */
  async add(path: string, expected: SeenEntry): Promise<void> {
    const change: PathChange = { ...placeOf(path), expected, next: 'absent' };
    if (expected.kind === 'directory') this.#directories.push(change);
    else this.#batch.push(change);
    if (this.#batch.length >= BATCH) await this.#flush();
  }

  /** Does what is left; directories go last, those that are empty by then. */
  async finish(): Promise<void> {
    await this.#flush();
    for (const directory of this.#directories.toReversed()) await this.#dropBatch([directory]);
  }

  /** Ends it, finished or not. True where displaced files are left for the next run to look at. */
  close(): boolean {
    return this.#applier.close();
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) await this.#dropBatch(batch);
  }

  async #dropBatch(batch: readonly PathChange[]): Promise<void> {
    const applier = this.#applier;
    const results = await applier.apply(this.#isContinued ? await this.#refreshed(batch) : batch);
    for (const edit of await applier.settle()) await this.#recordEdit(edit);
    applier.drop();
    for (const [at, result] of results.entries()) {
      const { directory, name, expected } = batch[at] as PathChange;
      if (expected === undefined || isGone(result)) continue;
      if (result.status === 'applied') this.#count(expected);
      else if (expected.kind !== 'directory') this.#keep(join(directory, name), result);
    }
  }

  /** What was put back has another stat than the one recorded: whether it is the same, reading it tells. */
  async #refreshed(batch: readonly PathChange[]): Promise<PathChange[]> {
    const { fileSystem, pool, clock } = this.#session.environment;
    const { store, secrets, keys } = this.#folder;
    const { digestKey, idKey } = keys;
    const { signal } = this.#context;
    const files = new DisplacedFiles({
      fileSystem,
      store,
      pool,
      secrets,
      clock,
      signal,
      digestKey,
      idKey,
    });
    const found = batch.map(({ directory, name, expected }) => {
      const path = join(directory, name);
      return { displaced: { path, file: `${this.#root}/${path}` }, expected };
    });
    const edits = await files.editsAmong(
      found.filter(({ expected }) => expected?.kind !== 'directory'),
    );
    const edited = new Set(edits.map(({ displaced }) => displaced.path));
    return batch.map((change, at) => {
      const displaced = found[at]?.displaced;
      const stat = displaced && files.statOf(displaced);
      if (change.expected === undefined || stat === undefined) return change;
      if (edited.has(join(change.directory, change.name))) return change;
      return { ...change, expected: { ...change.expected, ...seenStat(stat, true) } };
    });
  }

  /** A directory stays where anything in it does, which is told already. */
  #keep(path: string, result: Exclude<Applied, { readonly status: 'applied' }>): void {
    this.counts.kept++;
    const why =
      result.status === 'refused'
        ? `left as it is: ${result.why}`
        : `cannot be removed: ${result.status === 'failed' ? result.code : result.message}`;
    this.#context.emit({ type: 'warning', path, message: why });
  }

  /** An edit that slipped in is stored as a version on top: unlocking gives it back. */
  async #recordEdit({ displaced, kind, body, digest, stat }: LocalEdit): Promise<void> {
    const { path } = displaced;
    const { log, workingCopy } = this.#folder;
    const { directory, name } = placeOf(path);
    const rows = (await this.#folder.seen(directory)) ?? new Map<string, SeenEntry>();
    const row = rows.get(name);
    const parents = row === undefined ? await currentVersions(this.#folder)(path) : [row.version];
    await log.append({
      versions: [{ link: { path, kind, parents, digest }, body }],
      rows: ([version]) => {
        if (version === undefined) return [];
        const next = new Map(rows);
        next.set(name, { ...seenStat(stat, true), kind, digest, version });
        return workingCopy.rows(directory, next, rows.size);
      },
    });
    this.counts.recorded++;
    const message = 'was edited meanwhile: that is stored, too';
    this.#context.emit({ type: 'warning', path, message });
  }

  #count({ kind, size }: SeenEntry): void {
    if (kind === 'directory') this.counts.dirs++;
    else this.counts.files++;
    if (kind === 'file') this.counts.bytes += size;
  }
}

function placeOf(path: string): { readonly directory: string; readonly name: string } {
  return { directory: directoryOf(path), name: lastName(path) };
}

/** What a run before has dropped, perhaps with its directory. */
function isGone(result: Applied): boolean {
  if (result.status === 'refused') return result.why === GONE;
  return result.status === 'failed' && result.code === 'ENOENT';
}
