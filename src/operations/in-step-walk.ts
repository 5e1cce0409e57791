/** The folder as the logs show it, compared with what is recorded of the working copy. */

import { equalBytes } from '../bytes.ts';
import { isLoss, isVaultError } from '../errors.ts';
import { directoryOf, join, lastName } from '../folder-path.ts';
import type { SeenEntry } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { TreeEntry } from '../log/folder-tree.ts';
import type { TreeView } from '../log/tree-view.ts';
import type { Body, NamedLink } from '../log/types.ts';
import { isNamed } from '../log/version-name.ts';
import { checkPresence } from './content-presence.ts';
import { presentView } from './edit-parents.ts';
import type { InStepChanges, InStepCounts } from './in-step-changes.ts';
import type { LocalNaming } from './local-naming.ts';
import { valueSource } from './look.ts';

export interface InStepWalkParts {
  readonly folder: OpenFolder;
  readonly signal: AbortSignal;
  readonly naming: LocalNaming;
  readonly counts: Pick<InStepCounts, 'behind'>;
  /** Only these directories of the folder are compared, and what lies below those that come or go. */
  readonly directories?: ReadonlySet<string>;
  readonly onBehind?: (path: string) => void;
  /** Takes what differs. */
  readonly changes: Pick<InStepChanges, 'add' | 'rename' | 'seen'>;
}

/** Hands all that differs to `changes`, and counts anew what has not come yet. */
export async function compareInStep(parts: InStepWalkParts): Promise<void> {
  parts.counts.behind = 0;
  const walk = new InStepWalk(parts, await presentView(parts.folder.log));
  if (parts.directories === undefined) await walk.directory('', true);
  else await walk.only(parts.directories);
}

/** Paths are those on this disk. */
class InStepWalk {
  readonly #folder: OpenFolder;
  readonly #signal: AbortSignal;
  readonly #naming: LocalNaming;
  readonly #counts: InStepWalkParts['counts'];
  readonly #changes: InStepWalkParts['changes'];
  readonly #view: TreeView;
  readonly #onBehind: (path: string) => void;
  /** Those that were compared, where not all are to be. */
  #done: Set<string> | undefined;

  constructor(
    { folder, signal, naming, counts, changes, onBehind }: InStepWalkParts,
    view: TreeView,
  ) {
    this.#onBehind = onBehind ?? (() => undefined);
    this.#folder = folder;
    this.#signal = signal;
    this.#naming = naming;
    this.#counts = counts;
    this.#changes = changes;
    this.#view = view;
  }

  /** Compares these directories of the folder, and those above them where one of them comes or goes. */
  async only(directories: Iterable<string>): Promise<void> {
    const { aliases } = this.#folder;
    const wanted = new Set<string>();
    for (const directory of directories) {
      for (let at = directory; !wanted.has(at); at = directoryOf(at)) {
        wanted.add(at);
        if (at === '' || (await this.#stays(at))) break;
      }
    }
    this.#done = new Set();
    for (const path of [...wanted].sort()) {
      const local = aliases.toLocal(path);
      if (!this.#done.has(local)) await this.directory(local, true);
    }
  }

  /** Whether a directory is here, and something in it is shown. */
  async #stays(path: string): Promise<boolean> {
    const local = this.#folder.aliases.toLocal(path);
    const rows = await this.#changes.seen(directoryOf(local));
    if (rows.get(lastName(local))?.kind !== 'directory') return false;
    const listed = await this.#view.list(path);
    return listed !== undefined && listed.entries.length + listed.damage.length > 0;
  }

  /** `isShown`: else all of it is to go. */
  async directory(path: string, isShown: boolean): Promise<void> {
    this.#signal.throwIfAborted();
    this.#done?.add(path);
    const { aliases } = this.#folder;
    const listed = isShown ? await this.#view.list(aliases.toPath(path)) : undefined;
    const rows = await this.#changes.seen(path);
    const damaged = new Set((listed?.damage ?? []).map((one) => one.path));
    const below: { readonly path: string; readonly isShown: boolean }[] = [];
    const shown = await this.#naming.names(path, listed?.entries ?? [], rows);
    const first = new Set(isWhole(listed) ? this.#naming.inTheWay(shown, rows) : []);
    for (const name of first) {
      const next = { directory: path, name, next: 'absent', version: undefined } as const;
      if (rows.get(name)?.kind === 'directory') first.delete(name);
      else await this.#changes.add(next, rows.get(name));
    }
    for (const [name, entry] of shown) {
      const row = rows.get(name);
      await this.#entry(path, name, entry, row);
      if (entry.kind === 'directory') {
        const isSame = this.#done !== undefined && row?.kind === 'directory';
        if (!isSame) below.push({ path: join(path, name), isShown: true });
      } else if (row?.kind === 'directory') below.push({ path: join(path, name), isShown: false });
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
      await this.#changes.add({ directory: path, name, next: 'absent', version: undefined }, row);
    }
    for (const one of below) await this.directory(one.path, one.isShown);
  }

  async #entry(
    directory: string,
    name: string,
    { kind, version }: TreeEntry,
    row: SeenEntry | undefined,
  ): Promise<void> {
    if (kind === 'directory') {
      if (row?.kind !== 'directory') {
        await this.#changes.add({ directory, name, next: 'directory', version }, row);
      } else if (version !== undefined && !isNamed(version, row.version)) {
        await this.#changes.rename(directory, name, row, version);
      }
      return;
    }
    if (version === undefined || (row?.kind === kind && isNamed(version, row.version))) return;
    if (row?.kind === kind && equalBytes(row.digest, version.digest)) {
      await this.#changes.rename(directory, name, row, version);
      return;
    }
    const body = await this.#bodyIfHere(version);
    if (body === undefined) {
      this.#counts.behind++;
      this.#onBehind(this.#folder.aliases.toPath(join(directory, name)));
      return;
    }
    await this.#changes.add({ directory, name, next: body, version }, row);
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
}

function isWhole(listed: { readonly damage: readonly unknown[] } | undefined): boolean {
  return listed?.damage.length === 0;
}
