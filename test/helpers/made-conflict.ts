/** A conflict in a home on the real disk, as if another machine had edited a file at the same time. */

import { FolderSet } from '../../src/home/folder-set.ts';
import { Home } from '../../src/home/home.ts';
import { systemEnvironment } from '../../src/home/system-environment.ts';
import { SharedNode } from './shared-node.ts';

/** Has a node in memory join the folder `name` of a home that its device key opens, and edit a file there. */
export async function makeConflict(home: string, name: string, path: string): Promise<void> {
  const environment = systemEnvironment();
  const lock = { waitMs: 5000, signal: new AbortController().signal };
  const opened = await Home.open(environment, home, () => Promise.resolve(undefined), lock);
  const folders = new FolderSet(environment, opened);
  try {
    const folder = await folders.open(folders.find(name, '/'));
    const session = { environment, home: opened, folders };
    const other = await SharedNode.joined('elsewhere', { session, folder });
    other.put({ [path]: 'edited elsewhere' });
    await other.record();
    // It is known to be a member once the admission is read, here as there.
    await other.giveTo({ folder });
  } finally {
    await folders.close();
    await environment.pool.close();
    await opened.close();
  }
}
