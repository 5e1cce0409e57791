/** `invite`: makes the lines that others join with, lists them and takes them back. */

import { fromHex, toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { inviteNamed, inviteStateAt } from '../home/invite-book.ts';
import { MAX_ADDRESS_BYTES, MAX_INVITE_ADDRESSES } from '../limits.ts';
import { addressText, dialUrl } from '../net/address.ts';
import { formatInvite } from '../net/invite-text.ts';
import { isLocalAddress } from '../net/local-address.ts';
import { DEFAULT_PORT } from './health-check.ts';
import type {
  InviteListOptions,
  InviteOptions,
  InviteResult,
  InviteRevokeOptions,
} from './member-options.ts';
import type { OperationContext } from './operation.ts';
import type { Session } from './session.ts';
import { timeText } from './time-text.ts';

/** How long an invite is good for unless told otherwise, and at most. */
const USUAL_MS = 24 * 3600 * 1000;
const LONGEST_MS = 366 * 24 * 3600 * 1000;

/**
 * Makes an invite: durable on return. Warns where nobody outside can reach an address of it. Throws
 * `VAULT_NOT_PERMITTED` where this node may not admit, `VAULT_USAGE` for what is no address or where none is
 * known, `VAULT_LIMIT_EXCEEDED` where there are too many. `ownHosts`: addresses of this machine.
 */
export async function makeInvite(
  session: Session,
  options: InviteOptions,
  ownHosts: () => Promise<readonly string[]>,
  context: OperationContext,
): Promise<InviteResult> {
  const { home, environment, folders } = session;
  const folder = await folders.open(folders.find(options.folder, '/'));
  const { role = 'write', expiresMs: lasts = USUAL_MS } = options;
  if (lasts <= 0 || lasts > LONGEST_MS) {
    throw new VaultError(
      'VAULT_USAGE',
      'an invite is good for a second at least and a year at most',
    );
  }
  if (folder.role !== 'manage') {
    throw new VaultError('VAULT_NOT_PERMITTED', `only a manager of ${folder.name} can invite`, {
      hint: 'see who is one with vault member list',
    });
  }
  const given = options.addresses ?? [];
  const port = portOf(home.setting('listen'));
  const addresses = checkedAddresses(
    given.length > 0 ? given : await usualAddresses(ownHosts, port),
  );
  const nowMs = Math.floor(environment.clock.wallMs());
  const expiresMs = nowMs + Math.floor(lasts);
  const made = { folder: fromHex(folder.id), role, createdMs: nowMs, expiresMs, addresses };
  const { id, secret } = home.invites.issue(made);
  if (addresses.every(isLocalAddress)) {
    const message =
      'the invite has local addresses only: the other machine must be on this network';
    context.emit({ type: 'warning', message });
  }
  return {
    folder: folder.id,
    name: folder.name,
    id: toHex(id),
    invite: formatInvite({ issuer: home.identity.exchangeKey, secret, addresses }),
    role,
    expires: timeText(expiresMs * 1000),
    addresses,
  };
}

/** Emits items of type `invite`: the newest first, spent ones for a while. No secret is among them. */
export async function listInvites(
  session: Session,
  options: InviteListOptions,
  context: OperationContext,
): Promise<{ readonly invites: number }> {
  const { folders, home, environment } = session;
  const only = options.folder === undefined ? undefined : folders.find(options.folder, '/').id;
  const names = new Map(folders.list().folders.map(({ id, state }) => [id, state.name]));
  const nowMs = environment.clock.wallMs();
  let count = 0;
  for (const invite of home.invites.all.toReversed()) {
    const folder = toHex(invite.folder);
    if (only !== undefined && folder !== only) continue;
    count++;
    context.emit({
      type: 'item',
      item: {
        type: 'invite',
        id: toHex(invite.id),
        folder,
        name: names.get(folder) ?? null,
        role: invite.role,
        state: inviteStateAt(invite, nowMs),
        created: timeText(invite.createdMs * 1000),
        expires: timeText(invite.expiresMs * 1000),
        addresses: invite.addresses,
      },
    });
  }
  return { invites: count };
}

/** Takes an invite back: durable on return. Who joined with it stays a member. Throws `VAULT_NOT_FOUND`, `VAULT_USAGE`. */
export function revokeInvite(
  { home }: Session,
  { id }: InviteRevokeOptions,
): { readonly id: string; readonly state: 'revoked' | 'used' } {
  const invite = inviteNamed(home.invites.all, id);
  if (invite.state !== 'used') home.invites.revoke(invite);
  return { id: toHex(invite.id), state: invite.state === 'used' ? 'used' : 'revoked' };
}

function checkedAddresses(addresses: readonly string[]): readonly string[] {
  const unique = [...new Set(addresses)];
  if (unique.length > MAX_INVITE_ADDRESSES) {
    throw new VaultError('VAULT_USAGE', `an invite has ${MAX_INVITE_ADDRESSES} addresses at most`);
  }
  for (const address of unique) {
    dialUrl(address);
    if (Buffer.byteLength(address) > MAX_ADDRESS_BYTES) {
      throw new VaultError('VAULT_USAGE', 'an address is too long');
    }
  }
  return unique;
}

/** This machine's own addresses, those that others can reach first. */
async function usualAddresses(
  ownHosts: () => Promise<readonly string[]>,
  port: number,
): Promise<string[]> {
  const hosts = (await ownHosts()).map((host) => addressText(host, port));
  if (hosts.length === 0) {
    throw new VaultError('VAULT_USAGE', 'this machine has no address that others could reach', {
      hint: 'say how others reach it with --address HOST:PORT',
    });
  }
  const isFar = (address: string): number => (isLocalAddress(address) ? 1 : 0);
  return hosts.toSorted((a, b) => isFar(a) - isFar(b)).slice(0, MAX_INVITE_ADDRESSES);
}

/** The port of a setting `HOST:PORT`; the usual one where this node is told to listen nowhere. */
function portOf(listen: string): number {
  return Number(/:(\d+)$/.exec(listen)?.[1] ?? DEFAULT_PORT);
}
