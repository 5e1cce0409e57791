/** When so much is gone that it looks like a lost mount rather than like somebody's deletions. */

import type { ScannedDirectory } from '../folder/scan.ts';

/** What a scan found of the names recorded before it. */
export interface GoneNames {
  /** With all that was below directories that are gone. */
  readonly gone: number;
  readonly known: number;
  /** Nothing is left in the root, which held two names or more. */
  readonly isEmptied: boolean;
}

/** Whether to stop and ask before any of it is recorded as deleted. */
export function isMassDeletion({ gone, known, isEmptied }: GoneNames): boolean {
  return isEmptied || gone > Math.max(1000, known / 2);
}

/** Whether it is the root, and holds nothing any more of the two names or more that it held. */
export function isEmptiedRoot({ path, known, gone }: ScannedDirectory): boolean {
  return path === '' && known >= 2 && gone.length === known;
}
