/** When so much is gone that it looks like a lost mount rather than like somebody's deletions. */

/** What a scan found of the files and symlinks recorded before it. */
export interface GoneNames {
  /** Not where they were, nor moved elsewhere in the folder. */
  readonly gone: number;
  readonly known: number;
  /** Nothing is left in the root, which held two names or more. */
  readonly isEmptied: boolean;
}

/** Whether to stop and ask before any of it is recorded as deleted. */
export function isMassDeletion({ gone, known, isEmptied }: GoneNames): boolean {
  return (isEmptied && gone >= known / 2) || gone > Math.max(1000, known / 2);
}
