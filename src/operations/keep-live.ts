/** Keeps every folder with a working copy live that is not paused: `LiveFolder` does it for each. */

import { Mutex } from '../async.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { Live, LiveOptions } from './live-types.ts';
import { LiveFolder } from './live-folder.ts';
import type { Session } from './session.ts';

/**
 * Begins to watch the folders there are. Each is looked at whole first, which goes on after this resolves.
 * What is wrong with one is told as its problem, and stops no other. `onOver` is called once it is closed.
 */
export async function keepLive(
  session: Session,
  options: LiveOptions,
  onOver: () => void = () => undefined,
): Promise<Live> {
  const live = new RunningLive(session, options, onOver);
  await live.foldersChanged();
  return live;
}

class RunningLive implements Live {
  readonly #session: Session;
  readonly #options: LiveOptions;
  readonly #onOver: () => void;
  readonly #folders = new Map<string, LiveFolder>();
  /** Folders are begun and ended by one at a time. */
  readonly #order = new Mutex();
  #closing: Promise<void> | undefined;

  constructor(session: Session, options: LiveOptions, onOver: () => void) {
    this.#session = session;
    this.#options = options;
    this.#onOver = onOver;
  }

  news(folder: string): void {
    this.#folders.get(folder)?.news();
  }

  problems(folder: string): readonly string[] {
    return this.#folders.get(folder)?.problems ?? [];
  }

  get isQuiet(): boolean {
    return [...this.#folders.values()].every(({ isQuiet }) => isQuiet);
  }

  foldersChanged(): Promise<void> {
    return this.#order.run(async () => {
      if (this.#closing !== undefined) return;
      const wanted = new Map<string, ListedFolder>();
      for (const listed of this.#session.folders.list().folders) {
        const { path, paused } = listed.state;
        if (path !== undefined && !paused) wanted.set(listed.id, listed);
      }
      for (const [id, running] of this.#folders) {
        const root = wanted.get(id)?.state.path;
        if (root === running.root) continue;
        await running.close();
        this.#folders.delete(id);
      }
      for (const [id, listed] of wanted) {
        if (this.#folders.has(id)) continue;
        const begun = new LiveFolder(this.#session, listed, this.#options);
        this.#folders.set(id, begun);
        begun.start();
      }
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#order.run(async () => {
      await Promise.all(Array.from(this.#folders.values(), (folder) => folder.close()));
      this.#onOver();
    });
    return this.#closing;
  }
}
