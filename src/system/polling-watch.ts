/**
 * Looks at stats again and again, where the system tells nothing: network mounts, on which others write
 * too, and drives that can be pulled out.
 */

import { watch } from 'chokidar';
import { lastName } from '../folder-path.ts';
import { isTextPath } from '../path-bytes.ts';
import { directoryWatch, presenceOf } from './directory-watch.ts';
import type { StartWatch } from './tree-watch.ts';

export interface PollingOptions {
  /** Milliseconds between two looks at a file. Default 2,000. */
  readonly intervalMs?: number;
  /** Directories that are looked at, at most: those in which something changed last. Default 512. */
  readonly mostDirectories?: number;
}

const INTERVAL_MS = 2_000;
const MOST_DIRECTORIES = 512;

/** Polls the directories that were entered, and the files in them. */
export function pollingWatch({
  intervalMs = INTERVAL_MS,
  mostDirectories = MOST_DIRECTORIES,
}: PollingOptions = {}): StartWatch {
  return directoryWatch({
    mostQueued: Infinity,
    most: {
      directories: mostDirectories,
      trouble: {
        message: `only ${mostDirectories} directories are polled: their file system tells no changes`,
        remedy: 'what changes in others is found by the next look at everything',
      },
    },
    watchOne(path, onEvent, onEnd) {
      // It takes text only; a look at everything finds what changes below other names.
      if (!isTextPath(path)) return { isThere: () => true, close: () => undefined };
      const isThere = presenceOf(path);
      const watcher = watch(path, {
        usePolling: true,
        // One that was closed while it began would keep the process alive.
        persistent: false,
        interval: intervalMs,
        binaryInterval: intervalMs,
        depth: 0,
        ignoreInitial: true,
        ignorePermissionErrors: true,
        followSymlinks: false,
        atomic: false,
      });
      watcher.on('all', (_event, changed) => {
        onEvent('rename', changed.includes('\ufffd') ? undefined : lastName(changed));
      });
      watcher.on('error', onEnd);
      return { isThere, close: () => watcher.close() };
    },
  });
}
