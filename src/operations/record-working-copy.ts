/** Working copy → versions: scans it and records what changed since it was last looked at. */

import { mapKey } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import {
  ChangeRecorder,
  type ChangeCounts,
  type RecorderParts,
} from '../folder/change-recorder.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { parentsOfEdit } from '../log/conflict-rule.ts';
import { directoryOf, foldLinks } from '../log/folder-tree.ts';
import type { Parent } from '../log/types.ts';
import type { OperationContext } from './api.ts';
import { isEmptiedRoot, isMassDeletion } from './mass-deletion.ts';
import { scanFolder } from './scan-folder.ts';
import type { Session } from './session.ts';

/** Where a recording is compared with and goes to: the folder itself, or a rehearsal of it. */
export type RecordingPlace = Pick<RecorderParts, 'store' | 'state' | 'seen' | 'stage' | 'commit'>;

export interface RecordingOptions {
  /** What progress is told as. */
  readonly phase: string;
  /** Go on where a safety rule stopped. */
  readonly yes: boolean;
}

/** The folder's own store, log and rows. */
export function intoFolder(folder: OpenFolder): RecordingPlace {
  return {
    store: folder.store,
    state: folder.workingCopy,
    seen: (directory) => folder.seen(directory),
    stage: (versions) =>
      folder.log.stage(
        versions.map(({ path, kind, parents, digest, body }) => ({
          link: { path, kind, parents, digest },
          body,
        })),
      ),
    commit: (rows) => folder.log.commit({ rows }),
  };
}

/**
 * Records the working copy as it lies; on return everything is committed. Throws `VAULT_REFUSED` where
 * its root is gone, or so much is that nobody can have meant it, unless confirmed. After any failure the
 * folder is to be released: what was staged must not come along with a later commit.
 */
export async function recordWorkingCopy(
  session: Session,
  folder: OpenFolder,
  place: RecordingPlace,
  options: RecordingOptions,
  context: OperationContext,
): Promise<ChangeCounts> {
  const { environment } = session;
  const { clock } = environment;
  const root = folder.state.path as string;
  const recorder = new ChangeRecorder({
    root,
    ...place,
    currentOf: currentVersions(folder),
    digestKey: folder.keys.digestKey,
    pool: environment.pool,
    secrets: folder.secrets,
    clock,
    signal: context.signal,
    onProgress: ({ files, bytes }) => {
      context.emit({ type: 'progress', phase: options.phase, files, bytes });
    },
    onProblem: (path, message) => context.emit({ type: 'warning', path, message }),
  });
  try {
    let known = 0;
    let isEmptied = false;
    for await (const scanned of scanFolder(session, folder, context.signal)) {
      known += scanned.known;
      for (const directory of scanned.changed) {
        known += directory.known;
        isEmptied ||= isEmptiedRoot(directory);
      }
      await recorder.take(scanned);
    }
    const { gone, below } = await recorder.countGone();
    known += below;
    if (isMassDeletion({ gone, known, isEmptied }) && !options.yes) {
      const what = `${gone} of ${known} recorded names are gone from ${JSON.stringify(root)}`;
      const text = `${what}: record them as deleted?`;
      if ((await context.confirm({ kind: 'confirm', text })) !== true) {
        // Nothing is recorded: names that are new would make the next run take it for a change.
        throw new VaultError('VAULT_REFUSED', what, {
          hint: 'if they were meant to be deleted, go on with --yes; else check whether the disk is mounted',
        });
      }
    }
    await recorder.recordGone();
    await recorder.finish();
  } catch (error) {
    await recorder.abandon();
    throw error;
  }
  return recorder.counts;
}

/**
 * Current versions of a path that the working copy does not show, such as its deletion. Most new
 * names never had any, so the names that did are looked up once for each directory.
 */
function currentVersions(folder: OpenFolder): (path: string) => Promise<readonly Parent[]> {
  const former = new Map<string, Promise<ReadonlySet<string>>>();
  const namesIn = (directory: string): Promise<ReadonlySet<string>> => {
    let names = former.get(directory);
    if (names === undefined) {
      names = formerNames(folder, directory);
      former.set(directory, names);
      if (former.size > 64) former.delete(former.keys().next().value ?? '');
    }
    return names;
  };
  return async (path) => {
    const names = await namesIn(directoryOf(path));
    if (names.size === 0 || !names.has(mapKey(folder.log.paths.nameKey(path)))) return [];
    const tree = foldLinks(await folder.log.linksOf(path), {
      nodeName: () => '',
      versionId: () => '',
    });
    const state = tree.states.get(path);
    return state === undefined ? [] : parentsOfEdit(state);
  };
}

async function formerNames(folder: OpenFolder, directory: string): Promise<ReadonlySet<string>> {
  const { paths } = folder.log;
  if (!(await paths.has(directory))) return new Set();
  const pointers = await paths.pointers(directory);
  return new Set(pointers?.map(({ nameKey }) => mapKey(nameKey)));
}
