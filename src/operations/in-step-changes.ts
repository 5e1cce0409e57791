/** What has to change for a working copy to be in step, done in batches: on disk, then in its rows. */

import { join } from '../folder-path.ts';
import type { Applied, ChangeApplier, PathChange } from '../folder/change-applier.ts';
import type { LocalEdit } from '../folder/displaced-files.ts';
import { PendingChanges, type DirectoryChange } from '../folder/pending-changes.ts';
import { seenStat } from '../folder/seen-stat.ts';
import type { SeenEntry, SeenNames } from '../folder/working-copy-row.ts';
import { VaultError } from '../errors.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { NamedLink, Parent } from '../log/types.ts';
import { nameOf } from '../log/version-name.ts';
import type { FileSystem } from '../system/file-system.ts';
import { formerVersion } from './edit-parents.ts';
import { folderApplier } from './folder-applier.ts';
import type { LocalNaming } from './local-naming.ts';
import type { OperationContext } from './operation.ts';
import { currentVersions, intoFolder } from './record-working-copy.ts';
import type { Session } from './session.ts';
import { recordSlippedEdits } from './slipped-edits.ts';

export interface InStepCounts {
  added: number;
  changed: number;
  removed: number;
  /** Contents that have not come here yet: what was there before stays. */
  behind: number;
  /** Changed while they were to be replaced, each time: left as they are. */
  skipped: number;
  errors: number;
}

/** A name that is to change, or whose row is. */
export interface Wanted {
  readonly directory: string;
  readonly name: string;
  readonly next: PathChange['next'];
  readonly version: NamedLink | undefined;
}

interface InStepParts {
  readonly counts: InStepCounts;
  readonly naming: LocalNaming;
  /** What cannot be changed now is not tried again. */
  readonly isLast: boolean;
}

/** Versions and rows in one commit, and bytes of content made ready at once. */
const BATCH = 512;
const BATCH_BYTES = 256 * 1024 * 1024;
/** Room on the disk of the working copy that contents from elsewhere leave to others. */
const KEPT_FREE_BYTES = 16 * 1024 * 1024;
const NO_DIGEST = new Uint8Array(0);
/** What systems answer to a name that they cannot hold. */
const REFUSED_NAME = new Set(['EINVAL', 'EILSEQ', 'ENAMETOOLONG']);

/** Paths are those on this disk; what is told and recorded names those of the folder. */
export class InStepChanges {
  /** Names that could not be brought in step, and are to be tried again. */
  refused = 0;
  readonly #folder: OpenFolder;
  readonly #context: OperationContext;
  readonly #counts: InStepCounts;
  readonly #isLast: boolean;
  readonly #fileSystem: FileSystem;
  readonly #naming: LocalNaming;
  readonly #pending: PendingChanges;
  readonly #applier: ChangeApplier;
  readonly #currentOf: (path: string) => Promise<readonly Parent[]>;
  #batch: Wanted[] = [];
  #bytes = 0;
  /** What has to wait until all below it is gone, the deepest last. */
  readonly #late: Wanted[] = [];
  /** Directories that are to be made: what was ever recorded of what is in them is over. */
  readonly #made = new Set<string>();

  /** Throws `FileError` where nothing can be written at the root. */
  constructor(
    session: Session,
    folder: OpenFolder,
    context: OperationContext,
    { counts, naming, isLast }: InStepParts,
  ) {
    this.#naming = naming;
    this.#fileSystem = session.environment.fileSystem;
    this.#folder = folder;
    this.#context = context;
    this.#counts = counts;
    this.#isLast = isLast;
    this.#pending = new PendingChanges(intoFolder(folder));
    this.#currentOf = currentVersions(folder);
    this.#applier = folderApplier(session, folder, folder.state.path as string, context.signal);
  }

  /** Takes a name that is to change; `row`: what is recorded of it. Those above it come before it. */
  async add(wanted: Wanted, row: SeenEntry | undefined): Promise<void> {
    if (wanted.next === 'directory') this.#made.add(join(wanted.directory, wanted.name));
    if (row?.kind === 'directory' && wanted.next !== 'directory') {
      this.#late.push(wanted);
      return;
    }
    this.#batch.push(wanted);
    if (typeof wanted.next === 'object') this.#bytes += wanted.next.manifest?.size ?? 0;
    if (this.#batch.length >= BATCH || this.#bytes >= BATCH_BYTES) await this.#flush();
  }

  /** Takes the same content by another version: only the row changes. */
  async rename(directory: string, name: string, row: SeenEntry, version: NamedLink): Promise<void> {
    const { rows } = await this.#change(directory);
    rows.set(name, { ...row, version: nameOf(version) });
    if (this.#pending.isLarge) await this.#pending.commit();
  }

  /** What is recorded of a directory, as far as it holds for the one that will be there. */
  async seen(path: string): Promise<SeenNames> {
    const known = this.#made.has(path) ? undefined : await this.#folder.seen(path);
    return known ?? new Map<string, SeenEntry>();
  }

  /** Does what is left; on return all of it is recorded and durable. */
  async finish(): Promise<void> {
    await this.#flush();
    for (const wanted of this.#late.toReversed()) {
      this.#batch.push(wanted);
      // Each may hold the one before.
      if (this.#batch.length >= BATCH) await this.#flush();
    }
    await this.#flush();
    await this.#pending.commit();
  }

  /** Ends it, finished or not. */
  close(): void {
    if (!this.#applier.close()) return;
    this.#context.emit({
      type: 'warning',
      message: 'displaced files were left aside: the next run takes them up',
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    const bytes = this.#bytes;
    this.#batch = [];
    this.#bytes = 0;
    if (batch.length === 0) return;
    if (bytes > 0) this.#checkRoom(bytes);
    const changes: PathChange[] = [];
    for (const { directory, name, next } of batch) {
      const expected = (await this.#change(directory)).rows.get(name);
      changes.push({ directory, name, expected, next });
    }
    const applied = await this.#applier.apply(changes);
    await this.#recordEdits(await this.#applier.settle());
    for (const [at, result] of applied.entries()) {
      const wanted = batch[at] as Wanted;
      if (result.status === 'applied') await this.#note(wanted, changes[at]?.expected, result);
      else this.#failed(wanted, result);
    }
    await this.#pending.commit();
    for (const { directory, name } of batch) this.#made.delete(join(directory, name));
    this.#applier.drop();
  }

  /** Before anything of a batch is written, not when the disk is full and other programs fail too. */
  #checkRoom(bytes: number): void {
    const path = this.#folder.state.path as string;
    if (this.#fileSystem.freeBytes(path) - bytes >= KEPT_FREE_BYTES) return;
    throw new VaultError('VAULT_NO_SPACE', `too little room is left at ${JSON.stringify(path)}`, {
      hint: 'make room: the working copy is brought in step from there on',
      details: { path },
    });
  }

  async #note(
    { directory, name, next, version }: Wanted,
    before: SeenEntry | undefined,
    { stat }: Extract<Applied, { status: 'applied' }>,
  ): Promise<void> {
    const local = join(directory, name);
    const path = this.#folder.aliases.toPath(local);
    const { rows } = await this.#change(directory);
    const isRemoved = next === 'absent' || stat === undefined;
    if (before?.kind === 'directory' && next !== 'directory') {
      this.#pending.forget(await this.#change(local));
    }
    const change = isRemoved ? 'removed' : before === undefined ? 'added' : 'changed';
    this.#counts[change]++;
    const kind = isRemoved ? before?.kind : next === 'directory' ? 'directory' : version?.kind;
    this.#context.emit({ type: 'item', item: { type: 'change', change, path, kind } });
    if (isRemoved) {
      rows.delete(name);
      return;
    }
    const known =
      version === undefined || version.kind === 'deletion'
        ? await formerVersion(this.#folder.log, path)
        : nameOf(version);
    if (known === undefined) {
      rows.delete(name);
      return;
    }
    // Nothing of it is recorded any more, and what the log says of an earlier one does not hold for it.
    if (this.#made.has(local)) await this.#change(local);
    rows.set(name, {
      ...seenStat(stat, true),
      kind: version === undefined || version.kind === 'deletion' ? 'directory' : version.kind,
      digest: version?.digest ?? NO_DIGEST,
      version: known,
    });
  }

  #failed({ directory, name }: Wanted, result: Exclude<Applied, { status: 'applied' }>): void {
    const path = this.#folder.aliases.toPath(join(directory, name));
    const emit = (message: string): void => this.#context.emit({ type: 'warning', path, message });
    if (result.status === 'refused') {
      this.refused++;
      if (!this.#isLast) return;
      this.#counts.skipped++;
      emit(`left as it is: ${result.why}`);
    } else if (result.status === 'failed' && REFUSED_NAME.has(result.code) && !this.#isLast) {
      this.#naming.refuse(directory, name);
      this.refused++;
    } else {
      this.#counts.errors++;
      emit(result.status === 'damaged' ? result.message : `cannot be changed: ${result.code}`);
    }
  }

  #recordEdits(edits: readonly LocalEdit[]): Promise<void> {
    return recordSlippedEdits(edits, {
      pending: this.#pending,
      directory: (path) => this.#change(path),
      currentOf: this.#currentOf,
      onEdit: (local) => {
        this.refused++;
        const path = this.#folder.aliases.toPath(local);
        const message = 'was edited meanwhile: that is recorded, too';
        this.#context.emit({ type: 'warning', path, message });
      },
    });
  }

  async #change(path: string): Promise<DirectoryChange> {
    const known = this.#pending.find(path);
    if (known !== undefined) return known;
    return this.#pending.change(path, await this.seen(path));
  }
}
