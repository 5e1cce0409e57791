/** Directories that somebody hints at → where a scan begins, knowing what holds in them. */

import { CACHE_TAG, directoryFilter, type DirectoryFilter } from '../folder/directory-filter.ts';
import { join } from '../folder-path.ts';
import { IGNORE_FILE, IgnoreMatcher } from '../folder/ignore-rules.ts';
import { isOneOf, type DirectoryIdentity } from '../folder/look.ts';
import type { ScanPlace } from '../folder/scan.ts';
import type { SeenEntry } from '../folder/working-copy-row.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { DirectoryEntry, FileStat, FileSystem } from '../system/file-system.ts';
import { neverEntered } from './scan-folder.ts';
import type { Session } from './session.ts';

/** A directory that a look may go through. */
interface Way {
  readonly place: ScanPlace;
  readonly stat: FileStat;
  /** What is left out in it. Undefined where that cannot be told. */
  readonly filter: DirectoryFilter | undefined;
}

/**
 * Where to begin a scan that looks at these directories and what is new in them, each place once. Of a
 * directory that is not recorded, or is none any more, it is the one above that is; of one that is left
 * out of the folder, nothing. Costs a few calls for each directory on the way.
 */
export async function hintedPlaces(
  session: Session,
  folder: OpenFolder,
  directories: Iterable<string>,
): Promise<ScanPlace[]> {
  const { fileSystem } = session.environment;
  const root = fileSystem.statIfPresent(folder.state.path ?? '');
  const given = { given: folder.state.excludes.patterns, files: [] };
  // That it is not there the scan says.
  if (root?.kind !== 'directory') return [{ path: '', above: given }];
  const ways = new Ways(fileSystem, folder, root, neverEntered(session));
  const places = new Map<string, ScanPlace>();
  for (const directory of directories) {
    const place = await ways.placeFor(directory);
    if (place !== undefined) places.set(place.path, place);
  }
  return [...places.values()];
}

class Ways {
  readonly #fileSystem: FileSystem;
  readonly #folder: OpenFolder;
  readonly #root: FileStat;
  readonly #neverEnter: readonly DirectoryIdentity[];
  readonly #matcher = new IgnoreMatcher();
  readonly #known = new Map<string, Way>();

  constructor(
    fileSystem: FileSystem,
    folder: OpenFolder,
    root: FileStat,
    neverEnter: readonly DirectoryIdentity[],
  ) {
    this.#fileSystem = fileSystem;
    this.#root = root;
    this.#folder = folder;
    this.#neverEnter = neverEnter;
  }

  async placeFor(directory: string): Promise<ScanPlace | undefined> {
    const above = { given: this.#folder.state.excludes.patterns, files: [] };
    let way = this.#way('', above, this.#root);
    for (const name of directory === '' ? [] : directory.split('/')) {
      if (way.filter === undefined) break;
      const isOut = way.filter.whyOut(name, 'directory') !== undefined;
      if (isOut) return undefined;
      const path = join(way.place.path, name);
      const seen = (await this.#folder.seen(way.place.path))?.get(name);
      const stat = this.#fileSystem.statIfPresent(this.#absolute(path));
      // What is not as it was recorded shows in the directory that holds it.
      if (seen?.kind !== 'directory' || stat?.kind !== 'directory') break;
      if (isOneOf(this.#neverEnter, stat)) return undefined;
      // Mounted or not any more: a look at everything tells of it.
      if (isOtherMount(seen, stat, way.stat)) return undefined;
      way = this.#way(path, way.filter.rules, stat);
    }
    return way.place;
  }

  #way(path: string, above: ScanPlace['above'], stat: FileStat): Way {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const { excludes } = this.#folder.state;
    const absolute = this.#absolute(path);
    const parts = {
      fileSystem: this.#fileSystem,
      excludes,
      device: this.#root.device,
      matcher: this.#matcher,
    };
    const names = this.#deciding(absolute, [IGNORE_FILE, CACHE_TAG, ...excludes.ifPresent]);
    const filter = directoryFilter(parts, { path, absolute, names }, above);
    const way = {
      place: { path, above },
      stat,
      filter: 'problem' in filter ? undefined : filter,
    };
    this.#known.set(path, way);
    return way;
  }

  /** Of names that decide what is left out, those that are there. */
  #deciding(absolute: string, names: readonly string[]): DirectoryEntry[] {
    return names.flatMap((name) => {
      const stat = this.#fileSystem.statIfPresent(`${absolute}/${name}`);
      return stat === undefined ? [] : [{ name, kind: stat.kind }];
    });
  }

  #absolute(path: string): string {
    const root = this.#folder.state.path ?? '';
    return path === '' ? root : `${root}/${path}`;
  }
}

/** Whether another file system is there than was, where that was recorded. */
function isOtherMount(seen: SeenEntry, stat: FileStat, above: FileStat): boolean {
  return seen.inode !== 0n && (stat.device !== above.device) !== (seen.mount === true);
}
