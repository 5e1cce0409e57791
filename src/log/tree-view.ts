/**
 * The visible folder, one directory at a time, as of any moment: reads only the links of the
 * directories that are asked for.
 */

import { equalBytes } from '../bytes.ts';
import { isLoss, isVaultError, type VaultError } from '../errors.ts';
import { directoryOf } from '../folder-path.ts';
import { VersionGraph } from './current-versions.ts';
import { foldDirectory, type CopyNaming, type TreeEntry } from './folder-tree.ts';
import type { FolderLog } from './folder-log.ts';
import type { EntryName } from './lost-entries.ts';
import { moveSources } from './move-sources.ts';
import { recordType } from './record-types.ts';
import type { Dot, HybridTime, LogId, NamedLink } from './types.ts';
import { versionId } from './version-name.ts';
import { impliedDirectories, type CurrentLinks } from './directory-links.ts';
import { lostEntry, withoutDoubt } from './doubt.ts';
import { cutAtTime } from './log-cut.ts';

/** Which versions count: all of them, or those that existed at a moment. */
export interface Moment {
  includes(link: NamedLink): boolean;
  /** Whether a version of which only the name is known may be among them: exact, unless there is a `time`. */
  mayInclude(dot: EntryName): boolean;
  /** Those are meant that were made up to this time. */
  readonly time?: HybridTime;
}

/** Names that a directory may have had, of which nothing certain can be told any more. */
export interface DirectoryDamage {
  /** Undefined where the name is not known. */
  readonly path: string | undefined;
  readonly error: VaultError;
}

export interface ListedDirectory {
  /** In order of path. */
  readonly entries: readonly TreeEntry[];
  /** What is missing from the entries because versions of it cannot be read: older content is never shown instead. */
  readonly damage: readonly DirectoryDamage[];
}

export class TreeView {
  readonly #log: FolderLog;
  readonly #moment: Moment;
  readonly #naming: CopyNaming;
  /** Entries that count at the moment and of which nothing is left. */
  readonly #lost: readonly EntryName[];
  /**
   * In a folder with one log, of which nothing is lost: which versions count, by their names. Then
   * nobody edited anything without knowing of the rest, and the last versions tell all.
   */
  #isThere: ((dot: Dot) => boolean) | undefined;
  #implied: Promise<ReadonlySet<string>> | undefined;

  private constructor(
    log: FolderLog,
    moment: Moment,
    naming: CopyNaming,
    isThere: ((dot: Dot) => boolean) | undefined,
  ) {
    this.#isThere = isThere;
    this.#log = log;
    this.#moment = moment;
    this.#naming = naming;
    this.#lost = log.lostEntries.filter((entry) => moment.mayInclude(entry));
  }

  /** A view as of `moment`. With `whole` it is made from all versions, whether or not the last ones would do. */
  static async open(
    log: FolderLog,
    moment: Moment,
    { whole = false }: { readonly whole?: boolean } = {},
  ): Promise<TreeView> {
    const names = new Map<string, string>();
    // A lost one costs a name inside the names of conflict copies.
    for await (const { dot, record } of log.records(recordType.logStart, () => undefined)) {
      if (record.type === 'log-start') names.set(dot.log, record.nodeName);
    }
    const naming = { nodeName: (id: LogId) => names.get(id) ?? 'unknown', versionId };
    const isThere = whole ? undefined : await cutOf(log, moment);
    return new TreeView(log, moment, naming, isThere);
  }

  /** What a directory shows; undefined where there never was one. `VAULT_DAMAGED` as `linksIn` throws it. */
  list(directory: string): Promise<ListedDirectory | undefined> {
    return this.#list(directory);
  }

  /** With `only`, at least what it shows of that path. */
  async #list(directory: string, only?: string): Promise<ListedDirectory | undefined> {
    const current = await this.#current(directory, only);
    const known = current ?? (await this.#log.linksIn(directory));
    if (known === undefined) return undefined;
    const graph = new VersionGraph();
    const former = new Set<string>();
    const unread = (known.unread ?? []).filter(({ dot }) => this.#moment.mayInclude(dot));
    const damage: DirectoryDamage[] = unread.filter(({ path }) => path === undefined);
    for (const [path, all] of known.paths) {
      const there = all.filter((link) => this.#moment.includes(link));
      const own = unread.filter((version) => version.path === path);
      const { links, doubt } = withoutDoubt(there, own, this.#lost);
      if (doubt !== undefined) damage.push({ path, error: doubt });
      for (const link of links) graph.add(link);
      const directories = links.filter((link) => link.kind === 'directory' && link.path === path);
      const isDirectory = directories.some((link) => !isSuperseded(link, links));
      let wasDirectory = directories.length > 0;
      if (current?.changed.has(path) === true) wasDirectory = await this.#log.paths.has(path);
      if (wasDirectory && !isDirectory) former.add(path);
    }
    // Where there is one log, nobody edited what he did not know to be moved.
    const sources =
      current === undefined
        ? await moveSources(this.#log, graph.links(), (path) => known.paths.has(path))
        : [];
    for (const link of sources) if (this.#moment.includes(link)) graph.add(link);
    if (damage.length > 0 || this.#lost.length > 0) {
      for (const path of await this.#impliedIn(directory)) former.add(path);
    }
    const living: string[] = [];
    for (const path of former) {
      if (await this.#isLiving(path))
        living.push(path.slice(directory === '' ? 0 : directory.length + 1));
    }
    const tree = foldDirectory(graph, directory, living, this.#naming);
    return { entries: [...tree.entries.values()], damage };
  }

  /** What is shown at a path; undefined where nothing is. */
  async find(path: string): Promise<TreeEntry | undefined> {
    const listed = await this.#list(directoryOf(path), path);
    const found = listed?.entries.find((entry) => entry.path === path);
    if (found !== undefined) return found;
    const damage = listed?.damage ?? [];
    const own =
      damage.find((one) => one.path === path) ?? damage.find((one) => one.path === undefined);
    if (own !== undefined) throw own.error;
    if (this.#lost[0] !== undefined) throw lostEntry(this.#lost[0]);
    return undefined;
  }

  /** What cannot be told because whole entries are lost: it may concern any name. */
  get lostEntries(): readonly VaultError[] {
    return this.#lost.map(lostEntry);
  }

  /** Undefined where all versions are needed. */
  async #current(
    directory: string,
    only: string | undefined,
  ): Promise<(CurrentLinks & { unread?: never }) | undefined> {
    if (this.#isThere === undefined) return undefined;
    try {
      const found = await this.#log.currentIn(directory, this.#isThere, only);
      return found === 'unclear' ? undefined : found;
    } catch (error) {
      if (!isLoss(error)) throw error;
      // What is left is told from all that is known.
      this.#isThere = undefined;
      return undefined;
    }
  }

  async #impliedIn(directory: string): Promise<string[]> {
    this.#implied ??= impliedDirectories(this.#log);
    return [...(await this.#implied)].filter((path) => directoryOf(path) === directory);
  }

  async #isLiving(directory: string): Promise<boolean> {
    try {
      return ((await this.list(directory))?.entries.length ?? 0) > 0;
    } catch (error) {
      // Whether anything lives there cannot be told: show the directory rather than hide content.
      if (isVaultError(error)) return true;
      throw error;
    }
  }
}

/** Whether any of these names it as a parent: their order says nothing, as each node has its own. */
function isSuperseded(link: NamedLink, by: readonly NamedLink[]): boolean {
  const { log, seq, index } = link.dot;
  return by.some(({ parents }) =>
    parents.some(
      (parent) =>
        parent.log === log &&
        parent.seq === seq &&
        parent.index === index &&
        equalBytes(parent.hash8, link.hash8),
    ),
  );
}

/** Which versions count, by their names; undefined where that does not tell what is current. */
async function cutOf(log: FolderLog, moment: Moment): Promise<((dot: Dot) => boolean) | undefined> {
  const [id, ...others] = log.heads.keys();
  if (id === undefined || others.length > 0 || log.lostEntries.length > 0) return undefined;
  if (moment.time === undefined) return (dot) => moment.mayInclude(dot);
  try {
    return await cutAtTime(log, id, moment.time);
  } catch (error) {
    if (!isLoss(error)) throw error;
    return undefined;
  }
}
