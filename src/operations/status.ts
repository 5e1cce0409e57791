/** `status`: what is not yet recorded, and what is wrong. */

import { join } from '../folder-path.ts';
import { IGNORE_FILE } from '../folder/ignore-rules.ts';
import { leftOut, type LeftOut } from '../folder/left-out.ts';
import type { ScanProblem } from '../folder/look.ts';
import { Survey } from '../folder/survey.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { Item, OperationContext } from './operation.ts';
import type { Online } from './online-types.ts';
import { peerItems } from './peers.ts';
import type { StatusOptions, StatusResult } from './whole-folder-options.ts';
import { folderItem } from './folders.ts';
import { conflictsBelow } from './open-conflicts.ts';
import { doubtOf, isRootSwapped } from './deletion-guard.ts';
import {
  changedPlaces,
  neverEntered,
  recordedDirectories,
  scanFolder,
  stillGone,
} from './scan-folder.ts';
import { chosenFolders, failureOfOne, withIndex, type Session } from './session.ts';

/** An item for each folder and each peer, with what is wrong with it; reads no file content. */
export async function status(
  session: Session,
  online: Online | undefined,
  options: StatusOptions,
  context: OperationContext,
): Promise<StatusResult> {
  let pending = 0;
  let conflicts = 0;
  let open = false;
  const chosen = chosenFolders(session, options.folders);
  for (const listed of chosen) {
    const problems = [...(session.folders.troubles.get(listed.id) ?? [])];
    let changes = 0;
    let fought = 0;
    try {
      changes = await changesOf(session, listed, context, problems);
      fought = await conflictsOf(session, listed, context, problems);
      if (options.ignored === true) await listIgnored(session, listed, context);
    } catch (error) {
      const failure = failureOfOne(error);
      if (failure === undefined) throw error;
      problems.push(failure.message);
    }
    pending += changes;
    conflicts += fought;
    open ||= changes > 0 || fought > 0 || problems.length > 0;
    const item = { ...folderItem(listed, problems), pending: changes, conflicts: fought };
    context.emit({ type: 'item', item });
  }
  for (const item of await peerItems(session, online, context)) {
    context.emit({ type: 'item', item });
  }
  const { unreadable } = session.folders.list();
  for (const name of unreadable) {
    open = true;
    context.emit({ type: 'warning', message: `the folder kept in ${name} cannot be read` });
  }
  if (session.environment.fileSystem.statIfPresent(session.home.layout.deviceKey) !== undefined) {
    context.emit({
      type: 'warning',
      message: 'the device key lies inside the home: whoever has this disk can open it',
    });
  }
  return { open, folders: chosen.length, pending, conflicts };
}

async function changesOf(
  session: Session,
  listed: ListedFolder,
  context: OperationContext,
  problems: string[],
): Promise<number> {
  const folder = await session.folders.open(listed);
  problems.push(...folder.problems.splice(0));
  if (listed.state.path === undefined) return 0;
  return withIndex(
    folder,
    () => pendingChanges(session, folder, context, problems),
    (message) => problems.push(message),
  );
}

async function conflictsOf(
  session: Session,
  listed: ListedFolder,
  { signal }: OperationContext,
  problems: string[],
): Promise<number> {
  const folder = await session.folders.open(listed);
  const count = async (): Promise<number> => {
    let conflicts = 0;
    // What is damaged is for verify to list.
    const search = { signal, onDamage: () => undefined };
    for await (const _conflict of conflictsBelow(folder.log, '', search)) conflicts++;
    return conflicts;
  };
  return withIndex(folder, count, (message) => problems.push(message));
}

async function pendingChanges(
  session: Session,
  folder: OpenFolder,
  context: OperationContext,
  problems: string[],
): Promise<number> {
  let changes = 0;
  let unreadable = 0;
  const survey = new Survey((directory) => folder.seen(directory));
  const { signal } = context;
  const note = (found: readonly ScanProblem[]): void => {
    unreadable += found.filter(({ severity }) => severity === 'unreadable').length;
  };
  for await (const scanned of scanFolder(session, folder, signal, recordedDirectories)) {
    await survey.take(scanned);
    note(scanned.problems);
  }
  for await (const { changed, problems: found } of scanFolder(
    session,
    folder,
    signal,
    changedPlaces(survey),
  )) {
    note(found);
    for (const { files, symlinks, newDirectories, gone, doubtful, problems: more } of changed) {
      changes += files.length + symlinks.length + newDirectories.length + gone.length - doubtful;
      note(more);
    }
  }
  const gone = await stillGone(session, folder, survey, signal);
  const doubt = doubtOf(survey, gone, isRootSwapped(session, folder));
  if (doubt !== undefined) problems.push(`${doubt}: a snapshot will stop and ask`);
  if (unreadable > 0)
    problems.push(
      `${unreadable} ${unreadable === 1 ? 'name' : 'names'} in the working copy cannot be read`,
    );
  return changes;
}

/** An item of type `ignored` for each name that is left out of the working copy. */
async function listIgnored(
  session: Session,
  { id, state }: ListedFolder,
  context: OperationContext,
): Promise<void> {
  const { fileSystem } = session.environment;
  if (state.path === undefined) return;
  for (const one of leftOut(fileSystem, state.path, state.excludes, neverEntered(session))) {
    context.signal.throwIfAborted();
    const { path, kind } = one;
    context.emit({ type: 'item', item: { type: 'ignored', folder: id, path, kind, ...why(one) } });
    await context.ready?.();
  }
}

/** What keeps a name out: `by`, and what there is to say of it. */
function why({ why: reason }: LeftOut): Pick<Item, string> {
  switch (reason.by) {
    case 'pattern': {
      const { pattern, file } = reason;
      if (file === undefined) return { by: 'pattern', pattern };
      return { by: 'pattern', pattern, file: join(file.directory, IGNORE_FILE), line: file.line };
    }
    case 'tag':
      return { by: 'tag', tag: reason.tag };
    case 'size':
      return { by: 'size', size: reason.bytes };
    case 'file-system':
      return { by: 'file-system' };
  }
}
