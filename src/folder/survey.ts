/**
 * The first look at a folder: what is gone, and where anything differs. Only then is it known what was
 * moved and whether so much is gone that nobody can have meant it; nothing is recorded before.
 */

import { join } from '../folder-path.ts';
import { GoneFiles } from './gone-files.ts';
import type { Scanned, ScannedDirectory, ScanPlace } from './scan.ts';
import { seenBelow } from './scan.ts';
import type { SeenEntry, SeenNames } from './working-copy-row.ts';

/** More are not kept in mind: what was moved with them counts as gone. */
const MOST_DIRECTORIES = 100_000;

export class Survey {
  /** Directories in which something differs, each after the one that holds it. */
  readonly places: ScanPlace[] = [];
  readonly goneFiles: GoneFiles;
  /** By inode, how many files and symlinks were recorded in a directory that is gone, itself or one above it. */
  readonly goneDirectories = new Map<bigint, number>();
  /** Files and symlinks recorded before, and how many of them are not where they were. */
  known = 0;
  gone = 0;
  /** Nothing is left in the root of the two names or more that it held. */
  isEmptied = false;
  readonly #seen: (directory: string) => Promise<SeenNames | undefined>;

  constructor(
    seen: (directory: string) => Promise<SeenNames | undefined>,
    goneFiles = new GoneFiles(),
  ) {
    this.#seen = seen;
    this.goneFiles = goneFiles;
  }

  async take({ known, changed }: Scanned): Promise<void> {
    this.known += known;
    for (const directory of changed) await this.#takeChanged(directory);
  }

  async #takeChanged(directory: ScannedDirectory): Promise<void> {
    const { path, known, gone, replaced } = directory;
    this.places.push({ path, above: directory.above });
    this.known += known;
    if (gone.length + replaced.length === 0) return;
    this.isEmptied ||= path === '' && gone.length >= 2 && gone.length === directory.seen.size;
    for (const name of gone) {
      const before = directory.seen.get(name);
      if (before?.kind === 'directory') await this.#addBelow(join(path, name), before.inode);
      else if (before !== undefined) this.#add(path, name, before);
    }
    for (const name of replaced) {
      await this.#addBelow(join(path, name), directory.seen.get(name)?.inode);
    }
  }

  async #addBelow(directory: string, inode: bigint | undefined): Promise<void> {
    const inodes = new Map([[directory, inode]]);
    for await (const { path, rows } of seenBelow(this.#seen, directory)) {
      let files = 0;
      for (const [name, before] of rows) {
        if (before.kind === 'directory') {
          inodes.set(join(path, name), before.inode);
          continue;
        }
        files++;
        this.known++;
        this.#add(path, name, before);
      }
      const its = inodes.get(path);
      inodes.delete(path);
      if (its !== undefined && files > 0 && this.goneDirectories.size < MOST_DIRECTORIES) {
        this.goneDirectories.set(its, files);
      }
    }
  }

  #add(directory: string, name: string, before: SeenEntry): void {
    this.gone++;
    this.goneFiles.add(directory, name, before);
  }
}
