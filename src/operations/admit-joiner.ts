/** The issuer's part of a join, once the joiner proved who it is: makes it a member and hands over what opens the folder. */

import { fromHex, toHex } from '../bytes.ts';
import type { Invite } from '../home/invite-book.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { signMemberRecord } from '../log/member-record.ts';
import { compareRoles } from '../log/permission.ts';
import type { NodeId, Role } from '../log/types.ts';
import { encodeHandover } from '../net/join-message.ts';
import type { Session } from './session.ts';

/** A node that proved both of its keys. */
export interface Joiner {
  readonly node: NodeId;
  /** Static X25519 key, 32 bytes. */
  readonly exchangeKey: Uint8Array;
}

/** `not permitted`: this node may not admit. `denied`: it locked the joiner out. */
export type Admitted =
  | {
      readonly outcome: 'admitted';
      /** What opens the folder, in a box that only the joiner opens. */
      readonly sealed: Uint8Array;
      /** Whether a record was written: it was no member, or may do more now. */
      readonly isNew: boolean;
    }
  | { readonly outcome: 'not permitted' }
  | { readonly outcome: 'denied' };

/**
 * Makes the joiner a member with the invite's role, or leaves it the greater one that it has: durable on
 * return. May be repeated. Throws `VAULT_NOT_FOUND` where the folder is not here any more, and as appending does.
 */
export async function admitJoiner(
  session: Session,
  invite: Pick<Invite, 'folder' | 'role'>,
  joiner: Joiner,
): Promise<Admitted> {
  const { home, environment } = session;
  const folder = await session.folders.open(session.folders.find(toHex(invite.folder), '/'));
  if (folder.log.members.isDenied(joiner.node)) return { outcome: 'denied' };
  if (folder.role !== 'manage') return { outcome: 'not permitted' };
  const known = folder.members.find(({ node }) => node === joiner.node);
  const role = greaterRole(known?.role, invite.role);
  const isNew = known?.role !== role;
  if (isNew) await writeAdmission(session, folder, joiner, role);
  const { state } = folder;
  const handover = encodeHandover({
    folder: state.id,
    secret: state.secret,
    epochs: state.epochs,
    name: state.name,
    params: state.params,
    role,
    issuer: home.identity.id,
  });
  const sealed = home.sodium.sealTo(joiner.exchangeKey, handover, environment.random);
  return { outcome: 'admitted', sealed, isNew };
}

async function writeAdmission(
  { home }: Session,
  folder: OpenFolder,
  joiner: Joiner,
  role: Role,
): Promise<void> {
  const { identity } = home;
  await folder.log.state((_clock, time) => [
    signMemberRecord((label, message) => identity.sign(label, message), fromHex(folder.id), {
      type: 'member',
      action: 'admit',
      node: joiner.node,
      exchangeKey: joiner.exchangeKey,
      role,
      cutoffs: [],
      after: folder.log.members.membership?.heads ?? [],
      time,
      by: identity.id,
    }),
  ]);
}

function greaterRole(had: Role | undefined, given: Role): Role {
  return had !== undefined && compareRoles(had, given) > 0 ? had : given;
}
