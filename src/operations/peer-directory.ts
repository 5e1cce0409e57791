/** Who the peers of this node are, made from what its folders and its own deny list say. Pure. */

import type { Denial } from '../home/peer-file.ts';
import type { NodeId } from '../log/types.ts';
import type { PeerKey } from '../net/peer-keeper.ts';
import type { KnownNode } from './folder-nodes.ts';

/** A folder as far as it says who belongs to it. */
export interface DirectoryFolder {
  /** Id in hex. */
  readonly id: string;
  readonly known: ReadonlyMap<PeerKey, readonly KnownNode[]>;
}

export interface KnownPeer {
  readonly key: PeerKey;
  readonly node: NodeId;
  readonly name: string | undefined;
  /** Ids of the folders of which it is a current, undenied member. */
  readonly folders: ReadonlySet<string>;
}

/**
 * Members of any of `folders` that are not denied there, by their static keys. A key is denied with any node
 * that ever had it, in any folder: another node id does not bring it back in.
 */
export function directoryOf(
  folders: readonly DirectoryFolder[],
  denials: readonly Denial[],
  own: PeerKey,
): ReadonlyMap<PeerKey, KnownPeer> {
  const nodes = new Map<PeerKey, Set<NodeId>>();
  for (const { known } of folders) {
    for (const [key, all] of known) {
      const ids = nodes.get(key) ?? new Set();
      for (const { node } of all) ids.add(node);
      nodes.set(key, ids);
    }
  }
  const isDenied = (key: PeerKey, folder: string): boolean =>
    denials.some(
      (denial) =>
        (denial.folder === undefined || denial.folder === folder) &&
        nodes.get(key)?.has(denial.node) === true,
    );
  const peers = new Map<PeerKey, KnownPeer & { readonly folders: Set<string> }>();
  for (const { id, known } of folders) {
    for (const [key, all] of known) {
      const member = all.find(({ isMember }) => isMember);
      if (member === undefined || key === own || isDenied(key, id)) continue;
      const before = peers.get(key);
      const { node } = before ?? member;
      const name = before?.name ?? member.name;
      peers.set(key, { key, node, name, folders: new Set([...(before?.folders ?? []), id]) });
    }
  }
  return peers;
}
