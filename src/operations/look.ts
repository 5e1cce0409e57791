/** `snapshots`, `ls`, `cat`: looking into a folder's past without changing anything. */

import type { Manifest } from '../chunking/manifest.ts';
import { isLoss, VaultError } from '../errors.ts';
import { contentCodec, type ContentSecrets } from '../folder/content-codec.ts';
import { contentPieces } from '../folder/content-pieces.ts';
import { ValueSource } from '../folder/value-source.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { TreeEntry } from '../log/folder-tree.ts';
import { TreeView } from '../log/tree-view.ts';
import type { Body, SnapshotRecord } from '../log/types.ts';
import { nameOf, versionId } from '../log/version-name.ts';
import type { CatOptions, LsOptions } from './look-options.ts';
import type { OperationContext } from './operation.ts';
import type { SnapshotsOptions } from './whole-folder-options.ts';
import { isShared } from './edit-parents.ts';
import { ExpectedContents } from './expected-contents.ts';
import { momentOf } from './moment.ts';
import { snapshotRecords } from './named-state.ts';
import { noSuchPath, pathInFolder } from './path-in-folder.ts';
import { chosenFolders, folderOfPaths, foldersOrHere, withIndex, type Session } from './session.ts';
import { timeText } from './time-text.ts';
import { answerValues } from './values.ts';
import { snapshotItem } from './version-item.ts';

/** Every snapshot of the folders, oldest first. */
export async function listSnapshots(
  session: Session,
  options: SnapshotsOptions,
  context: OperationContext,
): Promise<{ readonly snapshots: number; readonly damaged: number }> {
  let snapshots = 0;
  let damaged = 0;
  const { folders, cwd } = options;
  const chosen =
    cwd === undefined ? chosenFolders(session, folders) : foldersOrHere(session, folders, cwd);
  for (const listed of chosen) {
    const folder = await session.folders.open(listed);
    const warn = (message: string): void => context.emit({ type: 'warning', message });
    const records = await withIndex(
      folder,
      async () => {
        const lost: VaultError[] = [];
        const found: SnapshotRecord[] = [];
        for await (const { record } of snapshotRecords(folder.log, (error) => lost.push(error))) {
          found.push(record);
        }
        for (const { message } of lost) warn(message);
        damaged += lost.length;
        return found;
      },
      warn,
    );
    if (folder.log.lostEntries.length > 0) {
      damaged++;
      warn('part of the log is lost, snapshots perhaps too');
    }
    for (const record of records) {
      snapshots++;
      context.emit({ type: 'item', item: snapshotItem(session, folder, record) });
    }
  }
  return { snapshots, damaged };
}

/** Names under the given paths (the root where none is given), with what each shows. */
export async function ls(
  session: Session,
  options: LsOptions,
  context: OperationContext,
): Promise<{ readonly entries: number; readonly damaged: number }> {
  const folder = await session.folders.open(folderOfPaths(session, options));
  let entries = 0;
  let damaged = 0;
  const run = async (): Promise<void> => {
    entries = 0;
    damaged = 0;
    let told = '';
    const tell = (path: string, { message }: VaultError): void => {
      damaged++;
      // Names that are lost with one entry are told once for each directory.
      if (told === `${path}: ${message}`) return;
      told = `${path}: ${message}`;
      context.emit({ type: 'warning', path, message });
    };
    const moment = await momentOf(folder.log, options.at, session.environment.clock);
    const view = await TreeView.open(folder.log, moment);
    const emit = async (entry: TreeEntry): Promise<void> => {
      entries++;
      context.emit({ type: 'item', item: await entryItem(folder, entry, tell) });
      await context.ready?.();
    };
    for (const error of view.lostEntries) tell('', error);
    const walk = async (directory: string): Promise<void> => {
      context.signal.throwIfAborted();
      const listed = await view.list(directory);
      for (const { path, error } of listed?.damage ?? []) tell(path ?? directory, error);
      for (const entry of listed?.entries ?? []) {
        await emit(entry);
        if (options.recursive === true && entry.kind === 'directory') await walk(entry.path);
      }
    };
    for (const typed of options.paths.length === 0 ? [''] : options.paths) {
      const path = typed === '' ? '' : pathInFolder(session, folder, typed, options.cwd);
      const found = path === '' ? undefined : await view.find(path);
      if (path !== '' && found === undefined) throw noSuchPath(path);
      if (found === undefined || found.kind === 'directory') await walk(path);
      else await emit(found);
    }
  };
  await withIndex(folder, run, (message) => context.emit({ type: 'warning', message }));
  return { entries, damaged };
}

/** The content of files, one after another, each piece verified before it is given. */
export async function cat(
  session: Session,
  options: CatOptions,
  write: (piece: Uint8Array) => Promise<void>,
  context: OperationContext,
): Promise<{ readonly bytes: number }> {
  if (options.paths.length === 0) throw new VaultError('VAULT_USAGE', 'which file is meant?');
  const folder = await session.folders.open(folderOfPaths(session, options));
  let bytes = 0;
  for (const typed of options.paths) {
    const path = pathInFolder(session, folder, typed, options.cwd);
    let written = 0;
    const print = async (): Promise<void> => {
      const moment = await momentOf(folder.log, options.at, session.environment.clock);
      const view = await TreeView.open(folder.log, moment);
      const values = await valueSource(folder);
      const manifest = await manifestAt(folder, view, path, values);
      for await (const { offset, plain } of contentPieces(manifest, values)) {
        context.signal.throwIfAborted();
        // Where the index is mended on the way, what was written before is not written twice.
        const piece = plain.subarray(Math.max(0, written - offset));
        if (piece.length > 0) await write(piece);
        written = Math.max(written, offset + plain.length);
      }
    };
    await withIndex(folder, print, (message) => context.emit({ type: 'warning', message }));
    bytes += written;
  }
  return { bytes };
}

/** Throws `VAULT_CHUNK_MISSING` where its content is elsewhere. */
async function manifestAt(
  folder: OpenFolder,
  view: TreeView,
  path: string,
  values: ValueSource,
): Promise<Manifest> {
  const entry = await view.find(path);
  if (entry?.version === undefined) throw noSuchPath(path);
  if (entry.kind !== 'file') {
    throw new VaultError('VAULT_USAGE', `${JSON.stringify(path)} is a ${entry.kind}, not a file`);
  }
  if (isShared(folder.log)) {
    const expected = await ExpectedContents.open(folder);
    const isHere = await expected.isHere(entry.version, values);
    if (!isHere && !(await expected.isExpected(entry.version)))
      throw expected.elsewhere(entry.version);
  }
  const { manifest } = await folder.log.body(entry.version);
  if (manifest === undefined) throw new VaultError('VAULT_ENTRY_INVALID', 'a file without content');
  return manifest;
}

/** Opens content of a folder in this thread. */
export async function valueSource(folder: OpenFolder): Promise<ValueSource> {
  const { secret, epochs, params } = folder.state;
  const secrets: ContentSecrets = { folderSecret: secret, epochs, params, level: 0 };
  return new ValueSource(await contentCodec(secrets), {
    ask: (question) => answerValues(folder.store, question),
  });
}

/** A name with what it shows; `onLost` is told where its body cannot be read. */
export async function entryItem(
  folder: OpenFolder,
  entry: TreeEntry,
  onLost: (path: string, error: VaultError) => void,
): Promise<{ type: string } & Record<string, unknown>> {
  const { path, kind, version, copyOf } = entry;
  const item: { type: string } & Record<string, unknown> = { type: 'entry', path, kind };
  if (copyOf !== undefined) item['copyOf'] = copyOf;
  if (version === undefined) return item;
  item['version'] = versionId(nameOf(version));
  item['time'] = timeText(version.time);
  if (kind === 'directory') return item;
  let body: Body;
  try {
    body = await folder.log.body(version);
  } catch (error) {
    if (!isLoss(error)) throw error;
    onLost(path, error);
    return item;
  }
  item['size'] = body.manifest?.size ?? 0;
  item['modified'] = timeText(Number(body.mtimeNs / 1000n));
  item['executable'] = body.executable;
  if (body.symlink !== undefined) item['target'] = body.symlink;
  if (body.unstable) item['unstable'] = true;
  return item;
}
