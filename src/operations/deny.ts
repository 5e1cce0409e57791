/** `deny` and `allow`: this node's own deny list, which beats everything and needs nobody's agreement. */

import { VaultError } from '../errors.ts';
import type { Denial } from '../home/peer-file.ts';
import { MAX_DENIALS } from '../limits.ts';
import type { MemberRecord } from '../log/types.ts';
import { findNode, knownNodes } from './known-nodes.ts';
import type { FolderArgument } from './operation.ts';
import type { Session } from './session.ts';

export interface DenyOptions {
  /** What it calls itself, its id, or a unique beginning of that. */
  readonly node: string;
  /** Default every folder, also those to come. */
  readonly folder?: FolderArgument;
}

export interface DenyResult {
  /** Full id in hex. */
  readonly node: string;
  /** Its name as it calls itself; null where none of its logs is here. */
  readonly name: string | null;
  /** Id in hex; null for every folder. */
  readonly folder: string | null;
  /** False where it was so before. */
  readonly changed: boolean;
}

/**
 * Locks a node out here: nothing of it is taken, nothing is told to it, and to it this is as if it had never been
 * a member. What it wrote before stays; what it writes from now on is set aside. Durable on return. Throws
 * `VAULT_NOT_FOUND`, and `VAULT_USAGE` for this node itself.
 */
export async function denyNode(session: Session, options: DenyOptions): Promise<DenyResult> {
  const { home, folders } = session;
  const folder = options.folder === undefined ? undefined : folders.find(options.folder, '/');
  if (options.node === home.identity.id || options.node === home.setting('name')) {
    throw new VaultError('VAULT_USAGE', 'this is the node that would be locked out');
  }
  const { node, name, logs } = findNode(await knownNodes(session), options.node);
  const { denials } = home.peers;
  const result = { node, name: name ?? null, folder: folder?.id ?? null };
  const isThere = (one: Denial): boolean => one.node === node && one.folder === folder?.id;
  if (denials.some(isThere)) return { ...result, changed: false };
  if (denials.length >= MAX_DENIALS) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `more than ${MAX_DENIALS} nodes would be denied`);
  }
  const cutoffs: MemberRecord['cutoffs'][number][] = [];
  for (const listed of folder === undefined ? folders.list().folders : [folder]) {
    const { log } = await folders.open(listed);
    for (const head of log.heads.values()) {
      if (logs.get(listed.id)?.includes(head.log) !== true) continue;
      cutoffs.push({ log: head.log, seq: head.seq, hash: head.hash });
    }
  }
  home.updatePeers({ denials: [...denials, { node, folder: folder?.id, cutoffs }] });
  return { ...result, changed: true };
}

/**
 * Takes a node off the deny list: of one folder, or without one altogether. What was set aside counts again if it is a
 * member still. Durable on return. Throws `VAULT_NOT_FOUND`; and `VAULT_USAGE` where it is denied in every
 * folder and one is named.
 */
export async function allowNode(session: Session, options: DenyOptions): Promise<DenyResult> {
  const { home, folders } = session;
  const folder = options.folder === undefined ? undefined : folders.find(options.folder, '/');
  const { node, name } = findNode(await knownNodes(session), options.node);
  const { denials } = home.peers;
  const isMeant = (one: Denial): boolean =>
    one.node === node && (folder === undefined || one.folder === folder.id);
  const isEverywhere = denials.some((one) => one.node === node && one.folder === undefined);
  if (folder !== undefined && isEverywhere) {
    throw new VaultError('VAULT_USAGE', 'the node is denied in every folder', {
      hint: 'allow it without naming a folder, and deny it where it is not wanted',
    });
  }
  const left = denials.filter((one) => !isMeant(one));
  if (left.length < denials.length) home.updatePeers({ denials: left });
  return {
    node,
    name: name ?? null,
    folder: folder?.id ?? null,
    changed: left.length < denials.length,
  };
}
