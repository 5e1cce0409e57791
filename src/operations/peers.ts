/** `peer`: who the other nodes are, how they are doing, and where they may be found. */

import { toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { Denial } from '../home/peer-file.ts';
import { MAX_ADDRESS, MAX_GIVEN_ADDRESSES } from '../limits.ts';
import { dialUrl } from '../net/address.ts';
import { nodesOf } from './folder-nodes.ts';
import { findNode, knownNodes } from './known-nodes.ts';
import type { Item, OperationContext } from './operation.ts';
import type { Online, PeerState } from './online-types.ts';
import { PeerAddresses } from './peer-addresses.ts';
import { directoryOf } from './peer-directory.ts';
import { failureOfOne, type Session } from './session.ts';
import { timeText } from './time-text.ts';

export interface PeerListResult {
  /** Nodes that share a folder with this one. */
  readonly peers: number;
  /** Those with a connection. */
  readonly connected: number;
  /** Addresses that were given for nobody in particular. */
  readonly addresses: readonly string[];
}

export interface PeerAddressOptions {
  /** `host:port`, or the URL of a proxy. */
  readonly address: string;
  /** Whose it is: its name, id, or a unique beginning of that; default whoever is found there. */
  readonly node?: string;
}

/** As kept, with the full id of the node in hex. */
export interface PeerAddressResult {
  readonly address: string;
  readonly node: string | null;
  /** False where it was so before. */
  readonly changed: boolean;
}

/** Emits items of type `peer`, in order of their ids. */
export async function listPeers(
  session: Session,
  online: Online | undefined,
  context: OperationContext,
): Promise<PeerListResult> {
  const items = await peerItems(session, online, context);
  for (const item of items) context.emit({ type: 'item', item });
  return {
    peers: items.length,
    connected: items.filter(({ connected }) => connected === true).length,
    addresses: session.home.peers.addresses
      .filter(({ node }) => node === undefined)
      .map(({ address }) => address),
  };
}

/** Gives an address by hand. Throws `VAULT_USAGE` where it is none, `VAULT_NOT_FOUND`, `VAULT_LIMIT_EXCEEDED`. */
export async function addPeer(
  session: Session,
  { address, node: text }: PeerAddressOptions,
): Promise<PeerAddressResult> {
  dialUrl(address);
  if (address.length > MAX_ADDRESS) throw new VaultError('VAULT_USAGE', 'the address is too long');
  const node = text === undefined ? undefined : findNode(await knownNodes(session), text).node;
  const { addresses } = session.home.peers;
  const isThere = addresses.some((one) => one.address === address && one.node === node);
  if (!isThere) {
    if (addresses.length >= MAX_GIVEN_ADDRESSES) {
      throw new VaultError(
        'VAULT_LIMIT_EXCEEDED',
        `there are ${addresses.length} addresses already`,
      );
    }
    session.home.updatePeers({ addresses: [...addresses, { address, node }] });
  }
  return { address, node: node ?? null, changed: !isThere };
}

/** Takes an address back that was given by hand, whoever it was given for. Throws `VAULT_NOT_FOUND`. */
export function removePeer(
  { home }: Session,
  { address }: Pick<PeerAddressOptions, 'address'>,
): PeerAddressResult {
  const { addresses } = home.peers;
  const left = addresses.filter((one) => one.address !== address);
  if (left.length === addresses.length) {
    throw new VaultError('VAULT_NOT_FOUND', `${JSON.stringify(address)} was not given by hand`, {
      hint: 'list what is known with: vault peer list',
    });
  }
  home.updatePeers({ addresses: left });
  return { address, node: null, changed: true };
}

/** An item of type `peer` for each node that shares a folder with this one, or is locked out of one. */
export async function peerItems(
  session: Session,
  online: Online | undefined,
  context: OperationContext,
): Promise<readonly Item[]> {
  const { denials } = session.home.peers;
  const peers = online?.peers() ?? (await absentPeers(session, context));
  const items = peers.map((peer) => itemOf(peer, denials));
  const listed = new Set(peers.map(({ node }) => node));
  const hidden = [...new Set(denials.map(({ node }) => node))].filter((node) => !listed.has(node));
  const names = hidden.length > 0 ? await knownNodes(session) : new Map<string, never>();
  for (const node of hidden) {
    const { name } = names.get(node) ?? { name: undefined };
    const nothing = { key: '', isConnected: false, folders: [], addresses: [] };
    const rest = { seenMs: undefined, trouble: undefined };
    items.push(itemOf({ node, name, ...nothing, ...rest }, denials));
  }
  return items.toSorted((a, b) => (String(a['node']) < String(b['node']) ? -1 : 1));
}

/** Who would be dialed, where this process is not online. */
async function absentPeers(
  session: Session,
  context: OperationContext,
): Promise<readonly PeerState[]> {
  const { home, folders } = session;
  const open = [];
  for (const listed of folders.list().folders) {
    try {
      const folder = await folders.open(listed);
      open.push({ id: listed.id, known: nodesOf(folder) });
    } catch (error) {
      const failure = failureOfOne(error);
      if (failure === undefined) throw error;
      context.emit({ type: 'warning', message: `${listed.state.name}: ${failure.message}` });
    }
  }
  const addresses = new PeerAddresses(session);
  const directory = directoryOf(open, home.peers.denials, toHex(home.identity.exchangeKey));
  return [...directory.values()].map(({ key, node, name }) => ({
    node,
    name,
    key,
    isConnected: false,
    folders: [],
    addresses: addresses.of(node),
    seenMs: addresses.seenMs(node),
    trouble: undefined,
  }));
}

function itemOf(peer: PeerState, denials: readonly Denial[]): Item {
  const denied = denials.filter(({ node }) => node === peer.node);
  return {
    type: 'peer',
    node: peer.node,
    name: peer.name ?? null,
    connected: peer.isConnected,
    folders: peer.folders,
    addresses: peer.addresses,
    lastSeen: peer.seenMs === undefined ? null : timeText(peer.seenMs * 1000),
    trouble: peer.trouble ?? null,
    denied: denied.some(({ folder }) => folder === undefined),
    deniedIn: denied.flatMap(({ folder }) => folder ?? []),
  };
}
