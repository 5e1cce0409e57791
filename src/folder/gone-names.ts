/**
 * Recorded names that a scan did not find. What they mean is told when the whole folder was looked at: a
 * file may have been moved.
 */

import { join } from '../folder-path.ts';
import { ArrivedDirectories } from './arrived-directories.ts';
import { seenBelow, type ScannedDirectory } from './scan.ts';
import type { SeenEntry, SeenNames } from './working-copy-row.ts';

/** A recorded name that a scan did not find; or, where `isReplaced`, all that was below it. */
export interface GoneName {
  readonly path: string;
  readonly directory: string;
  readonly name: string;
  readonly before: SeenEntry;
  readonly isReplaced: boolean;
}

export class GoneNames {
  readonly #seen: (directory: string) => Promise<SeenNames | undefined>;
  readonly #names = new Map<string, GoneName>();
  readonly #arrived = new ArrivedDirectories();
  /** Paths from which files were moved. */
  readonly #moved = new Set<string>();

  /** `seen`: what was last seen in a directory. */
  constructor(seen: (directory: string) => Promise<SeenNames | undefined>) {
    this.#seen = seen;
  }

  /** Takes a recorded name that is not there; `isReplaced`: something else stands there. */
  note(scanned: ScannedDirectory, name: string, isReplaced: boolean): void {
    const before = scanned.seen.get(name);
    const path = join(scanned.path, name);
    if (before === undefined || this.#moved.has(path)) return;
    this.#names.set(path, { path, directory: scanned.path, name, before, isReplaced });
  }

  /** Takes a directory in which something stands that was not recorded. */
  noteArrived(scanned: ScannedDirectory): void {
    this.#arrived.add(scanned);
  }

  /** What lay at a path was moved: it is not gone. */
  noteMoved(path: string): void {
    this.#moved.add(path);
    this.#names.delete(path);
  }

  isMoved(path: string): boolean {
    return this.#moved.has(path);
  }

  get hasMoved(): boolean {
    return this.#moved.size > 0;
  }

  /** All names noted; none is left. */
  take(): GoneName[] {
    const names = [...this.#names.values()];
    this.#names.clear();
    return names;
  }

  /**
   * Files and symlinks among them and below them. Where more is gone than is kept in mind, as many as lie
   * in a directory that was moved count as moved with it.
   */
  async countFiles(): Promise<number> {
    let gone = 0;
    for (const [path, { before }] of this.#names) {
      if (before.kind !== 'directory') {
        gone++;
        continue;
      }
      const inodes = new Map([[path, before.inode]]);
      for await (const { path: below, rows } of seenBelow(this.#seen, path)) {
        let moved = 0;
        let lost = 0;
        for (const [name, entry] of rows) {
          if (entry.kind === 'directory') inodes.set(join(below, name), entry.inode);
          else if (this.#moved.has(join(below, name))) moved++;
          else lost++;
        }
        const there = this.#arrived.filesIn(inodes.get(below)) - moved;
        inodes.delete(below);
        gone += Math.max(0, lost - Math.max(0, there));
      }
    }
    return gone;
  }
}
