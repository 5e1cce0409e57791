/** What a scan leaves out of one directory: its rules and its tags, read where the directory is listed. */

import { systemCode } from '../errors.ts';
import { equalBytes, utf8 } from '../bytes.ts';
import { MAX_IGNORE_FILE_BYTES } from '../limits.ts';
import type { DirectoryEntry, FileKind, FileSystem } from '../system/file-system.ts';
import type { Excludes } from './excludes.ts';
import {
  IGNORE_FILE,
  rulesWith,
  type IgnoreMatch,
  type IgnoreMatcher,
  type IgnoreRules,
} from './ignore-rules.ts';

export interface FilterInput {
  readonly fileSystem: FileSystem;
  readonly excludes: Excludes;
  /** Device of the folder's root. */
  readonly device: bigint;
  readonly matcher: IgnoreMatcher;
}

export interface ListedDirectory {
  /** Relative to the root, and absolute. */
  readonly path: string;
  readonly absolute: string;
  readonly names: readonly DirectoryEntry[];
}

export interface DirectoryFilter {
  /** What holds in the directories below. */
  readonly rules: IgnoreRules;
  /** Why a name is left out, if it is. */
  readonly whyOut: (name: string, kind: FileKind) => WhyOut | undefined;
}

export type WhyOut =
  | ({ readonly by: 'pattern' } & IgnoreMatch)
  /** The name beside it that keeps the rest of the directory out. */
  | { readonly by: 'tag'; readonly tag: string }
  | { readonly by: 'file-system' }
  | { readonly by: 'size'; readonly bytes: number };

/**
 * The filter of a directory that was just listed. A `problem` says why its rules cannot be told; then
 * nothing in it may be looked at, lest what was to stay out be taken in.
 */
export function directoryFilter(
  input: FilterInput,
  { path, absolute, names }: ListedDirectory,
  above: IgnoreRules,
): DirectoryFilter | { readonly problem: string } {
  const { fileSystem, excludes } = input;
  let reading = 'file system';
  try {
    const isElsewhere = (): boolean => fileSystem.statIfPresent(absolute)?.device !== input.device;
    if (path !== '' && excludes.oneFileSystem && isElsewhere()) {
      return { rules: above, whyOut: () => ({ by: 'file-system' }) };
    }
    let tag: string | undefined;
    let rules = above;
    for (const { name, kind } of names) {
      if (name === IGNORE_FILE) {
        reading = name;
        const content = fileSystem.readFile(`${absolute}/${name}`, MAX_IGNORE_FILE_BYTES);
        rules = rulesWith(above, path, content);
      }
      if (path === '') continue;
      if (excludes.ifPresent.includes(name)) tag ??= name;
      if (excludes.caches && name === CACHE_TAG && kind === 'file') {
        reading = name;
        if (isCacheTag(fileSystem, `${absolute}/${name}`)) tag ??= name;
      }
    }
    const ignores = input.matcher.in(rules, path);
    return {
      rules,
      whyOut(name, kind) {
        if (tag !== undefined && name !== tag) return { by: 'tag', tag };
        const match = ignores(name, kind);
        return match === undefined ? undefined : { by: 'pattern', ...match };
      },
    };
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return { problem: `nothing in it was looked at: its ${reading} cannot be read: ${code}` };
  }
}

export const CACHE_TAG = 'CACHEDIR.TAG';
const cacheSignature = utf8('Signature: 8a477f597d28d172789f06886806bc55');

/** Whether a file begins as the Cache Directory Tagging Specification says. */
function isCacheTag(fileSystem: FileSystem, path: string): boolean {
  const file = fileSystem.open(path, { mode: 'read' });
  try {
    const start = new Uint8Array(cacheSignature.length);
    return file.read(start, 0) === start.length && equalBytes(start, cacheSignature);
  } finally {
    file.close();
  }
}
