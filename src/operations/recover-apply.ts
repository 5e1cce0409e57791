/** Takes up what a revert that was cut short has left aside: put back, or found to be stored. */

import { equalBytes } from '../bytes.ts';
import { DisplacedFiles, type LocalEdit } from '../folder/displaced-files.ts';
import { moveInto } from '../folder/replace-name.ts';
import { contentPieces } from '../folder/content-pieces.ts';
import { seenStat } from '../folder/seen-stat.ts';
import { StagingArea } from '../folder/staging-area.ts';
import { isTorn } from '../folder/torn-content.ts';
import type { SeenEntry } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { NamedLink } from '../log/types.ts';
import { isLoss, isVaultError, systemCode } from '../errors.ts';
import { directoryOf, lastName } from '../folder-path.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { OperationContext } from './operation.ts';
import { valueSource } from './look.ts';
import { currentVersions } from './record-working-copy.ts';
import type { Session } from './session.ts';

/**
 * Each file that lies aside goes back to its place where that is free and the log does not say that it
 * was to go; else its content is made sure to be stored, as a version of its path, and it is dropped. To
 * be called before a working copy is recorded: what lies aside would look deleted. Idempotent.
 */
export async function recoverApply(
  session: Session,
  folder: OpenFolder,
  context: OperationContext,
): Promise<void> {
  const { fileSystem } = session.environment;
  const root = folder.state.path ?? folder.state.lockedAt;
  if (root === undefined || !StagingArea.isThere(fileSystem, root)) return;
  const area = StagingArea.open(fileSystem, root);
  try {
    await new Recovery(session, folder, context, area, root).run();
  } finally {
    area.close();
  }
}

class Recovery {
  readonly #folder: OpenFolder;
  readonly #root: string;
  readonly #context: OperationContext;
  readonly #area: StagingArea;
  readonly #fileSystem: FileSystem;
  readonly #displaced: DisplacedFiles;

  constructor(
    session: Session,
    folder: OpenFolder,
    context: OperationContext,
    area: StagingArea,
    root: string,
  ) {
    this.#root = root;
    const { fileSystem, pool, clock } = session.environment;
    this.#folder = folder;
    this.#context = context;
    this.#area = area;
    this.#fileSystem = fileSystem;
    const { store, secrets, keys } = folder;
    const { digestKey, idKey } = keys;
    const { signal } = context;
    this.#displaced = new DisplacedFiles({
      fileSystem,
      store,
      pool,
      secrets,
      clock,
      signal,
      digestKey,
      idKey,
    });
  }

  async run(): Promise<void> {
    const all = [...this.#area.displaced()];
    const contents = new Map<string, LocalEdit>();
    const found = all.map((displaced) => ({ displaced, expected: undefined }));
    for (const one of await this.#displaced.editsAmong(found)) {
      contents.set(one.displaced.file, one);
    }
    for (const displaced of all) {
      const content = contents.get(displaced.file);
      if (this.#fileSystem.statIfPresent(displaced.file) === undefined)
        this.#area.forget(displaced.file);
      else if (content === undefined) this.#putBack(displaced);
      else if (await this.#isDone(content)) this.#area.forget(displaced.file);
      else if (!this.#putBack(displaced)) await this.#record(content);
    }
    // What was read and is not recorded must not come along with a later commit as if it were.
    await this.#folder.store.commit({});
  }

  /**
   * Whether its content is a version of its path, or what a power cut left of one, and the path is not to
   * have that version without having it.
   */
  async #isDone(edit: LocalEdit): Promise<boolean> {
    const { path } = edit.displaced;
    const { log, aliases } = this.#folder;
    const meant = aliases.toPath(path);
    const links = await log.linksOf(meant);
    const stored = await this.#storedAs(
      edit,
      links.filter((link) => link.path === meant && link.kind === edit.kind),
    );
    if (stored === undefined) return false;
    const row = (await this.#folder.seen(directoryOf(path)))?.get(lastName(path));
    const isCurrent = row?.kind === stored.kind && equalBytes(row.digest, stored.digest);
    return !isCurrent || this.#isThere(path);
  }

  async #storedAs(edit: LocalEdit, links: readonly NamedLink[]): Promise<NamedLink | undefined> {
    const same = links.find(({ digest }) => equalBytes(digest, edit.digest));
    if (same !== undefined || edit.kind !== 'file') return same;
    for (const link of links.toReversed()) if (await this.#isTornFrom(link, edit)) return link;
    return undefined;
  }

  /** Whether nobody wrote to it since that version, and it has lost what was never synced. */
  async #isTornFrom(link: NamedLink, { displaced, body }: LocalEdit): Promise<boolean> {
    try {
      const { manifest, mtimeNs } = await this.#folder.log.body(link);
      if (manifest === undefined || mtimeNs !== body.mtimeNs) return false;
      const found = this.#fileSystem.open(displaced.file, { mode: 'read' });
      try {
        return await isTorn(found, contentPieces(manifest, await valueSource(this.#folder)));
      } finally {
        found.close();
      }
    } catch (error) {
      // What cannot be compared is kept.
      if (!isLoss(error) && !isVaultError(error, 'VAULT_EXPIRED')) throw error;
      return false;
    }
  }

  #isThere(path: string): boolean {
    return this.#fileSystem.statIfPresent(`${this.#root}/${path}`) !== undefined;
  }

  /** False where something else is there by now. */
  #putBack({ path, file }: { readonly path: string; readonly file: string }): boolean {
    try {
      const held = this.#area.make(directoryOf(path));
      try {
        moveInto(this.#fileSystem, file, `${held.path}/${lastName(path)}`);
      } finally {
        held.close();
      }
    } catch (error) {
      const code = systemCode(error);
      if (code !== 'EEXIST' && code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
      this.#context.emit({
        type: 'warning',
        path,
        message: 'lies aside since a run was cut short, and its place is taken',
      });
      return false;
    }
    this.#area.forget(file);
    return true;
  }

  /** As an edit of what was there before; what is there now is an edit of it, for the next recording to find. */
  async #record({ displaced, kind, body, digest, stat }: LocalEdit): Promise<void> {
    const { path, file } = displaced;
    const { log, workingCopy, aliases } = this.#folder;
    const directory = directoryOf(path);
    const rows = (await this.#folder.seen(directory)) ?? new Map<string, SeenEntry>();
    const row = rows.get(lastName(path));
    const isContent = row !== undefined && row.kind !== 'directory';
    const parents = isContent ? [row.version] : await currentVersions(this.#folder)(path);
    await log.append({
      versions: [{ link: { path: aliases.toPath(path), kind, parents, digest }, body }],
      rows: ([version]) => {
        if (version === undefined || (row !== undefined && !isContent)) return [];
        const next = new Map(rows);
        // The stat of the one aside, which the one in place does not have: it will be read.
        next.set(lastName(path), { ...seenStat(stat, true), kind, digest, version });
        return workingCopy.rows(directory, next, rows.size);
      },
    });
    this.#area.forget(file);
  }
}
