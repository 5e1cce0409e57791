/** All built-in commands, in the order of the help. */

import { configGetCommand, configListCommand, configSetCommand } from './commands/config.ts';
import { catCommand } from './commands/cat.ts';
import { completionCommand } from './commands/completion.ts';
import { conflictsCommand, resolveCommand } from './commands/conflicts.ts';
import { daemonCommand } from './commands/daemon.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventsCommand } from './commands/events.ts';
import {
  folderAddCommand,
  folderListCommand,
  folderRemoveCommand,
  folderSetCommand,
  folderShowCommand,
} from './commands/folder.ts';
import { findCommand } from './commands/find.ts';
import {
  folderLockCommand,
  folderMoveCommand,
  folderUnlockCommand,
} from './commands/folder-place.ts';
import { helpCommand } from './commands/help.ts';
import { initCommand } from './commands/init.ts';
import {
  keyAddCommand,
  keyChangePassphraseCommand,
  keyListCommand,
  keyRecoveryCodeCommand,
  keyRemoveCommand,
} from './commands/key.ts';
import { logCommand, showCommand } from './commands/log.ts';
import { inviteCommand } from './commands/invite.ts';
import { joinCommand } from './commands/join.ts';
import { memberListCommand, memberRemoveCommand, memberRoleCommand } from './commands/member.ts';
import { lsCommand } from './commands/ls.ts';
import {
  allowCommand,
  denyCommand,
  peerAddCommand,
  peerListCommand,
  peerRemoveCommand,
} from './commands/peer.ts';
import { restoreCommand } from './commands/restore.ts';
import { revertCommand, undoCommand } from './commands/revert.ts';
import { serviceInstallCommand, serviceUninstallCommand } from './commands/service.ts';
import { snapshotCommand, snapshotsCommand } from './commands/snapshot.ts';
import { startCommand, stopCommand } from './commands/start-stop.ts';
import { statsCommand } from './commands/stats.ts';
import { statusCommand } from './commands/status.ts';
import { syncCommand } from './commands/sync.ts';
import { upCommand } from './commands/up.ts';
import { verifyCommand } from './commands/verify.ts';
import type { CommandDefinition } from './definition.ts';

export const commands: readonly CommandDefinition[] = [
  upCommand,
  initCommand,
  keyListCommand,
  keyAddCommand,
  keyRemoveCommand,
  keyChangePassphraseCommand,
  keyRecoveryCodeCommand,
  configGetCommand,
  configSetCommand,
  configListCommand,
  daemonCommand,
  startCommand,
  stopCommand,
  serviceInstallCommand,
  serviceUninstallCommand,
  eventsCommand,
  doctorCommand,
  folderAddCommand,
  folderListCommand,
  folderShowCommand,
  folderSetCommand,
  folderMoveCommand,
  folderLockCommand,
  folderUnlockCommand,
  folderRemoveCommand,
  statusCommand,
  statsCommand,
  snapshotCommand,
  snapshotsCommand,
  logCommand,
  showCommand,
  lsCommand,
  findCommand,
  catCommand,
  diffCommand,
  restoreCommand,
  revertCommand,
  undoCommand,
  conflictsCommand,
  resolveCommand,
  verifyCommand,
  inviteCommand,
  joinCommand,
  syncCommand,
  peerListCommand,
  peerAddCommand,
  peerRemoveCommand,
  denyCommand,
  allowCommand,
  memberListCommand,
  memberRemoveCommand,
  memberRoleCommand,
  helpCommand(() => commands),
  completionCommand(() => commands),
];
