/** How a second node comes to have a folder, as long as nobody can be invited: by hand. */

import { fromHex, toHex } from '../../src/bytes.ts';
import type { Identity } from '../../src/crypto/identity.ts';
import { rootIdentity } from '../../src/folder/root-identity.ts';
import { writeFolderFile, type FolderState } from '../../src/home/folder-file.ts';
import { folderLayout } from '../../src/home/home-layout.ts';
import { OpenFolder } from '../../src/home/open-folder.ts';
import { signMemberRecord } from '../../src/log/member-record.ts';
import type { Session } from '../../src/operations/session.ts';

/** Makes the folder of another node here, with a log of this node's own. */
export async function joinFolder(
  { environment, home }: Session,
  theirs: FolderState,
  nodeName: string,
  path: string,
): Promise<void> {
  const { fileSystem, random } = environment;
  const state = {
    ...theirs,
    incarnation: random.bytes(16),
    path,
    root: rootIdentity(fileSystem.stat(path)),
  };
  const root = `${home.layout.folders}/${toHex(random.bytes(8))}`;
  fileSystem.makeDirectories(root, 0o700);
  const folder = await OpenFolder.open(environment, home, root, state);
  await folder.log.append({
    versions: [],
    records: () => [
      {
        type: 'log-start',
        node: home.identity.id,
        nodeName,
        incarnation: state.incarnation,
        folderSalt: undefined,
        previous: undefined,
      },
    ],
  });
  await folder.close();
  writeFolderFile(fileSystem, folderLayout(root).state, home.keys.folderKey, random, state);
  fileSystem.syncDirectory(root);
  fileSystem.syncDirectory(home.layout.folders);
}

/** Writes that a node is a member that may write. */
export async function admitNode(
  { home }: Session,
  folder: OpenFolder,
  admitted: Identity,
): Promise<void> {
  await folder.log.append({
    versions: [],
    records: (_clock, time) => [
      signMemberRecord((label, message) => home.identity.sign(label, message), fromHex(folder.id), {
        type: 'member',
        action: 'admit',
        node: admitted.id,
        exchangeKey: admitted.exchangeKey,
        role: 'write',
        cutoffs: [],
        after: folder.log.members.membership?.heads ?? [],
        time,
        by: home.identity.id,
      }),
    ],
  });
}
