/** `folder lock`: everything is proved to be stored, then the plain files go. */

import { isLoss, VaultError } from '../errors.ts';
import { join } from '../folder-path.ts';
import { differenceOf } from '../folder/replace-name.ts';
import type { SeenEntry, SeenNames } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { FolderLockOptions, FolderLockResult } from './folder-options.ts';
import type { OperationContext } from './operation.ts';
import { ContentProof } from './content-proof.ts';
import { DropRun } from './drop-run.ts';
import { valueSource } from './look.ts';
import { intoFolder, recordWorkingCopy, type RecordingPlace } from './record-working-copy.ts';
import { recoverApply } from './recover-apply.ts';
import { Rehearsal } from './rehearsal.ts';
import { throwIfFull } from './restore-run.ts';
import { changingFolder, withIndex, type Session } from './session.ts';

type Rows = (directory: string) => Promise<SeenNames | undefined>;

/**
 * Records the working copy, reads back and opens everything it is made of, marks the folder as locked, and
 * drops the files: each is moved aside and read once more before it is removed. What changed since, what
 * cannot be read and what is left out of the folder stays, and is counted. A run that was cut short is
 * continued by the next. Throws `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT` with every file in place.
 */
export async function lockFolder(
  session: Session,
  options: FolderLockOptions,
  context: OperationContext,
): Promise<FolderLockResult> {
  const listed = session.folders.find(options.folder, '/');
  return changingFolder(session, listed, (folder) =>
    withIndex(
      folder,
      () => new Locking(session, folder, options, context).run(),
      (message) => context.emit({ type: 'warning', message }),
    ),
  );
}

class Locking {
  readonly #session: Session;
  readonly #folder: OpenFolder;
  readonly #options: FolderLockOptions;
  readonly #context: OperationContext;
  readonly #root: string;
  readonly #counts = { files: 0, dirs: 0, bytes: 0, recorded: 0, kept: 0, errors: 0 };
  /** An earlier run was cut short. */
  readonly #isContinued: boolean;
  #rehearsal: Rehearsal | undefined;

  constructor(
    session: Session,
    folder: OpenFolder,
    options: FolderLockOptions,
    context: OperationContext,
  ) {
    this.#session = session;
    this.#folder = folder;
    this.#options = options;
    this.#context = context;
    this.#root = rootOf(folder);
    this.#isContinued = folder.state.lockedAt !== undefined;
  }

  async run(): Promise<FolderLockResult> {
    const { clock } = this.#session.environment;
    const started = clock.monotonicMs();
    const isDry = this.#options.dryRun === true;
    const rows = isDry ? await this.#rehearse() : await this.#record();
    await this.#prove(rows);
    if (isDry) await this.#preview(rows);
    else {
      const { name } = this.#folder;
      this.#context.signal.throwIfAborted();
      if (!this.#isContinued) {
        this.#folder.update({ path: undefined, lockedAt: this.#root });
      }
      await this.#drop(rows);
      if (this.#isLeft()) {
        const message = `something is left in ${JSON.stringify(this.#root)}: it changed meanwhile, cannot be read, or is left out of the folder ${name}`;
        this.#context.emit({ type: 'warning', message });
      }
    }
    const seconds = (clock.monotonicMs() - started) / 1000;
    const { id, name } = this.#folder;
    return { folder: id, name, path: null, lockedAt: this.#root, ...this.#counts, seconds };
  }

  async #rehearse(): Promise<Rows> {
    const rehearsal = (this.#rehearsal = new Rehearsal(this.#folder));
    if (!this.#isContinued) await this.#recordInto(rehearsal);
    this.#counts.recorded = rehearsal.versions.length;
    return rehearsal.seen;
  }

  /** A folder that is locked has been recorded: what is missing by now was dropped. */
  async #record(): Promise<Rows> {
    const folder = this.#folder;
    await recoverApply(this.#session, folder, this.#context);
    if (!this.#isContinued) {
      const place = intoFolder(folder);
      const counted = {
        ...place,
        stage: (versions: Parameters<typeof place.stage>[0]) => {
          this.#counts.recorded += versions.length;
          return place.stage(versions);
        },
      };
      await this.#recordInto(counted);
    }
    return (directory) => folder.seen(directory);
  }

  async #recordInto(place: RecordingPlace): Promise<void> {
    const recording = { phase: `lock ${this.#folder.name}`, yes: this.#options.yes === true };
    const { errors } = await recordWorkingCopy(
      this.#session,
      this.#folder,
      place,
      recording,
      this.#context,
    );
    this.#counts.errors = errors;
  }

  #isLeft(): boolean {
    const { fileSystem } = this.#session.environment;
    return (
      fileSystem.statIfPresent(this.#root) !== undefined && fileSystem.list(this.#root).length > 0
    );
  }

  async #prove(rows: Rows): Promise<void> {
    const folder = this.#folder;
    const proof = new ContentProof(
      folder,
      this.#session.environment.pool,
      await valueSource(folder),
    );
    let files = 0;
    try {
      for await (const { path, entry } of below(rows, '')) {
        this.#context.signal.throwIfAborted();
        // What a rehearsal only read would be stored first.
        const isUnwritten = this.#rehearsal?.isUnwritten(entry.version) === true;
        if (entry.kind === 'directory' || isUnwritten) continue;
        const { manifest } = await folder.log.body(await folder.log.link(entry.version));
        if (manifest !== undefined) await proof.add(path, manifest);
        if (++files % 64 === 0) {
          const phase = `prove ${folder.name}`;
          this.#context.emit({ type: 'progress', phase, files, bytes: 0 });
        }
      }
      await proof.finish();
    } catch (error) {
      await proof.finish().catch(() => undefined); // no task runs on; the first failure is told
      if (!isLoss(error)) throw error;
      throw new VaultError(error.code, `not locked, every file stays: ${error.message}`, {
        cause: error,
        hint: 'run vault verify --read; a snapshot stores again what is missing of files that are there',
      });
    }
  }

  async #preview(rows: Rows): Promise<void> {
    const { fileSystem } = this.#session.environment;
    for await (const { path, entry } of below(rows, '')) {
      const there = fileSystem.statIfPresent(`${this.#root}/${path}`);
      if (there === undefined) continue;
      if (differenceOf(entry, there) !== undefined) this.#counts.kept++;
      else this.#count(entry);
    }
  }

  async #drop(rows: Rows): Promise<void> {
    const { fileSystem } = this.#session.environment;
    if (fileSystem.statIfPresent(this.#root) === undefined) return;
    const run = new DropRun({
      session: this.#session,
      folder: this.#folder,
      context: this.#context,
      root: this.#root,
      isContinued: this.#isContinued,
    });
    try {
      for await (const { path, entry } of below(rows, '')) await run.add(path, entry);
      await run.finish();
    } catch (error) {
      throwIfFull(error, this.#root);
      throw error;
    } finally {
      if (run.close()) {
        const message = 'displaced files were left aside: run vault folder lock again';
        this.#context.emit({ type: 'warning', message });
      }
      this.#add(run.counts);
    }
  }

  #add(counts: DropRun['counts']): void {
    this.#counts.files += counts.files;
    this.#counts.dirs += counts.dirs;
    this.#counts.bytes += counts.bytes;
    this.#counts.recorded += counts.recorded;
    this.#counts.kept += counts.kept;
  }

  #count({ kind, size }: SeenEntry): void {
    if (kind === 'directory') this.#counts.dirs++;
    else this.#counts.files++;
    if (kind === 'file') this.#counts.bytes += size;
  }
}

/** Where the working copy lies, or what is left of it. Throws `VAULT_USAGE` where there is none. */
function rootOf({ state, name }: OpenFolder): string {
  const root = state.path ?? state.lockedAt;
  if (root !== undefined) return root;
  throw new VaultError('VAULT_USAGE', `the folder ${name} has no working copy here`);
}

/** Everything recorded below a directory, each directory before what is in it. */
async function* below(
  rows: Rows,
  directory: string,
): AsyncGenerator<{ readonly path: string; readonly entry: SeenEntry }> {
  for (const [name, entry] of (await rows(directory)) ?? []) {
    const path = join(directory, name);
    yield { path, entry };
    if (entry.kind === 'directory') yield* below(rows, path);
  }
}
