/** `folder add`: a new folder with its secrets and the first entry of its log. */

import { fromHex, toHex } from '../bytes.ts';
import { defaultChunkerParams } from '../chunking/params.ts';
import { VaultError } from '../errors.ts';
import { rootIdentity } from '../folder/root-identity.ts';
import { writeFolderFile, type FolderState } from '../home/folder-file.ts';
import { realPathOfMissing, REMOVED, UNFINISHED } from '../home/folder-set.ts';
import { folderLayout } from '../home/home-layout.ts';
import { OpenFolder } from '../home/open-folder.ts';
import { isLabel } from '../home/settings.ts';
import { folderId } from '../log/log-id.ts';
import { signMemberRecord } from '../log/member-record.ts';
import { epochIdOf } from '../log/rotation-record.ts';
import type { HybridTime, RotationRecord } from '../log/types.ts';
import type { StoredRecord } from '../log/other-record.ts';
import type { FolderAddOptions, FolderAddResult } from './folder-options.ts';
import { givenExcludes } from './exclude-settings.ts';
import type { Session } from './session.ts';
import { checkedPlace, demandDirectory } from './working-copy-place.ts';

/**
 * Makes a folder: its secrets, and a log whose first entry names its creator. It is one only once all
 * of that is durable; an unfinished one is removed by the next `folder add`. No file is read yet.
 */
export function addFolder(session: Session, options: FolderAddOptions): Promise<FolderAddResult> {
  // Two at once must not both find the place free.
  return session.folders.inOrder('folder add', () => addInTurn(session, options));
}

async function addInTurn(session: Session, options: FolderAddOptions): Promise<FolderAddResult> {
  const { environment, home } = session;
  const { fileSystem, random, clock } = environment;
  const known = options.orKnown === true ? knownFolder(session, options) : undefined;
  if (known !== undefined) return known;
  const path = options.storedOnly === true ? undefined : checkedRoot(session, options.path);
  const name = checkedName(
    session,
    options.name ?? options.path.split('/').findLast(Boolean) ?? '',
  );
  const excludes = givenExcludes(options);

  const salt = random.bytes(32);
  const id = folderId(home.identity.id, salt);
  const epochSecret = random.bytes(32);
  const nowMs = Math.floor(clock.wallMs());
  const rotation: RotationRecord = {
    type: 'rotation',
    after: [],
    recipients: [
      {
        node: home.identity.id,
        sealed: home.sodium.sealTo(home.identity.exchangeKey, epochSecret, random),
      },
    ],
    time: nowMs * 1000,
  };
  const state: FolderState = {
    id,
    secret: random.bytes(32),
    incarnation: random.bytes(16),
    epochs: [{ id: fromHex(epochIdOf(rotation)), secret: epochSecret }],
    name,
    path,
    params: defaultChunkerParams,
    paused: false,
    excludes,
    createdMs: nowMs,
    lockedAt: undefined,
    root: path === undefined ? undefined : rootIdentity(fileSystem.stat(path)),
  };
  await makeFolder(session, state, (time) => firstRecords(session, state, salt, rotation, time));
  return { folder: toHex(id), name, path: path ?? null, known: false };
}

/** Makes a folder with a log that begins with these records: it is there, durable and whole, or not at all. */
export function makeFolder(
  session: Session,
  state: FolderState,
  records: (time: HybridTime) => readonly StoredRecord[],
): Promise<void> {
  // One after another: what the one before left unfinished is removed.
  return session.folders.inOrder('', () => makeInTurn(session, state, records));
}

async function makeInTurn(
  session: Session,
  state: FolderState,
  records: (time: HybridTime) => readonly StoredRecord[],
): Promise<void> {
  const { environment, home } = session;
  const { fileSystem, random } = environment;
  removeUnfinished(session);
  const root = `${home.layout.folders}/${toHex(random.bytes(8))}`;
  const unfinished = `${root}${UNFINISHED}`;
  fileSystem.makeDirectories(unfinished, 0o700);
  const folder = await OpenFolder.open(environment, home, unfinished, state);
  try {
    await folder.log.append({ versions: [], records: (_clock, time) => records(time) });
  } finally {
    await folder.close();
  }
  const stateFile = folderLayout(unfinished).state;
  writeFolderFile(fileSystem, stateFile, home.keys.folderKey, random, state);
  fileSystem.rename(unfinished, root);
  fileSystem.syncDirectory(home.layout.folders);
}

/** What every log of a folder's creator begins with: who writes it, who is a member, the first epoch. */
function firstRecords(
  { home }: Session,
  state: FolderState,
  salt: Uint8Array,
  rotation: RotationRecord,
  time: HybridTime,
): StoredRecord[] {
  const node = home.identity.id;
  return [
    {
      type: 'log-start',
      node,
      nodeName: home.setting('name'),
      incarnation: state.incarnation,
      folderSalt: salt,
      previous: undefined,
    },
    signMemberRecord((label, message) => home.identity.sign(label, message), state.id, {
      type: 'member',
      action: 'admit',
      node,
      exchangeKey: home.identity.exchangeKey,
      role: 'manage',
      cutoffs: [],
      after: [],
      time,
      by: node,
    }),
    rotation,
  ];
}

/** The canonical path of a directory for a working copy. Throws `VAULT_NOT_FOUND`, or as `checkedPlace` does. */
function checkedRoot(session: Session, given: string): string {
  demandDirectory(session.environment.fileSystem, given);
  return checkedPlace(session, given);
}

/**
 * The folder whose working copy is just this directory. Throws `VAULT_NOT_FOUND` for no directory, `VAULT_EXISTS`
 * where the folder has another name than is wanted.
 */
function knownFolder(
  { environment, folders }: Session,
  options: FolderAddOptions,
): FolderAddResult | undefined {
  demandDirectory(environment.fileSystem, options.path);
  const path = realPathOfMissing(environment.fileSystem, options.path);
  const found = folders.list().folders.find(({ state }) => state.path === path);
  if (found === undefined) return undefined;
  const { name } = found.state;
  if (options.name !== undefined && options.name !== name) {
    throw new VaultError('VAULT_EXISTS', `${JSON.stringify(path)} is the folder ${name} already`, {
      hint: `rename it with: vault folder set ${name} name=${options.name}`,
    });
  }
  return { folder: found.id, name, path, known: true };
}

/** A name for a folder that no other has. Throws `VAULT_USAGE` or `VAULT_EXISTS`. */
export function checkedName({ folders }: Session, name: string): string {
  if (!isLabel(name)) {
    throw new VaultError('VAULT_USAGE', `${JSON.stringify(name)} is no name for a folder`, {
      hint: 'give one with --name',
    });
  }
  if (folders.list().folders.some(({ state }) => state.name === name)) {
    throw new VaultError('VAULT_EXISTS', `there is a folder ${JSON.stringify(name)} already`, {
      hint: 'give another name with --name',
    });
  }
  return name;
}

function removeUnfinished({ environment, home }: Session): void {
  const { fileSystem } = environment;
  for (const { name } of fileSystem.list(home.layout.folders)) {
    if (!name.endsWith(UNFINISHED) && !name.endsWith(REMOVED)) continue;
    fileSystem.removeTree(`${home.layout.folders}/${name}`);
  }
}
