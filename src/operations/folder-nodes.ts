/** Nodes as the logs of one folder tell of them, by the static keys that they come with. */

import { toHex } from '../bytes.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { NodeId } from '../log/types.ts';
import type { PeerKey } from '../net/peer-keeper.ts';

/** A node that is or was a member of the folder. */
export interface KnownNode {
  readonly node: NodeId;
  /** As it calls itself; undefined where none of its logs is here. */
  readonly name: string | undefined;
  /** Whether it is a member now, with this key. */
  readonly isMember: boolean;
}

export function nodesOf(folder: OpenFolder): ReadonlyMap<PeerKey, readonly KnownNode[]> {
  const { log } = folder;
  const names = new Map<NodeId, string>();
  for (const { log: id } of log.heads.values()) {
    const owner = log.members.ownerOf(id);
    if (owner !== undefined) names.set(owner.node, owner.name);
  }
  const known = new Map<PeerKey, KnownNode[]>();
  const { membership } = log.members;
  for (const { record } of membership?.accepted ?? []) {
    const { node } = record;
    const key = toHex(record.exchangeKey);
    const before = known.get(key) ?? [];
    if (before.some((one) => one.node === node)) continue;
    const { exchangeKey } = membership?.members.get(node) ?? {};
    const isMember = exchangeKey !== undefined && toHex(exchangeKey) === key;
    known.set(key, [...before, { node, name: names.get(node), isMember }]);
  }
  // Who this node joined through, until the logs tell more.
  for (const { node, exchangeKey } of folder.members) {
    if (exchangeKey === undefined || log.members.knows(node)) continue;
    const key = toHex(exchangeKey);
    const before = known.get(key) ?? [];
    known.set(key, [...before, { node, name: names.get(node), isMember: true }]);
  }
  return known;
}
