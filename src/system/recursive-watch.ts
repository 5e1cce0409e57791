/** One watch for the whole tree, where the system has such (macOS, Windows). */

import { watch, type FSWatcher } from 'node:fs';
import { sep } from 'node:path';
import { systemCode } from '../errors.ts';
import { directoryOf, lastName } from '../folder-path.ts';
import { nativePath, pathFromBytes } from '../path-bytes.ts';
import type { StartWatch, TreeWatch, WatchEvents } from './tree-watch.ts';

/** Watches the whole tree once its root is entered, and again where that ended by itself. */
export const recursiveWatch: StartWatch = (root, events) => new RecursiveWatch(root, events);

class RecursiveWatch implements TreeWatch {
  readonly #root: string;
  readonly #events: WatchEvents;
  #watcher: FSWatcher | undefined;
  #isClosed = false;

  constructor(root: string, events: WatchEvents) {
    this.#root = root;
    this.#events = events;
  }

  enter(directory: string): void {
    if (directory !== '' || this.#watcher !== undefined || this.#isClosed) return;
    try {
      const watcher = watch(nativePath(this.#root), { encoding: 'buffer', recursive: true });
      watcher.on('change', (_kind: string, name: unknown) => this.#onEvent(name));
      watcher.on('error', (error: unknown) => this.#onEnd(error));
      this.#watcher = watcher;
      this.#events.onTrouble(undefined);
    } catch (error) {
      this.#onEnd(error);
    }
  }

  prefer(): void {
    // All of it is watched.
  }

  lacks(): boolean {
    return false;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher?.close();
    this.#watcher = undefined;
    return Promise.resolve();
  }

  #onEvent(name: unknown): void {
    if (this.#isClosed) return;
    // Without a name where there was no room for all hints.
    if (!(name instanceof Uint8Array)) return this.#events.onOverflow();
    const path = pathFromBytes(name).split(sep).join('/');
    this.#events.onHint(directoryOf(path), lastName(path));
  }

  #onEnd(error: unknown): void {
    if (this.#isClosed) return;
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#events.onTrouble({
      message: `${JSON.stringify(this.#root)} cannot be watched: ${systemCode(error) ?? String(error)}`,
      remedy: 'what changes there is found by the next look at everything',
    });
    this.#events.onOverflow();
  }
}
