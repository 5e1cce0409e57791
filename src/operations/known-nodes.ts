/** Nodes as people name them: those that the logs of this home's folders tell of, and those it locked out. */

import { VaultError } from '../errors.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { LogId, NodeId } from '../log/types.ts';
import type { Session } from './session.ts';

/** A node, and its logs in each folder that tells of it. */
export interface NamedNode {
  readonly node: NodeId;
  /** As it calls itself; undefined where none of its logs is here. */
  readonly name: string | undefined;
  /** By ids of folders in hex. */
  readonly logs: ReadonlyMap<string, readonly LogId[]>;
}

/** Every node but this one that is or was a member of one of these folders, or writes a log there. */
export async function knownNodes(
  session: Session,
  folders: readonly ListedFolder[] = session.folders.list().folders,
): Promise<ReadonlyMap<NodeId, NamedNode>> {
  const nodes = new Map<NodeId, KnownSoFar>();
  const of = (node: NodeId): KnownSoFar => {
    const one = nodes.get(node) ?? { node, name: undefined, logs: new Map() };
    nodes.set(node, one);
    return one;
  };
  for (const listed of folders) {
    const { log } = await session.folders.open(listed);
    const { membership } = log.members;
    for (const { record } of membership?.accepted ?? []) {
      const { logs } = of(record.node);
      if (!logs.has(listed.id)) logs.set(listed.id, []);
    }
    for (const { log: id } of log.heads.values()) {
      const owner = log.members.ownerOf(id);
      if (owner === undefined) continue;
      const one = of(owner.node);
      one.name = owner.name;
      one.logs.set(listed.id, [...(one.logs.get(listed.id) ?? []), id]);
    }
  }
  for (const { node } of session.home.peers.denials) of(node);
  nodes.delete(session.home.identity.id);
  return nodes;
}

interface KnownSoFar extends NamedNode {
  name: string | undefined;
  readonly logs: Map<string, readonly LogId[]>;
}

/**
 * The node that `text` names: what it calls itself, its id or a unique beginning of that. Throws `VAULT_NOT_FOUND`
 * or, where several fit, `VAULT_USAGE`; both say which nodes there are.
 */
export function findNode(nodes: ReadonlyMap<NodeId, NamedNode>, text: string): NamedNode {
  const all = [...nodes.values()];
  const isId = /^[0-9a-f]{4,64}$/.test(text);
  const named = all.filter(({ name }) => name === text);
  const fitting =
    named.length > 0 ? named : isId ? all.filter((one) => one.node.startsWith(text)) : [];
  const [found, another] = fitting;
  const hint =
    all.length === 0
      ? 'no other node is known yet'
      : `the nodes are ${all.map(({ node, name }) => `${name ?? 'unnamed'} (${node.slice(0, 8)})`).join(', ')}`;
  const quoted = JSON.stringify(text);
  if (found === undefined)
    throw new VaultError('VAULT_NOT_FOUND', `there is no node ${quoted}`, { hint });
  if (another !== undefined) {
    throw new VaultError('VAULT_USAGE', `${quoted} fits several nodes`, { hint });
  }
  return found;
}
