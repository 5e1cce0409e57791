/** A home on the real disk and another node in memory that share a folder. */

import { FolderSet } from '../../src/home/folder-set.ts';
import { Home } from '../../src/home/home.ts';
import type { OpenFolder } from '../../src/home/open-folder.ts';
import { systemEnvironment } from '../../src/home/system-environment.ts';
import type { Session } from '../../src/operations/session.ts';
import { SharedNode } from './shared-node.ts';

interface OpenedHere {
  readonly session: Session;
  readonly folder: OpenFolder;
}

/** Opens the folder `name` of a home that its device key opens, does `work`, and closes it. */
export async function withFolder<T>(
  home: string,
  name: string,
  work: (opened: OpenedHere) => Promise<T>,
): Promise<T> {
  const environment = systemEnvironment();
  const lock = { waitMs: 5000, signal: new AbortController().signal };
  const opened = await Home.open(environment, home, () => Promise.resolve(undefined), lock);
  const folders = new FolderSet(environment, opened);
  try {
    const folder = await folders.open(folders.find(name, '/'));
    return await work({ session: { environment, home: opened, folders }, folder });
  } finally {
    await folders.close();
    await environment.pool.close();
    await opened.close();
  }
}

/** Has a node in memory join the folder `name` of a home, and edit a file there, as if another machine had. */
export function makeConflict(home: string, name: string, path: string): Promise<void> {
  return withFolder(home, name, async (here) => {
    const other = await SharedNode.joined('elsewhere', here);
    other.put({ [path]: 'edited elsewhere' });
    await other.record();
    // It is known to be a member once the admission is read, here as there.
    await other.giveTo(here);
  });
}
