/** What tells the root of a working copy from another directory at its path. Pure. */

import type { FileStat } from '../system/file-system.ts';

/** `device:inode:born`, to be kept. */
export function rootIdentity({ device, inode, bornNs }: FileStat): string {
  return `${device}:${inode}:${bornNs}`;
}

/**
 * Whether a root is the one that was kept. Systems number their devices anew when drives come and go, so
 * where it is known when the directory was made, that counts instead.
 */
export function isSameRoot(kept: string, now: FileStat): boolean {
  const [device, inode, born = '0'] = kept.split(':');
  if (inode !== String(now.inode)) return false;
  if (born !== '0' && now.bornNs !== 0n) return born === String(now.bornNs);
  return device === String(now.device);
}
