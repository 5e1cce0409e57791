/** What the processes below one hold, as Linux tells in `/proc`. */

import { readFileSync } from 'node:fs';

/** Resident bytes of all processes below `pid`, without its own; 0 where that cannot be told. */
export function residentBelow(pid: number): number {
  let bytes = 0;
  const open = childrenOf(pid);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    bytes += residentOf(next);
    open.push(...childrenOf(next));
  }
  return bytes;
}

/** Children by whichever thread they were started: `children` lists those of one thread. */
function childrenOf(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  return text.split(' ').filter(Boolean).map(Number);
}

function residentOf(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kibibytes ?? 0) * 1024;
}

/** Empty for a process that has ended meanwhile, or a system without `/proc`. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
