/**
 * Worker task: directories of the working copy against their rows. What is as it was costs the caller
 * nothing but a count.
 */

import { deriveFolderKeys } from '../crypto/folder-keys.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { isVaultError } from '../errors.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import type { ContentSecrets } from './content-codec.ts';
import type { Excludes } from './excludes.ts';
import { IgnoreMatcher, type IgnoreRules } from './ignore-rules.ts';
import {
  look,
  type DirectoryChanges,
  type DirectoryIdentity,
  type Kept,
  type MountPlace,
  type ScanProblem,
  type Subdirectory,
} from './look.ts';
import { openPages, type RecordedRows } from './recorded-rows.ts';

export interface LookDirectoriesInput {
  /** Name of the setting that holds the folder's `ContentSecrets`. */
  readonly secrets: string;
  /** Absolute path of the working copy. */
  readonly root: string;
  readonly excludes: Excludes;
  /** Device of the root. */
  readonly device: bigint;
  readonly neverEnter: readonly DirectoryIdentity[];
  /** Whether files to read come with their stat. */
  readonly withStats: boolean;
  /** Whether to go in also where another file system is mounted than was, or none any more. */
  readonly acceptsMounts: boolean;
  readonly directories: readonly DirectoryToLookAt[];
}

export interface DirectoryToLookAt {
  /** Relative to the root. */
  readonly path: string;
  /** Ignore rules of the directories above. */
  readonly above: IgnoreRules;
  readonly place: MountPlace | undefined;
  /** Undefined for one that was never seen. */
  readonly rows: RecordedRows | undefined;
}

export interface LookDirectoriesOutput {
  /** What the directories without changes keep. */
  readonly kept: Kept;
  /** Files and symlinks recorded in them. */
  readonly known: number;
  /** Those that have subdirectories, problems, changes or rows that cannot be opened. */
  readonly found: readonly FoundDirectory[];
}

export interface FoundDirectory {
  /** Which of the directories of the input. */
  readonly index: number;
  /** Whether its rows do not authenticate: nothing else is known then. */
  readonly damaged: boolean;
  readonly below: readonly Subdirectory[];
  readonly device: bigint | undefined;
  /** Whether a file system is mounted on it, where that was recorded otherwise and is accepted. */
  readonly isMountNow: boolean | undefined;
  /** Ignore rules that hold below, where they differ from those above. */
  readonly rules: IgnoreRules | undefined;
  readonly problems: readonly ScanProblem[];
  readonly changed: ChangedDirectory | undefined;
}

/** A directory in which something differs. */
export interface ChangedDirectory extends DirectoryChanges {
  /** Its rows, opened. */
  readonly rows: Uint8Array;
  /** Whether they are what is recorded, not made anew from the log. */
  readonly isRecorded: boolean;
  readonly kept: Kept;
  readonly known: number;
}

const noRows = new Uint8Array(0);
const nothing = {
  below: [],
  device: undefined,
  isMountNow: undefined,
  rules: undefined,
  problems: [],
  changed: undefined,
};
/** Patterns compiled for earlier directories of this lane. */
const matcher = new IgnoreMatcher();

/** Looks at every directory; the trouble of one is its own and stops no other. */
export function lookDirectories(
  input: LookDirectoriesInput,
  context: TaskContext,
): LookDirectoriesOutput {
  const key = rowKey(context.settings.get(input.secrets));
  const kept: Kept = { files: 0, dirs: 0, bytes: 0 };
  let known = 0;
  const found: FoundDirectory[] = [];
  for (const [index, { path, above, place, rows: recorded }] of input.directories.entries()) {
    try {
      const rows = recorded === undefined ? noRows : openPages(key, recorded);
      const { root, excludes, device, neverEnter, withStats, acceptsMounts } = input;
      const looked = look({
        fileSystem: context.fileSystem,
        root,
        path,
        rows,
        above,
        excludes,
        device,
        matcher,
        neverEnter,
        withStats,
        acceptsMounts,
        place,
      });
      const { below, problems, changes, isMountNow } = looked;
      const same = { index, damaged: false, below, problems, isMountNow, device: looked.device };
      const rules = looked.rules === above ? undefined : looked.rules;
      if (changes === undefined) {
        known += looked.known;
        kept.files += looked.kept.files;
        kept.dirs += looked.kept.dirs;
        kept.bytes += looked.kept.bytes;
        if (below.length + problems.length === 0 && isMountNow === undefined) continue;
        found.push({ ...same, rules, changed: undefined });
      } else {
        // A part of a larger buffer would take all of it along.
        const whole = rows.length === rows.buffer.byteLength ? rows : rows.slice();
        if (whole.length > 0) context.transfer([whole.buffer as ArrayBuffer]);
        if (changes.stats.length > 0) context.transfer([changes.stats.buffer as ArrayBuffer]);
        const isRecorded = recorded !== undefined && !('plain' in recorded);
        const changed = {
          ...changes,
          isRecorded,
          rows: whole,
          kept: looked.kept,
          known: looked.known,
        };
        found.push({ ...same, rules, changed });
      }
    } catch (error) {
      if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
      found.push({ index, damaged: true, ...nothing });
    }
  }
  return { kept, known, found };
}

let lastKey: { readonly secrets: unknown; readonly key: SecretKey } | undefined;

/** The key that rows are sealed with, derived once for as long as the setting stays the same. */
function rowKey(secrets: unknown): SecretKey {
  if (lastKey !== undefined && lastKey.secrets === secrets) return lastKey.key;
  const key = deriveFolderKeys((secrets as ContentSecrets).folderSecret).metaKey;
  lastKey = { secrets, key };
  return key;
}
