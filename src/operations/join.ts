/** `join`: a folder of other nodes comes here. */

import { equalBytes, toHex } from '../bytes.ts';
import { isVaultError, VaultError } from '../errors.ts';
import { rootIdentity } from '../folder/root-identity.ts';
import { noExcludes } from '../folder/excludes.ts';
import type { FolderState, Introducer } from '../home/folder-file.ts';
import { realPathOfMissing, type ListedFolder } from '../home/folder-set.ts';
import { isLabel } from '../home/settings.ts';
import { MAX_GIVEN_ADDRESSES } from '../limits.ts';
import { callIssuer, type DialAs } from '../net/join-call.ts';
import { parseInvite, type InviteLine } from '../net/invite-text.ts';
import type { JoinHandover } from '../net/join-message.ts';
import { makeDurableDirectories } from '../system/durable-directories.ts';
import { checkedName, makeFolder } from './add-folder.ts';
import type { JoinOptions, JoinResult } from './member-options.ts';
import type { OperationContext } from './operation.ts';
import { changingFolder, type Session } from './session.ts';
import { checkedPlace } from './working-copy-place.ts';

/**
 * Has the node that made the invite admit this one, and makes the folder here: durable on return, without any
 * content yet. Cut short anywhere, the same line works again for this node, and for no other. Throws
 * `VAULT_USAGE` for what is no invite, `VAULT_EXISTS` where a name or place is taken, `VAULT_REFUSED` where the
 * place overlaps another, and as `callIssuer` does.
 */
export async function join(
  session: Session,
  options: JoinOptions,
  dial: DialAs,
  context: Pick<OperationContext, 'signal'>,
): Promise<JoinResult> {
  const invite = parseInvite(options.invite);
  const { identity } = session.home;
  if (equalBytes(invite.issuer, identity.exchangeKey)) {
    throw new VaultError('VAULT_USAGE', 'this invite was made by this very node', {
      hint: 'use it on another one',
    });
  }
  // What is wrong with name or place is said before anybody is admitted.
  if (options.name !== undefined) checkedName(session, options.name);
  if (options.path !== undefined && options.storedOnly !== true) {
    checkedDirectory(session, options.path);
  }
  const { clock } = session.environment;
  const { signal } = context;
  const call = await callIssuer({ invite, identity, clock, dial, signal });
  try {
    const { handover } = call;
    rememberAddresses(session, invite, handover);
    const known = session.folders.list().folders.find(({ id }) => id === toHex(handover.folder));
    const folder = known
      ? await refresh(session, known, invite, handover)
      : await create(session, options, invite, handover);
    call.joined();
    const { name, path } = folder;
    const { role, issuer } = handover;
    return {
      folder: toHex(handover.folder),
      name,
      path: path ?? null,
      role,
      issuer,
      known: known !== undefined,
    };
  } finally {
    call.close();
  }
}

/** A folder that is here already takes what it lacks: it was joined before, or its node removed and admitted again. */
async function refresh(
  session: Session,
  known: ListedFolder,
  invite: InviteLine,
  handover: JoinHandover,
): Promise<FolderState> {
  return changingFolder(session, known, (folder) => {
    folder.keepSecrets(handover.epochs);
    folder.update({ introducer: introducerOf(invite, handover) });
    return Promise.resolve(folder.state);
  });
}

async function create(
  session: Session,
  options: JoinOptions,
  invite: InviteLine,
  handover: JoinHandover,
): Promise<FolderState> {
  const { random, clock, fileSystem } = session.environment;
  const name = options.name ?? freeName(session, handover.name);
  const path = options.storedOnly === true ? undefined : placeOf(session, options, name);
  if (path !== undefined) makeDurableDirectories(fileSystem, path, 0o777);
  const state: FolderState = {
    id: handover.folder,
    secret: handover.secret,
    incarnation: random.bytes(16),
    epochs: handover.epochs,
    name,
    path,
    params: handover.params,
    paused: false,
    excludes: noExcludes,
    createdMs: Math.floor(clock.wallMs()),
    root: path === undefined ? undefined : rootIdentity(fileSystem.stat(path)),
    lockedAt: undefined,
    introducer: introducerOf(invite, handover),
  };
  await makeFolder(session, state, () => [
    {
      type: 'log-start',
      node: session.home.identity.id,
      nodeName: session.home.setting('name'),
      incarnation: state.incarnation,
      folderSalt: undefined,
      previous: undefined,
    },
  ]);
  return state;
}

function introducerOf({ issuer }: InviteLine, handover: JoinHandover): Introducer {
  return { node: handover.issuer, exchangeKey: issuer, role: handover.role };
}

/** The issuer is found again where it was: known before there is a folder, which would be alone without it. */
function rememberAddresses(
  { home }: Session,
  { addresses: named }: InviteLine,
  { issuer: node }: JoinHandover,
): void {
  const { addresses: known } = home.peers;
  const fresh = named.filter(
    (address) => !known.some((one) => one.address === address && one.node === node),
  );
  const room = MAX_GIVEN_ADDRESSES - known.length;
  if (fresh.length === 0 || room <= 0) return;
  const added = fresh.slice(0, room).map((address) => ({ address, node }));
  home.updatePeers({ addresses: [...known, ...added] });
}

/** The name that was proposed, or one like it that no folder here has. */
function freeName(session: Session, proposed: string): string {
  const name = isLabel(proposed) ? proposed : 'folder';
  for (let count = 1; ; count++) {
    const tried = count === 1 ? name : `${name} ${count}`;
    try {
      return checkedName(session, tried);
    } catch (error) {
      if (!isVaultError(error, 'VAULT_EXISTS')) throw error;
    }
  }
}

/** Where the working copy is to lie: as told, or in a new or empty directory of the folder's name. */
function placeOf(session: Session, options: JoinOptions, name: string): string {
  if (options.path !== undefined) return checkedDirectory(session, options.path);
  const { fileSystem } = session.environment;
  const hint = 'say where: vault join INVITE PATH';
  if (/[/\0]/.test(name) || name === '.' || name === '..') {
    throw new VaultError('VAULT_USAGE', `no directory can be called ${JSON.stringify(name)}`, {
      hint,
    });
  }
  const path = checkedDirectory(session, `${options.cwd}/${name}`);
  const isThere = fileSystem.statIfPresent(path) !== undefined;
  if (isThere && fileSystem.list(path).length > 0) {
    throw new VaultError('VAULT_EXISTS', `${JSON.stringify(path)} is not empty`, { hint });
  }
  return path;
}

/** The canonical form of a path where a directory is, or can be made. Throws `VAULT_EXISTS`, or as `checkedPlace` does. */
function checkedDirectory(session: Session, given: string): string {
  const { fileSystem } = session.environment;
  const path = realPathOfMissing(fileSystem, given);
  const there = fileSystem.statIfPresent(path);
  if (there !== undefined && there.kind !== 'directory') {
    throw new VaultError('VAULT_EXISTS', `${JSON.stringify(given)} is no directory`);
  }
  return checkedPlace(session, given);
}
