/**
 * A watch of its own for each directory: as Linux has them (inotify), told at once; docs/decisions/0013 says
 * what else was tried.
 */

import { readFileSync, statSync, watch } from 'node:fs';
import { systemCode } from '../errors.ts';
import { directoryOf, join, lastName } from '../folder-path.ts';
import { nativePath, pathFromBytes } from '../path-bytes.ts';
import type { StartWatch, TreeWatch, WatchEvents, WatchTrouble } from './tree-watch.ts';

/** A watch of one directory. */
export interface OneWatch {
  /** Whether the directory is still where it was when this began. */
  isThere(): boolean;
  /** Nothing is told from then on, whether or not what it returns has settled. */
  close(): Promise<void> | void;
}

export interface DirectoryWatchOptions {
  /**
   * Watches one directory. Throws as `fs.watch` does; `onEnd` where it ends by itself. Where the directory
   * itself is moved or removed an event has its own name.
   */
  readonly watchOne?: (
    path: string,
    onEvent: (kind: string, name: string | undefined) => void,
    onEnd: () => void,
  ) => OneWatch;
  /** How many hints the system keeps at most until they are taken. Default: as it says. */
  readonly mostQueued?: number;
  /** More directories than this are not watched, and that is told. Default: as many as the system allows. */
  readonly most?: { readonly directories: number; readonly trouble: WatchTrouble };
}

const remedies: Readonly<Partial<Record<string, string>>> = {
  ENOSPC: 'sudo sysctl fs.inotify.max_user_watches=1048576',
  EMFILE: 'sudo sysctl fs.inotify.max_user_instances=1024',
};
/** What Linux keeps unless told otherwise. */
const USUALLY_QUEUED = 16_384;

/** Watches directories one by one. */
export function directoryWatch(options: DirectoryWatchOptions = {}): StartWatch {
  const { watchOne = watchDirectory, mostQueued = queueLength(), most } = options;
  return (root, events) => new DirectoryWatch(root, events, { watchOne, mostQueued, most });
}

type Watcher = NonNullable<DirectoryWatchOptions['watchOne']>;

interface Means {
  readonly watchOne: Watcher;
  readonly mostQueued: number;
  readonly most: DirectoryWatchOptions['most'];
}

class DirectoryWatch implements TreeWatch {
  readonly #root: string;
  readonly #events: WatchEvents;
  readonly #means: Means;
  /** Where not all can be watched, in the order in which something happened in them. */
  readonly #watched = new Map<string, OneWatch>();
  /** No more can be. */
  #most: number;
  #trouble: WatchTrouble | undefined;
  /** Directories that are not where they were, until all below them are forgotten too. */
  readonly #left = new Set<string>();
  /** Hints since the event loop last went round. */
  #taken = 0;
  #isClosed = false;

  constructor(root: string, events: WatchEvents, means: Means) {
    this.#root = root;
    this.#events = events;
    this.#means = means;
    this.#most = means.most?.directories ?? Infinity;
  }

  enter(directory: string): void {
    if (directory === '') {
      this.#most = this.#means.most?.directories ?? Infinity;
      this.#tell(undefined);
    }
    if (this.#watched.has(directory)) return;
    if (this.#watched.size < this.#most) this.#add(directory);
    else this.#tell(this.#trouble ?? this.#means.most?.trouble);
  }

  prefer(directory: string): void {
    const known = this.#watched.get(directory);
    if (known === undefined) {
      while (this.#watched.size > 0 && this.#watched.size >= this.#most) this.#dropOldest();
      if (this.#most > 0) this.#add(directory);
    } else {
      this.#watched.delete(directory);
      this.#watched.set(directory, known);
    }
  }

  lacks(directory: string): boolean {
    return !this.#watched.has(directory) && this.#watched.size < this.#most;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#watched.values()];
    this.#watched.clear();
    await Promise.all(all.map(async (one) => one.close()));
  }

  #add(directory: string): void {
    if (this.#isClosed) return;
    const path = directory === '' ? this.#root : `${this.#root}/${directory}`;
    try {
      const one = this.#means.watchOne(
        path,
        (kind, name) => this.#onEvent(directory, kind, name),
        () => this.#onEnd(directory),
      );
      this.#watched.set(directory, one);
    } catch (error) {
      const code = systemCode(error) ?? String(error);
      // Gone by now: whoever looks finds out.
      if (code === 'ENOENT' || code === 'ENOTDIR') return;
      const remedy = remedies[code];
      if (remedy !== undefined) this.#most = this.#watched.size;
      this.#tell({
        message:
          remedy === undefined
            ? `${JSON.stringify(path)} cannot be watched: ${code}`
            : `only ${this.#watched.size} directories can be watched: the system allows no more`,
        remedy: remedy ?? 'what changes there is found by the next look at everything',
      });
    }
  }

  #onEvent(directory: string, kind: string, name: string | undefined): void {
    if (this.#isClosed) return;
    this.#count();
    const own = directory === '' ? lastName(this.#root) : lastName(directory);
    // Its own end is told like that of a name in it.
    const isOwn = kind === 'rename' && name === own;
    const places = [isOwn ? directory : undefined, name && join(directory, name)];
    for (const place of places) {
      if (place === undefined || this.#watched.get(place)?.isThere() !== false) continue;
      this.#leave(place);
    }
    this.#events.onHint(directory, name);
  }

  #onEnd(directory: string): void {
    if (this.#isClosed) return;
    this.#leave(directory);
    this.#events.onHint(directory, undefined);
  }

  #leave(directory: string): void {
    this.#drop(directory);
    if (directory !== '') this.#events.onHint(directoryOf(directory), lastName(directory));
    this.#left.add(directory);
    if (this.#left.size > 1) return;
    setImmediate(() => {
      const left = new Set(this.#left);
      this.#left.clear();
      for (const path of this.#watched.keys()) if (isBelow(path, left)) this.#drop(path);
    });
  }

  #drop(directory: string): void {
    void this.#watched.get(directory)?.close();
    this.#watched.delete(directory);
  }

  #dropOldest(): void {
    for (const directory of this.#watched.keys()) return this.#drop(directory);
  }

  /** The system drops hints where too many wait, and says nothing: as many as it keeps are then taken at once. */
  #count(): void {
    this.#taken++;
    if (this.#taken === 1) setImmediate(() => (this.#taken = 0));
    if (this.#taken === this.#means.mostQueued) this.#events.onOverflow();
  }

  #tell(trouble: WatchTrouble | undefined): void {
    if (this.#isClosed || trouble?.message === this.#trouble?.message) return;
    this.#trouble = trouble;
    this.#events.onTrouble(trouble);
  }
}

/** Whether one of the directories above is among those. */
function isBelow(path: string, directories: ReadonlySet<string>): boolean {
  for (let at = path; at !== ''; at = directoryOf(at)) {
    if (directories.has(directoryOf(at))) return true;
  }
  return false;
}

function watchDirectory(...[path, onEvent, onEnd]: Parameters<Watcher>): OneWatch {
  const isThere = presenceOf(path);
  const watcher = watch(nativePath(path), { encoding: 'buffer' });
  watcher.on('change', (kind: string, name: unknown) =>
    onEvent(kind, name instanceof Uint8Array ? pathFromBytes(name) : undefined),
  );
  watcher.on('error', onEnd);
  return { isThere, close: () => watcher.close() };
}

/** Answers whether the directory that is at a path now is still there. Throws where there is none. */
export function presenceOf(path: string): () => boolean {
  const native = nativePath(path);
  const { ino, dev } = statSync(native);
  return () => {
    const now = statSync(native, { throwIfNoEntry: false });
    return now?.ino === ino && now.dev === dev;
  };
}

function queueLength(): number {
  try {
    const text = readFileSync('/proc/sys/fs/inotify/max_queued_events', 'latin1');
    const length = Number(text);
    return length > 0 ? length : USUALLY_QUEUED;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return USUALLY_QUEUED;
  }
}
