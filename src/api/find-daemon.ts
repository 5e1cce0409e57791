/** Whether a daemon has a home: loads nothing more where none does. */

import { homeLayout } from '../home/home-layout.ts';
import { systemClock } from '../clock.ts';
import { systemRandom } from '../random.ts';
import { realFileSystem } from '../system/real-file-system.ts';
import { readDaemonFile } from './daemon-file.ts';
import type { RunningDaemon } from './running-daemon.ts';

/** The daemon of the home at an absolute path; undefined where none runs. Throws as `RunningDaemon.reach` does. */
export async function findDaemon(
  home: string,
  program: string,
): Promise<RunningDaemon | undefined> {
  const fileSystem = realFileSystem();
  if (readDaemonFile(fileSystem, homeLayout(home).daemon) === undefined) return undefined;
  const { RunningDaemon: Running } = await import('./running-daemon.ts');
  return Running.reach(home, { fileSystem, clock: systemClock, random: systemRandom(), program });
}
