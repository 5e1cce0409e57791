import { directoryOf, join, lastName } from '../folder-path.ts';
import type { MemoryFileSystem } from './memory-file-system.ts';
import type { StartWatch, TreeWatch, WatchEvents, WatchTrouble } from './tree-watch.ts';

/** Watches of a simulated file system: they tell at once, unless they are made to fail. */
export class MemoryWatches {
  /** Whether the next hint is lost, without a word. */
  isLost: () => boolean = () => false;
  readonly #fileSystem: MemoryFileSystem;
  readonly #running = new Set<MemoryWatch>();

  constructor(fileSystem: MemoryFileSystem) {
    this.#fileSystem = fileSystem;
  }

  readonly start: StartWatch = (root, events) => {
    const one = new MemoryWatch(this.#fileSystem, root, events, () => this.isLost());
    this.#running.add(one);
    one.onClosed = () => this.#running.delete(one);
    return one;
  };

  /** Says that hints were lost. */
  overflow(): void {
    for (const { events } of this.#running) events.onOverflow();
  }

  trouble(trouble: WatchTrouble | undefined): void {
    for (const { events } of this.#running) events.onTrouble(trouble);
  }
}

class MemoryWatch implements TreeWatch {
  readonly events: WatchEvents;
  onClosed: () => void = () => undefined;
  readonly #entered = new Set<string>();
  readonly #end: () => void;

  constructor(
    fileSystem: MemoryFileSystem,
    root: string,
    events: WatchEvents,
    isLost: () => boolean,
  ) {
    this.events = events;
    this.#end = fileSystem.watch((path, isDirectory) => {
      if (path === root) return this.#tell('', undefined, isLost);
      if (!path.startsWith(`${root}/`)) return;
      const inside = path.slice(root.length + 1);
      const directory = directoryOf(inside);
      this.#tell(directory, lastName(inside), isLost);
      // As its own watch would notice: what is entered anew is another one.
      if (!isDirectory) this.#leave(inside);
    });
  }

  enter(directory: string): void {
    this.#entered.add(directory);
  }

  prefer(directory: string): void {
    this.#entered.add(directory);
  }

  lacks(directory: string): boolean {
    return !this.#entered.has(directory);
  }

  close(): Promise<void> {
    this.#end();
    this.onClosed();
    return Promise.resolve();
  }

  #tell(directory: string, name: string | undefined, isLost: () => boolean): void {
    if (!this.#entered.has(directory) || isLost()) return;
    this.events.onHint(directory, name);
  }

  #leave(path: string): void {
    for (const one of this.#entered) {
      if (one === path || one.startsWith(join(path, ''))) this.#entered.delete(one);
    }
  }
}
