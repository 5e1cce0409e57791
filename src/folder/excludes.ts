/** Patterns of `--exclude`: gitignore rules from the folder's root. The only importer of `ignore`. */

import ignore from 'ignore';
import type { FileKind } from '../system/file-system.ts';

/** Whether a scan leaves out a path (relative to the root); the last pattern that matches decides. */
export function excluder(patterns: readonly string[]): (path: string, kind: FileKind) => boolean {
  if (patterns.length === 0) return () => false;
  const rules = ignore({ ignorecase: false }).add([...patterns]);
  return (path, kind) => rules.ignores(kind === 'directory' ? `${path}/` : path);
}
