/** `resolve`: closes a conflict by saying what of it is kept; nothing of the rest leaves history. */

import { VaultError } from '../errors.ts';
import { directoryOf, lastName } from '../folder-path.ts';
import { PendingChanges } from '../folder/pending-changes.ts';
import type { SeenEntry } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { TreeEntry } from '../log/folder-tree.ts';
import type { UnnamedVersion } from '../log/log-writer.ts';
import type { Parent, VersionKind } from '../log/types.ts';
import { nameOf, versionId } from '../log/version-name.ts';
import type { ResolveOptions, ResolveResult } from './change-options.ts';
import type { OperationContext } from './operation.ts';
import { ApplyRun, type WantedPath, type WantedState } from './apply-run.ts';
import { checkPresence } from './content-presence.ts';
import { parentsOnTop } from './edit-parents.ts';
import { valueSource } from './look.ts';
import { conflictAt, type OpenConflict } from './open-conflicts.ts';
import { pathInFolder } from './path-in-folder.ts';
import { intoFolder, recordWorkingCopy } from './record-working-copy.ts';
import { recoverApply } from './recover-apply.ts';
import { Rehearsal } from './rehearsal.ts';
import { throwIfFull } from './restore-run.ts';
import { changingFolder, folderOfPaths, withIndex, type Session } from './session.ts';

/**
 * Keeps what is shown, or one of the versions at the path of the conflict, and deletes the copies; or
 * keeps `both`: each copy becomes a file of its own, and nothing on disk changes. What lies in the working copy
 * is recorded first; a path that changes meanwhile is left as it is, and its part of the conflict stays
 * open. Throws `VAULT_NOT_FOUND` where there is no conflict or no such version in it, `VAULT_USAGE` where
 * several fit, `VAULT_REFUSED` where a file is to take the place of a directory, and as reading does
 * where a content that is wanted is not here: then nothing was changed.
 */
export async function resolve(
  session: Session,
  options: ResolveOptions,
  context: OperationContext,
): Promise<ResolveResult> {
  const listed = folderOfPaths(session, { ...options, paths: [options.path] });
  return changingFolder(session, listed, async (folder) => {
    try {
      return await withIndex(
        folder,
        () => new Resolution(session, folder, options, context).run(),
        (message) => context.emit({ type: 'warning', message }),
      );
    } catch (error) {
      throwIfFull(error, folder.state.path ?? '');
      throw error;
    }
  });
}

/** What is to be written: first at the path of the conflict, then at those of its copies. */
interface Plan {
  readonly kept: readonly TreeEntry[];
  /** Paths that hold what is kept from then on. */
  readonly paths: readonly string[];
  readonly first: readonly WantedPath[];
  readonly after: readonly WantedPath[];
  /** Copies that become files of their own, with the content they have. */
  readonly saved: readonly WantedPath[];
}

type Counts = Pick<ResolveResult, 'recorded' | 'changed' | 'removed' | 'skipped' | 'errors'>;

class Resolution {
  readonly #session: Session;
  readonly #folder: OpenFolder;
  readonly #options: ResolveOptions;
  readonly #context: OperationContext;
  readonly #counts: { -readonly [K in keyof Counts]: Counts[K] } = {
    recorded: 0,
    changed: 0,
    removed: 0,
    skipped: 0,
    errors: 0,
  };

  constructor(
    session: Session,
    folder: OpenFolder,
    options: ResolveOptions,
    context: OperationContext,
  ) {
    this.#session = session;
    this.#folder = folder;
    this.#options = options;
    this.#context = context;
  }

  async run(): Promise<ResolveResult> {
    const { clock } = this.#session.environment;
    const startedMs = clock.monotonicMs();
    const { cwd, path: typed } = this.#options;
    const path = pathInFolder(this.#session, this.#folder, typed, cwd);
    const isEdited = await this.#record();
    const found = await conflictAt(this.#folder.log, path);
    const conflict = found && withoutEdited(found, isEdited);
    if (conflict === undefined) {
      throw new VaultError('VAULT_NOT_FOUND', `there is no conflict at ${JSON.stringify(path)}`, {
        hint: 'list what is open with: vault conflicts',
      });
    }
    const plan = await this.#plan(conflict, isEdited(conflict.path));
    if (this.#options.dryRun === true) this.#rehearse(plan);
    else if (this.#folder.state.path === undefined) await this.#write(plan);
    else await this.#apply(plan);
    return {
      folder: this.#folder.id,
      path: conflict.path,
      kept: plan.kept.flatMap(({ version }) => (version ? [versionId(nameOf(version))] : [])),
      paths: plan.paths,
      ...this.#counts,
      seconds: (clock.monotonicMs() - startedMs) / 1000,
    };
  }

  /** Records the working copy; tells whether a path was edited since, which in a dry run is not written. */
  async #record(): Promise<(path: string) => boolean> {
    const folder = this.#folder;
    if (folder.state.path === undefined) return () => false;
    const options = { phase: `resolve ${folder.name}`, yes: this.#options.yes === true };
    if (this.#options.dryRun === true) {
      const rehearsal = new Rehearsal(folder);
      await recordWorkingCopy(this.#session, folder, rehearsal, options, this.#context);
      this.#counts.recorded = rehearsal.versions.length;
      const written = new Set(rehearsal.versions.map((version) => version.path));
      return (path) => written.has(path);
    }
    await recoverApply(this.#session, folder, this.#context);
    const place = intoFolder(folder);
    const counted: typeof place = {
      ...place,
      stage: (versions) => {
        this.#counts.recorded += versions.length;
        return place.stage(versions);
      },
    };
    await recordWorkingCopy(this.#session, folder, counted, options, this.#context);
    return () => false;
  }

  async #plan(conflict: OpenConflict, isShownEdited: boolean): Promise<Plan> {
    const { path, shown, copies } = conflict;
    const { keep } = this.#options;
    if (keep === 'both') {
      const saved: WantedPath[] = [];
      for (const copy of copies) {
        saved.push({ path: copy.path, wanted: await this.#stateOf(copy), parents: namesOf(copy) });
      }
      const all = [shown, ...copies];
      return { kept: all, paths: all.map((one) => one.path), first: [], after: [], saved };
    }
    const after = copies.map((copy): WantedPath => {
      return { path: copy.path, wanted: { kind: 'absent' }, parents: namesOf(copy) };
    });
    const kept = keep === 'shown' ? shown : chosen(conflict, keep, isShownEdited);
    if (kept === shown) return { kept: [shown], paths: [path], first: [], after, saved: [] };
    if (shown.kind === 'directory') {
      throw new VaultError('VAULT_REFUSED', `a directory stands at ${JSON.stringify(path)}`, {
        hint: 'keep what is shown, or both; or remove the directory first',
      });
    }
    const wanted = await this.#stateOf(kept);
    if ('body' in wanted && wanted.body.manifest !== undefined) {
      const values = await valueSource(this.#folder);
      await checkPresence(wanted.body.manifest, this.#folder.store, values);
    }
    const parents = [shown, ...copies].flatMap(namesOf);
    return { kept: [kept], paths: [path], first: [{ path, wanted, parents }], after, saved: [] };
  }

  async #stateOf({ version }: TreeEntry): Promise<WantedState> {
    if (version === undefined || (version.kind !== 'file' && version.kind !== 'symlink')) {
      throw new TypeError(`expected a file or symlink, got ${version?.kind ?? 'no version'}`);
    }
    const { kind, digest } = version;
    return { kind, digest, body: await this.#folder.log.body(version) };
  }

  #rehearse({ first, after }: Plan): void {
    for (const one of [...first, ...after]) this.#tell(one);
  }

  /** Where there is no working copy, all of it in one commit. */
  async #write({ first, after, saved }: Plan): Promise<void> {
    const { log } = this.#folder;
    const versions: UnnamedVersion[] = [];
    for (const { path, wanted, parents = [] } of [...first, ...after, ...saved]) {
      const kind: VersionKind = wanted.kind === 'absent' ? 'deletion' : wanted.kind;
      const digest = 'digest' in wanted ? wanted.digest : new Uint8Array(0);
      const body = 'body' in wanted ? wanted.body : undefined;
      const link = { path, kind, digest, parents: await parentsOnTop(log, path, parents) };
      versions.push({ link, body });
    }
    await log.append({ versions });
    for (const one of [...first, ...after]) this.#tell(one);
  }

  /** The copies go only when what is kept stands at the path. */
  async #apply({ first, after, saved }: Plan): Promise<void> {
    await this.#save(saved);
    const isPlaced = await this.#applyAll(first);
    if (isPlaced) await this.#applyAll(after);
    this.#context.signal.throwIfAborted();
  }

  /** As versions at their own paths. */
  async #save(saved: readonly WantedPath[]): Promise<void> {
    if (saved.length === 0) return;
    const pending = new PendingChanges(intoFolder(this.#folder));
    for (const { path: meant, wanted, parents = [] } of saved) {
      const path = this.#folder.aliases.toLocal(meant);
      if (!('body' in wanted)) continue;
      const { kind, digest, body } = wanted;
      const at = directoryOf(path);
      const name = lastName(path);
      const rows = (await this.#folder.seen(at)) ?? new Map<string, SeenEntry>();
      const row = rows.get(name);
      const directory = pending.find(at) ?? pending.change(at, rows);
      // A copy that has not come to the disk yet comes as the file that it is now.
      pending.add({ path, kind, parents, digest, body, directory, name, seen: row });
    }
    await pending.commit();
  }

  /** Whether all were done. */
  async #applyAll(wanted: readonly WantedPath[]): Promise<boolean> {
    if (wanted.length === 0) return true;
    let done = 0;
    const failed = (count: 'skipped' | 'errors', path: string, message: string): void => {
      this.#counts[count]++;
      this.#context.emit({ type: 'warning', path, message });
    };
    const run = new ApplyRun(this.#session, this.#folder, this.#context.signal, {
      onBegin: () => Promise.resolve(),
      onApplied: (one) => {
        done++;
        this.#tell(one);
      },
      onNotApplied: (path, result) => {
        if (result.status === 'refused') failed('skipped', path, `left as it is: ${result.why}`);
        else if (result.status === 'damaged') failed('errors', path, result.message);
        else failed('errors', path, `cannot be changed: ${result.code}`);
      },
      onEdit: (path) => {
        this.#counts.recorded++;
        const message = 'was edited meanwhile: that is recorded, too';
        this.#context.emit({ type: 'warning', path, message });
      },
    });
    try {
      for (const one of wanted) await run.add(one);
      await run.finish();
    } finally {
      if (run.close()) {
        const message = 'displaced files were left aside: the next run takes them up';
        this.#context.emit({ type: 'warning', message });
      }
    }
    return done === wanted.length;
  }

  #tell({ path, wanted }: WantedPath): void {
    const change = wanted.kind === 'absent' ? 'removed' : 'changed';
    this.#counts[change]++;
    const kind = wanted.kind === 'absent' ? 'file' : wanted.kind;
    this.#context.emit({ type: 'item', item: { type: 'change', change, path, kind } });
  }
}

/** What a recording will leave of the conflict: an edited copy is a file of its own. */
function withoutEdited(
  conflict: OpenConflict,
  isEdited: (path: string) => boolean,
): OpenConflict | undefined {
  const copies = conflict.copies.filter((copy) => !isEdited(copy.path));
  return copies.length === 0 ? undefined : { ...conflict, copies };
}

function chosen(
  { path, shown, copies }: OpenConflict,
  id: string,
  isShownEdited: boolean,
): TreeEntry {
  const fitting = [...(isShownEdited ? [] : [shown]), ...copies].filter(({ behind }) =>
    behind.some((link) => versionId(nameOf(link)).startsWith(id)),
  );
  const [only, ...others] = /^[0-9a-f]{4,64}$/.test(id) ? fitting : [];
  if (only === undefined) {
    throw new VaultError(
      'VAULT_NOT_FOUND',
      `${JSON.stringify(id)} is no version that claims ${JSON.stringify(path)} now`,
      { hint: 'give shown, both, or an id as listed by: vault conflicts' },
    );
  }
  if (others.length > 0) {
    throw new VaultError('VAULT_USAGE', `several versions have an id that begins with ${id}`, {
      hint: 'give more of its digits',
    });
  }
  return only;
}

function namesOf({ behind }: TreeEntry): Parent[] {
  return behind.map(nameOf);
}
