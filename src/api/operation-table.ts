/** The operations that are served: what each is called with, so that one sender and one receiver do for all. */

import type { VaultApi } from '../operations/api.ts';

/**
 * `plain`: with plain data only. `told`: after it comes who is told what happens, and can be asked and
 * interrupt. `content`: between them comes who takes the content.
 */
export type Shape = 'plain' | 'told' | 'content';

export type ServedName = Exclude<keyof VaultApi, 'close'>;

export const shapes: Readonly<Record<ServedName, Shape>> = {
  status: 'told',
  snapshot: 'told',
  snapshots: 'told',
  ls: 'told',
  cat: 'content',
  diff: 'told',
  log: 'told',
  show: 'told',
  find: 'told',
  stats: 'told',
  restore: 'told',
  revert: 'told',
  undo: 'told',
  conflicts: 'told',
  resolve: 'told',
  verify: 'told',
  folderAdd: 'told',
  folderList: 'told',
  folderShow: 'told',
  folderSet: 'told',
  folderMove: 'told',
  folderLock: 'told',
  folderUnlock: 'told',
  folderRemove: 'told',
  invite: 'told',
  inviteList: 'told',
  inviteRevoke: 'told',
  join: 'told',
  memberList: 'told',
  memberRemove: 'told',
  memberRole: 'told',
  keyList: 'told',
  keyAdd: 'told',
  keyRemove: 'told',
  keyChangePassphrase: 'told',
  keyRecoveryCode: 'told',
  sync: 'told',
  peerList: 'told',
  peerAdd: 'told',
  peerRemove: 'told',
  deny: 'told',
  allow: 'told',
  configGet: 'plain',
  configSet: 'plain',
  configList: 'told',
};
