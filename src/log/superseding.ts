/** What superseded one version, without reading the rest of its path's history. */

import type { VaultError } from '../errors.ts';
import { toldLost } from './newest-first.ts';
import type { FolderLog } from './folder-log.ts';
import type { Dot, NamedLink } from './types.ts';

/**
 * The first version in each log that supersedes `link`, in no order: none where it is current. Of its
 * own log only what came after it is read. `onLost` is told of what may be one and cannot be read.
 */
export async function supersedersOf(
  log: FolderLog,
  link: NamedLink,
  onLost: (error: VaultError) => void,
): Promise<NamedLink[]> {
  const found: NamedLink[] = [];
  for (const id of log.heads.keys()) {
    const after = id === link.dot.log ? link.dot : undefined;
    for await (const dot of log.paths.pointersAlong(link.path, id, after)) {
      const other = await log.link(dot).catch(toldLost(onLost));
      if (other?.parents.some((parent) => isSameDot(parent, link.dot)) !== true) continue;
      found.push(other);
      break;
    }
  }
  return found;
}

function isSameDot(a: Dot, b: Dot): boolean {
  return a.seq === b.seq && a.index === b.index && a.log === b.log;
}

/**
 * Whether nothing took the place of `link` as far as can be told: what cannot be read and came after it
 * may have.
 */
export async function isCurrent(log: FolderLog, link: NamedLink): Promise<boolean> {
  let lost = 0;
  const superseders = await supersedersOf(log, link, () => lost++);
  return superseders.length === 0 && lost === 0;
}
