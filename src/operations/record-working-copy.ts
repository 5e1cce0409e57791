/** Working copy → versions: scans it and records what changed since it was last looked at. */

import { mapKey } from '../bytes.ts';
import { isLoss, isVaultError } from '../errors.ts';
import { directoryOf } from '../folder-path.ts';
import {
  ChangeRecorder,
  type LeftForLater,
  type RecorderParts,
} from '../folder/change-recorder.ts';
import type { ChangeCounts } from '../folder/change-tally.ts';
import type { ScanPlace, ScanWatcher } from '../folder/scan.ts';
import { Survey } from '../folder/survey.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { parentsOfEdit } from '../log/conflict-rule.ts';
import type { UnnamedVersion } from '../log/log-writer.ts';
import { foldLinks } from '../log/folder-tree.ts';
import type { Body, Parent } from '../log/types.ts';
import type { OperationContext } from './operation.ts';
import { DeletionGuard } from './deletion-guard.ts';
import { changedPlaces, recordedDirectories, scanFolder, stillGone } from './scan-folder.ts';
import { isShared, parentsOfUnseen, parentsOnTop } from './edit-parents.ts';
import type { Session } from './session.ts';

/** Where a recording is compared with and goes to: the folder itself, or a rehearsal of it. */
export type RecordingPlace = Pick<
  RecorderParts,
  'store' | 'state' | 'seen' | 'stage' | 'commit'
> & {
  /** Called before anything is sealed. */
  readonly prepare?: () => Promise<void>;
  /** Told which directory the root now is. */
  readonly noteRoot?: (identity: string) => void;
};

export interface RecordingOptions {
  /** What progress is told as. */
  readonly phase: string;
  /** Go on where a safety rule stopped. */
  readonly yes: boolean;
  /**
   * Only what lies at or below these paths is sure to be looked at; the rest counts as it was recorded.
   * For rehearsals that ask about nothing else: where a file was moved to is seen within them only.
   */
  readonly within?: readonly string[];
  /**
   * Only these directories are looked at, and what is new in them: everything else counts as it was recorded.
   * Where so much of them is gone that it may be a mistake, all is looked at nevertheless.
   */
  readonly places?: readonly ScanPlace[];
  /** What is left for a later recording. */
  readonly leaves?: LeftForLater;
  readonly watcher?: ScanWatcher;
}

/** The folder's own store, log and rows. */
export function intoFolder(folder: OpenFolder): RecordingPlace {
  return {
    store: folder.store,
    state: folder.workingCopy,
    prepare: () => folder.keepEpoch(),
    seen: (directory) => folder.seen(directory),
    async stage(versions) {
      const unnamed: UnnamedVersion[] = [];
      const isOthers = isShared(folder.log);
      for (const { path: local, kind, parents: seen, digest, body } of versions) {
        const path = folder.aliases.toPath(local);
        const isEdit = isOthers && seen.length > 0;
        const parents = isEdit ? await parentsOnTop(folder.log, path, seen) : seen;
        unnamed.push({ link: { path, kind, parents, digest }, body });
      }
      return folder.log.stage(unnamed);
    },
    commit: (rows) => folder.log.commit({ rows }),
    noteRoot(identity) {
      if (folder.state.root !== identity) folder.update({ root: identity });
    },
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
  const { clock, fileSystem } = environment;
  const { signal } = context;
  await place.prepare?.();
  const root = folder.state.path as string;
  const guarded = { path: root, identity: folder.state.root };
  const guard = new DeletionGuard(fileSystem, guarded, options.yes, context);
  const survey = new Survey(place.seen);
  const { places, leaves, watcher } = options;
  const scope = {
    ...recordedDirectories,
    ...(places === undefined ? {} : { places, entersRecorded: false }),
    acceptsMounts: options.yes,
    within: options.within,
  };
  const surveyed = scanFolder(session, folder, signal, scope, watcher);
  const recorder = new ChangeRecorder({
    root,
    ...place,
    goneFiles: survey.goneFiles,
    bodyOf: (version) => bodyIfKept(folder, version),
    currentOf: currentVersions(folder),
    digestKey: folder.keys.digestKey,
    idKey: folder.keys.idKey,
    pool: environment.pool,
    secrets: folder.secrets,
    clock,
    signal,
    ...(leaves === undefined ? {} : { leaves }),
    onProgress: ({ files, bytes }) => {
      context.emit({ type: 'progress', phase: options.phase, files, bytes });
    },
    onProblem: (path, message) => context.emit({ type: 'warning', path, message }),
  });
  try {
    for await (const scanned of surveyed) {
      await survey.take(scanned);
      await recorder.take({ ...scanned, changed: [] });
    }
    if (places !== undefined && guard.isDoubtful(survey)) {
      // What is much of some directories may be little of all, or lie elsewhere by now.
      await recorder.abandon();
      const { places: _, ...everywhere } = options;
      return await recordWorkingCopy(session, folder, place, everywhere, context);
    }
    await guard.check(survey, () => stillGone(session, folder, survey, signal));
    for await (const scanned of scanFolder(
      session,
      folder,
      signal,
      changedPlaces(survey, options.within),
      watcher,
    )) {
      await recorder.take(scanned);
    }
    await guard.check(survey, () => recorder.countGone());
    await recorder.recordGone();
    await recorder.finish();
    place.noteRoot?.(guard.identity);
  } catch (error) {
    await recorder.abandon();
    throw error;
  }
  return recorder.counts;
}

async function bodyIfKept(folder: OpenFolder, version: Parent): Promise<Body | undefined> {
  try {
    return await folder.log.body(await folder.log.link(version));
  } catch (error) {
    if (!isLoss(error) && !isVaultError(error, 'VAULT_EXPIRED')) throw error;
    return undefined;
  }
}

/**
 * Current versions of a path that the working copy does not show, such as its deletion. Most new
 * names never had any, so the names that did are looked up once for each directory.
 */
export function currentVersions(folder: OpenFolder): (path: string) => Promise<readonly Parent[]> {
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
  return async (local) => {
    const path = folder.aliases.toPath(local);
    const names = await namesIn(directoryOf(path));
    if (names.size === 0 || !names.has(mapKey(folder.log.paths.nameKey(path)))) return [];
    const tree = foldLinks(await folder.log.linksOf(path), {
      nodeName: () => '',
      versionId: () => '',
    });
    const state = tree.states.get(path);
    if (state === undefined) return [];
    return isShared(folder.log) ? parentsOfUnseen(folder.log, state) : parentsOfEdit(state);
  };
}

async function formerNames(folder: OpenFolder, directory: string): Promise<ReadonlySet<string>> {
  const { paths } = folder.log;
  // Most directories are new, or unknown: one look-up instead of a scan.
  if ((await paths.count(directory)) === 0) return new Set();
  const pointers = await paths.pointers(directory);
  return new Set(pointers?.map(({ nameKey }) => mapKey(nameKey)));
}
