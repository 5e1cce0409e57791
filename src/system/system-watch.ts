/** Which way of watching fits where a tree lies. */

import { statfsSync } from 'node:fs';
import { systemCode } from '../errors.ts';
import { nativePath } from '../path-bytes.ts';
import { directoryWatch } from './directory-watch.ts';
import { pollingWatch } from './polling-watch.ts';
import { recursiveWatch } from './recursive-watch.ts';
import type { StartWatch } from './tree-watch.ts';

/** File systems of Linux (`statfs(2)`) that others write to unseen, or that are pulled out. */
const POLLED: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2 and later
  0x517b, // SMB
  0x65735546, // FUSE: sshfs, rclone, NTFS
  0x01021997, // 9P
  0x5346414f, // AFS
  0x00c36400, // Ceph
  0x4d44, // FAT
  0x2011bab0, // exFAT
]);

/** Watches a tree of this machine. */
export const systemWatch: StartWatch = (root, events) => {
  if (process.platform !== 'linux') return recursiveWatch(root, events);
  return (isPolled(root) ? pollingWatch() : directoryWatch())(root, events);
};

/** Whether changes at a path of Linux are to be found by polling. */
function isPolled(path: string): boolean {
  try {
    return POLLED.has(Number(statfsSync(nativePath(path)).type) >>> 0);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    // It is not there, or cannot be asked: directories are watched as they come.
    return false;
  }
}
