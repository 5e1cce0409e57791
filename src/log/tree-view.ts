/**
 * The visible folder, one directory at a time, as of any moment: reads only the links of the
 * directories that are asked for.
 */

import { isVaultError, type VaultError } from '../errors.ts';
import { VersionGraph } from './current-versions.ts';
import { directoryOf, foldDirectory, type CopyNaming, type TreeEntry } from './folder-tree.ts';
import type { FolderLog } from './folder-log.ts';
import { recordType } from './record-types.ts';
import type { Dot, NamedLink } from './types.ts';
import { versionId } from './version-name.ts';

/** Whether a link counts: all of them, or those that existed at a moment. */
export type Moment = (link: NamedLink) => boolean;

export interface ListedDirectory {
  /** In order of path. */
  readonly entries: readonly TreeEntry[];
  /** Versions of this directory that cannot be read: what they say is missing from the entries. */
  readonly damage: readonly { readonly dot: Dot; readonly error: VaultError }[];
}

export class TreeView {
  readonly #log: FolderLog;
  readonly #moment: Moment;
  readonly #naming: CopyNaming;

  private constructor(log: FolderLog, moment: Moment, naming: CopyNaming) {
    this.#log = log;
    this.#moment = moment;
    this.#naming = naming;
  }

  /** A view as of `moment`. */
  static async open(log: FolderLog, moment: Moment): Promise<TreeView> {
    const names = new Map<string, string>();
    for await (const { dot, record } of log.records(recordType.logStart)) {
      if (record.type === 'log-start') names.set(dot.log, record.nodeName);
    }
    return new TreeView(log, moment, {
      nodeName: (id) => names.get(id) ?? 'unknown',
      versionId,
    });
  }

  /** What a directory shows; undefined where there never was one. `VAULT_DAMAGED` as `linksIn` throws it. */
  async list(directory: string): Promise<ListedDirectory | undefined> {
    const known = await this.#log.linksIn(directory);
    if (known === undefined) return undefined;
    const graph = new VersionGraph();
    const former: string[] = [];
    for (const [path, links] of known.paths) {
      let wasDirectory = false;
      let isDirectory = false;
      for (const link of links) {
        if (!this.#moment(link)) continue;
        graph.add(link);
        if (link.path === path) {
          isDirectory = link.kind === 'directory';
          wasDirectory ||= isDirectory;
        }
      }
      if (wasDirectory && !isDirectory) former.push(path);
    }
    const living: string[] = [];
    for (const path of former) {
      if (await this.#isLiving(path))
        living.push(path.slice(directory === '' ? 0 : directory.length + 1));
    }
    const tree = foldDirectory(graph, directory, living, this.#naming);
    return { entries: [...tree.entries.values()], damage: known.damage };
  }

  /** What is shown at a path; undefined where nothing is. */
  async find(path: string): Promise<TreeEntry | undefined> {
    const listed = await this.list(directoryOf(path));
    const found = listed?.entries.find((entry) => entry.path === path);
    const unread = listed?.damage[0];
    if (found === undefined && unread !== undefined) throw unread.error;
    return found;
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
