/** What a directory lies on, as Linux tells in `/proc`. */

import { readFileSync, statSync } from 'node:fs';

/** Bytes of the sectors that `/proc/diskstats` counts in, whatever the device has. */
const SECTOR_BYTES = 512;

/** Bytes ever written to the device of `path`; undefined where none is counted (tmpfs, overlays). */
export function writtenToDevice(path: string): number | undefined {
  const device = statSync(path).dev;
  return writtenIn(readProc('/proc/diskstats'), majorOf(device), minorOf(device));
}

/** The same from the text of `/proc/diskstats`. */
export function writtenIn(diskstats: string, major: number, minor: number): number | undefined {
  for (const line of diskstats.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (Number(fields[0]) === major && Number(fields[1]) === minor && fields.length >= 10) {
      return Number(fields[9]) * SECTOR_BYTES;
    }
  }
  return undefined;
}

/** Type and mount options of the file system of `path`. */
export function fileSystemOf(path: string): string {
  return mountIn(readProc('/proc/self/mountinfo'), path) ?? 'unknown file system';
}

/** The same from the text of `/proc/self/mountinfo`: the last mount of the longest path above `path`. */
export function mountIn(mountinfo: string, path: string): string | undefined {
  let best: { point: string; text: string } | undefined;
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , , point, options] = left.split(' ');
    const [type] = right.split(' ');
    if (point === undefined || options === undefined || !type) continue;
    const isAbove = point === '/' || path === point || path.startsWith(`${point}/`);
    if (isAbove && point.length >= (best?.point.length ?? 0)) {
      best = { point, text: `${type} (${options})` };
    }
  }
  return best?.text;
}

/** As `gnu_dev_major` and `gnu_dev_minor` of glibc take a device number apart. */
function majorOf(device: number): number {
  const number = BigInt(device);
  return Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n));
}

function minorOf(device: number): number {
  const number = BigInt(device);
  return Number((number & 0xffn) | ((number >> 12n) & 0xffffff00n));
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not Linux
  }
}
