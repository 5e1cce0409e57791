/** Being the daemon of a home on this machine. */

import { systemEnvironment } from '../home/system-environment.ts';
import { homeLayout } from '../home/home-layout.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import { FileLog } from './file-log.ts';
import type { SocketPlaces } from './socket-place.ts';

export interface StartDaemonOptions
  extends
    Pick<
      DaemonOptions,
      'home' | 'listen' | 'watch' | 'waitLockMs' | 'signal' | 'secret' | 'program'
    >,
    SocketPlaces {
  /** Takes lines of the log; undefined: they go to files in the home. */
  readonly log: ((line: string) => void) | undefined;
}

/** Starts it. Throws as `Daemon.start` does. */
export async function startDaemon(options: StartDaemonOptions): Promise<Daemon> {
  const { log: write, platform, runtimeDirectory, temporaryDirectory, ...rest } = options;
  const environment = systemEnvironment();
  const { fileSystem, clock } = environment;
  const log =
    write === undefined ? new FileLog(fileSystem, clock, homeLayout(options.home).logs) : { write };
  const places = { platform, runtimeDirectory, temporaryDirectory };
  return Daemon.start({ ...rest, places, log }, environment);
}
