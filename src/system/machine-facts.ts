/** What the machine allows a process, handed in: the real one asks the system, tests say what they want. */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { systemCode } from '../errors.ts';
import { deferred } from '../async.ts';

export type PortState = 'free' | 'taken' | 'forbidden';

export interface MachineFacts {
  /** `20.20.0`. */
  readonly nodeVersion: string;
  /** Files this process may have open at once; undefined where the system does not tell. */
  openFileLimit(): number | undefined;
  /** How much may be watched by all programs of this user (Linux); undefined where there is no such limit. */
  watchLimits(): { readonly directories: number; readonly watchers: number } | undefined;
  /** Whether this process could listen on a TCP port of all addresses. */
  port(port: number): Promise<PortState>;
}

const refusals: Readonly<Partial<Record<string, PortState>>> = {
  EADDRINUSE: 'taken',
  EACCES: 'forbidden',
  EPERM: 'forbidden',
};

export const systemMachine: MachineFacts = {
  nodeVersion: process.versions.node,
  openFileLimit() {
    const limits = linesOf('/proc/self/limits');
    const [soft] = /(?<=^Max open files\s+)\S+/m.exec(limits ?? '') ?? [];
    if (soft === undefined) return undefined;
    return soft === 'unlimited' ? Infinity : Number(soft);
  },
  watchLimits() {
    const of = (name: string): number => Number(linesOf(`/proc/sys/fs/inotify/${name}`));
    const directories = of('max_user_watches');
    const watchers = of('max_user_instances');
    return directories > 0 && watchers > 0 ? { directories, watchers } : undefined;
  },
  async port(port) {
    const answer = deferred<PortState>();
    const server = createServer();
    server.once('error', (error) => {
      const state = refusals[systemCode(error) ?? ''];
      if (state === undefined) answer.reject(error);
      else answer.resolve(state);
    });
    const free: PortState = 'free';
    server.listen(port, () => server.close(() => answer.resolve(free)));
    return answer.promise;
  },
};

/** Undefined on systems that have no such file. */
function linesOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
