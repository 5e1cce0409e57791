/**
 * Versions → working copy: brings it to what the logs of all nodes show. What lies in it is recorded
 * first, so that no byte is overwritten that is not stored; a path that changes meanwhile is left, and
 * recorded and compared once more. Writes no versions but those of edits that slipped in.
 */

import { equalBytes } from '../bytes.ts';
import { ChangeApplier, type Applied, type PathChange } from '../folder/change-applier.ts';
import type { LocalEdit } from '../folder/displaced-files.ts';
import { PendingChanges, type DirectoryChange } from '../folder/pending-changes.ts';
import { seenStat } from '../folder/seen-stat.ts';
import type { SeenEntry, SeenNames } from '../folder/working-copy-row.ts';
import { isLoss, isVaultError, VaultError } from '../errors.ts';
import { directoryOf, join, lastName } from '../folder-path.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { TreeEntry } from '../log/folder-tree.ts';
import { probeAbilities } from '../system/file-system-abilities.ts';
import { TreeView } from '../log/tree-view.ts';
import type { Body, NamedLink, Parent } from '../log/types.ts';
import { nameOf } from '../log/version-name.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { OperationContext } from './operation.ts';
import { checkPresence } from './content-presence.ts';
import { formerVersion } from './edit-parents.ts';
import { valueSource } from './look.ts';
import { LocalNaming } from './local-naming.ts';
import { currentVersions, intoFolder, recordWorkingCopy } from './record-working-copy.ts';
import { recoverApply } from './recover-apply.ts';
import type { Session } from './session.ts';
import { answerValues } from './values.ts';

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

export interface InStepOptions {
  /** Go on where a safety rule stopped. */
  readonly yes: boolean;
}

/** Versions and rows in one commit, and bytes of content made ready at once. */
const BATCH = 512;
const BATCH_BYTES = 256 * 1024 * 1024;
/** How often what refused to be replaced is recorded and tried again. */
const ROUNDS = 3;
/** Room on the disk of the working copy that contents from elsewhere leave to others. */
const KEPT_FREE_BYTES = 16 * 1024 * 1024;
const NO_DIGEST = new Uint8Array(0);
/** What systems answer to a name that they cannot hold. */
const REFUSED_NAME = new Set(['EINVAL', 'EILSEQ', 'ENAMETOOLONG']);

/**
 * Records the working copy and brings it in step. Throws what recording throws: where its root is gone,
 * emptied or another, nothing is applied either; and `VAULT_NO_SPACE` before the disk is full. After any failure the folder is to be released.
 */
export async function bringInStep(
  session: Session,
  folder: OpenFolder,
  options: InStepOptions,
  context: OperationContext,
): Promise<InStepCounts> {
  if (folder.state.path === undefined) {
    throw new VaultError('VAULT_USAGE', `the folder ${folder.name} has no working copy here`);
  }
  const counts = { added: 0, changed: 0, removed: 0, behind: 0, skipped: 0, errors: 0 };
  await folder.renewLogIfNeeded();
  await recoverApply(session, folder, context);
  const { fileSystem, random } = session.environment;
  const root = folder.state.path;
  const naming = new LocalNaming(folder, () => probeAbilities(fileSystem, root, random));
  for (let round = 1; ; round++) {
    const recording = { phase: `record ${folder.name}`, yes: options.yes };
    await recordWorkingCopy(session, folder, intoFolder(folder), recording, context);
    const run = new InStepRun(session, folder, context, {
      counts,
      naming,
      isLast: round === ROUNDS,
    });
    try {
      await run.run();
    } finally {
      run.close();
    }
    if (run.refused === 0 || round === ROUNDS) return counts;
  }
}

/** A name that is to change, or whose row is. */
interface Wanted {
  readonly directory: string;
  readonly name: string;
  readonly next: PathChange['next'];
  readonly version: NamedLink | undefined;
}

interface InStepParts {
  readonly counts: InStepCounts;
  readonly naming: LocalNaming;
  readonly isLast: boolean;
}

/** Paths are those on this disk; what is told and recorded names those of the folder. */
class InStepRun {
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
  /** Directories that this run makes: what was ever recorded of what is in them is over. */
  readonly #made = new Set<string>();

  constructor(
    session: Session,
    folder: OpenFolder,
    context: OperationContext,
    { counts, naming, isLast }: InStepParts,
  ) {
    this.#naming = naming;
    const { fileSystem, pool, clock } = session.environment;
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.#context = context;
    this.#counts = counts;
    this.#isLast = isLast;
    counts.behind = 0;
    this.#pending = new PendingChanges(intoFolder(folder));
    this.#currentOf = currentVersions(folder);
    this.#applier = new ChangeApplier({
      fileSystem,
      root: folder.state.path as string,
      store: folder.store,
      pool,
      secrets: folder.secrets,
      clock,
      signal: context.signal,
      digestKey: folder.keys.digestKey,
      answer: (question) => answerValues(folder.store, question),
    });
  }

  async run(): Promise<void> {
    const always = { includes: () => true, mayInclude: () => true };
    const view = await TreeView.open(this.#folder.log, always);
    await this.#directory(view, '', true);
    await this.#flush();
    for (const wanted of this.#late.toReversed()) {
      this.#batch.push(wanted);
      // Each may hold the one before.
      if (this.#batch.length >= BATCH) await this.#flush();
    }
    await this.#flush();
    await this.#pending.commit();
  }

  close(): void {
    if (!this.#applier.close()) return;
    this.#context.emit({
      type: 'warning',
      message: 'displaced files were left aside: the next run takes them up',
    });
  }

  /** `isShown`: else all of it is to go. */
  async #directory(view: TreeView, path: string, isShown: boolean): Promise<void> {
    this.#context.signal.throwIfAborted();
    const { aliases } = this.#folder;
    const listed = isShown ? await view.list(aliases.toPath(path)) : undefined;
    const rows = await this.#seen(path);
    const damaged = new Set((listed?.damage ?? []).map((one) => one.path));
    const below: { readonly path: string; readonly isShown: boolean }[] = [];
    const shown = await this.#naming.names(path, listed?.entries ?? [], rows);
    const first = new Set(isWhole(listed) ? this.#naming.inTheWay(shown, rows) : []);
    for (const name of first) {
      const next = { directory: path, name, next: 'absent', version: undefined } as const;
      if (rows.get(name)?.kind === 'directory') first.delete(name);
      else await this.#add(next, rows.get(name));
    }
    for (const [name, entry] of shown) {
      const row = rows.get(name);
      await this.#entry(path, name, entry, row);
      if (entry.kind === 'directory') below.push({ path: join(path, name), isShown: true });
      else if (row?.kind === 'directory') below.push({ path: join(path, name), isShown: false });
    }
    for (const [name, row] of rows) {
      const at = join(path, name);
      // What cannot be told any more is left as it is.
      if (
        shown.has(name) ||
        first.has(name) ||
        damaged.has(aliases.toPath(at)) ||
        damaged.has(undefined)
      )
        continue;
      if (row.kind === 'directory') below.push({ path: at, isShown: false });
      await this.#add({ directory: path, name, next: 'absent', version: undefined }, row);
    }
    for (const one of below) await this.#directory(view, one.path, one.isShown);
  }

  async #entry(
    directory: string,
    name: string,
    { kind, version }: TreeEntry,
    row: SeenEntry | undefined,
  ): Promise<void> {
    if (kind === 'directory') {
      if (row?.kind !== 'directory') {
        this.#made.add(join(directory, name));
        await this.#add({ directory, name, next: 'directory', version }, row);
      } else if (version !== undefined && !isVersion(row, version)) {
        await this.#rename(directory, name, row, version);
      }
      return;
    }
    if (version === undefined || (row?.kind === kind && isVersion(row, version))) return;
    if (row?.kind === kind && equalBytes(row.digest, version.digest)) {
      await this.#rename(directory, name, row, version);
      return;
    }
    const body = await this.#bodyIfHere(version);
    if (body === undefined) {
      this.#counts.behind++;
      return;
    }
    await this.#add({ directory, name, next: body, version }, row);
  }

  /** The same content by another version: only the row changes. */
  async #rename(
    directory: string,
    name: string,
    row: SeenEntry,
    version: NamedLink,
  ): Promise<void> {
    const { rows } = await this.#change(directory);
    rows.set(name, { ...row, version: nameOf(version) });
    if (this.#pending.isLarge) await this.#pending.commit();
  }

  async #bodyIfHere(version: NamedLink): Promise<Body | undefined> {
    try {
      const body = await this.#folder.log.body(version);
      const values = await valueSource(this.#folder);
      if (body.manifest !== undefined) {
        await checkPresence(body.manifest, this.#folder.store, values);
      }
      return body;
    } catch (error) {
      if (!isLoss(error) && !isVaultError(error, 'VAULT_EXPIRED')) throw error;
      return undefined;
    }
  }

  async #add(wanted: Wanted, row: SeenEntry | undefined): Promise<void> {
    if (row?.kind === 'directory' && wanted.next !== 'directory') {
      this.#late.push(wanted);
      return;
    }
    this.#batch.push(wanted);
    if (typeof wanted.next === 'object') this.#bytes += wanted.next.manifest?.size ?? 0;
    if (this.#batch.length >= BATCH || this.#bytes >= BATCH_BYTES) await this.#flush();
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

  /** As versions beside what took their place: their author had not seen it. */
  async #recordEdits(edits: readonly LocalEdit[]): Promise<void> {
    for (const { displaced, kind, body, digest, stat } of edits) {
      const { path } = displaced;
      const directory = await this.#change(directoryOf(path));
      const before = directory.rows.get(lastName(path));
      this.#pending.add({
        path,
        kind,
        parents: before === undefined ? await this.#currentOf(path) : [before.version],
        digest,
        body,
        directory,
        name: lastName(path),
        seen: { ...seenStat(stat, true), kind, digest },
      });
      this.refused++;
      this.#context.emit({
        type: 'warning',
        path,
        message: 'was edited meanwhile: that is recorded, too',
      });
    }
    if (edits.length > 0) await this.#pending.commit();
  }

  async #change(path: string): Promise<DirectoryChange> {
    const known = this.#pending.find(path);
    if (known !== undefined) return known;
    return this.#pending.change(path, await this.#seen(path));
  }

  async #seen(path: string): Promise<SeenNames> {
    const known = this.#made.has(path) ? undefined : await this.#folder.seen(path);
    return known ?? new Map<string, SeenEntry>();
  }
}

function isVersion({ version }: SeenEntry, link: NamedLink): boolean {
  const { dot, hash8 } = link;
  return (
    version.log === dot.log &&
    version.seq === dot.seq &&
    version.index === dot.index &&
    equalBytes(version.hash8, hash8)
  );
}

function isWhole(listed: { readonly damage: readonly unknown[] } | undefined): boolean {
  return listed?.damage.length === 0;
}
