/** Counts what a scan meets and what becomes of it. */

import type { Kept } from './look.ts';
import type { SeenEntry } from './working-copy-row.ts';

export interface ChangeCounts {
  files: number;
  dirs: number;
  bytes: number;
  added: number;
  changed: number;
  removed: number;
  unchanged: number;
  errors: number;
}

export class ChangeTally {
  readonly counts: ChangeCounts = {
    files: 0,
    dirs: 0,
    bytes: 0,
    added: 0,
    changed: 0,
    removed: 0,
    unchanged: 0,
    errors: 0,
  };

  /** Takes names that stay as they are. */
  keep({ files, dirs, bytes }: Kept): void {
    this.counts.files += files;
    this.counts.unchanged += files;
    this.counts.dirs += dirs;
    this.counts.bytes += bytes;
  }

  /** Takes one name that stays as it was recorded, if it was. */
  keepEntry(before: SeenEntry | undefined): void {
    if (before === undefined) return;
    const isFile = before.kind === 'file';
    if (before.kind === 'directory') this.keep({ files: 0, dirs: 1, bytes: 0 });
    else this.keep({ files: 1, dirs: 0, bytes: isFile ? before.size : 0 });
  }
}
