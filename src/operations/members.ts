/** `member`: who belongs to a folder, and taking somebody out of it or giving another role. */

import { VaultError } from '../errors.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { signMemberRecord, type UnsignedMemberRecord } from '../log/member-record.ts';
import type { Member } from '../log/membership.ts';
import { compareRoles, includesRole } from '../log/permission.ts';
import type { HybridTime, LogId, MemberRecord, NodeId, Role } from '../log/types.ts';
import type {
  MemberListOptions,
  MemberRemoveOptions,
  MemberResult,
  MemberRoleOptions,
} from './member-options.ts';
import type { OperationContext } from './operation.ts';
import type { Session } from './session.ts';
import { timeText } from './time-text.ts';

interface Chosen {
  readonly listed: ListedFolder;
  readonly folder: OpenFolder;
}

/** Emits an item of type `member` for each member, and for each former one: by role, then name. */
export async function listMembers(
  session: Session,
  options: MemberListOptions,
  context: OperationContext,
): Promise<{ readonly members: number; readonly former: number }> {
  const { folder, listed } = await openNamed(session, options.folder);
  const { home } = session;
  const names = namesIn(folder);
  const { accepted = [] } = folder.log.members.membership ?? {};
  const seen = new Map(home.peers.seen.map((one) => [one.node, one.seenMs]));
  const item = (node: NodeId, role: Role | null): void => {
    const about = accepted.filter(({ record }) => record.node === node);
    const admitted = about.findLast(({ record }) => record.action === 'admit')?.record;
    const last = about.at(-1)?.record;
    const seenMs = seen.get(node);
    context.emit({
      type: 'item',
      item: {
        type: 'member',
        folder: listed.id,
        node,
        name: names.get(node) ?? null,
        self: node === home.identity.id,
        role,
        since: admitted === undefined ? null : timeText(admitted.time),
        changed: last === undefined ? null : timeText(last.time),
        by: last?.by ?? null,
        byName: (last && names.get(last.by)) ?? null,
        denied: folder.log.members.isDenied(node),
        lastSeen: seenMs === undefined ? null : timeText(seenMs * 1000),
        entries: entriesOf(folder, node),
      },
    });
  };
  const members = everybody(folder).toSorted(
    (a, b) =>
      compareRoles(b.role, a.role) ||
      ((names.get(a.node) ?? a.node) < (names.get(b.node) ?? b.node) ? -1 : 1),
  );
  for (const { node, role } of members) item(node, role);
  const former = [...(folder.log.members.membership?.former.keys() ?? [])].toSorted();
  for (const node of former) item(node, null);
  return { members: members.length, former: former.length };
}

/**
 * Takes a node out of the folder and begins an epoch whose secret it does not get, in one entry: durable on
 * return. What it wrote until now stays; what it writes from now on is set aside. Everybody may leave; a manager may remove
 * others. Asks first; throws `VAULT_REFUSED` where the answer is no, nobody can be asked, or no manager would be
 * left, `VAULT_NOT_PERMITTED`, `VAULT_NOT_FOUND`.
 */
export async function removeMember(
  session: Session,
  options: MemberRemoveOptions,
  context: OperationContext,
): Promise<MemberResult> {
  const chosen = await openNamed(session, options.folder);
  const { folder } = chosen;
  const { identity } = session.home;
  const member = memberNamed(folder, options.node, identity.id);
  const told = result(chosen, member.node, null, true);
  const isLeaving = member.node === identity.id;
  if (!isLeaving) demandManager(folder);
  demandAnother(folder, member);
  if (options.dryRun === true) return told;
  const who = told.nodeName ?? member.node.slice(0, 8);
  const text = isLeaving
    ? `leave the folder ${folder.name}? a manager has to invite this machine to come back`
    : `remove ${who} from the folder ${folder.name}? it keeps what it has, and gets nothing new`;
  if (options.yes !== true && (await context.confirm({ kind: 'confirm', text })) !== true) {
    throw new VaultError('VAULT_REFUSED', `${who} was not removed`, { hint: 'confirm with --yes' });
  }
  const record = (time: HybridTime): MemberRecord =>
    stated(session, folder, member, { action: 'remove', role: member.role, time });
  if (isLeaving) {
    // Who leaves can keep no secret from itself: those who stay begin an epoch.
    await folder.log.state((_clock, time) => [record(time)]);
    return told;
  }
  const left = folder.log.members.all.filter(({ node }) => node !== member.node);
  await folder.startEpoch(left, (time) => [record(time)]);
  return told;
}

/**
 * Gives a member another role: durable on return. What it wrote before it may do less stays. Throws as
 * {@link removeMember}.
 */
export async function setMemberRole(
  session: Session,
  options: MemberRoleOptions,
): Promise<MemberResult> {
  const chosen = await openNamed(session, options.folder);
  const { folder } = chosen;
  const member = memberNamed(folder, options.node, session.home.identity.id);
  const { role } = options;
  if (member.role === role) return result(chosen, member.node, role, false);
  demandManager(folder);
  if (role !== 'manage') demandAnother(folder, member);
  await folder.log.state((_clock, time) => [
    stated(session, folder, member, { action: 'role', role, time }),
  ]);
  return result(chosen, member.node, role, true);
}

function stated(
  { home }: Session,
  folder: OpenFolder,
  member: Member,
  { action, role, time }: Pick<UnsignedMemberRecord, 'action' | 'role' | 'time'>,
): MemberRecord {
  const { identity } = home;
  const isLess = action === 'remove' || compareRoles(role, member.role) < 0;
  return signMemberRecord((label, message) => identity.sign(label, message), folder.state.id, {
    type: 'member',
    action,
    node: member.node,
    exchangeKey: member.exchangeKey ?? new Uint8Array(32),
    role,
    cutoffs: isLess ? cutoffsOf(folder, member.node) : [],
    after: folder.log.members.membership?.heads ?? [],
    time,
    by: identity.id,
  });
}

/** The last known entry of each log of a node; of a forked one that of its longest branch. */
function cutoffsOf({ log }: OpenFolder, node: NodeId): MemberRecord['cutoffs'] {
  const last = new Map<LogId, { log: LogId; seq: number; hash: Uint8Array }>();
  for (const { log: id, seq, hash } of log.heads.values()) {
    if (log.members.ownerOf(id)?.node !== node) continue;
    if ((last.get(id)?.seq ?? -1) < seq) last.set(id, { log: id, seq, hash });
  }
  return [...last.values()].toSorted((a, b) => (a.log < b.log ? -1 : 1));
}

function entriesOf(folder: OpenFolder, node: NodeId): number {
  return cutoffsOf(folder, node).reduce((sum, { seq }) => sum + seq + 1, 0);
}

/** Members, those that this node locked out among them. */
function everybody(folder: OpenFolder): readonly Member[] {
  const { membership } = folder.log.members;
  return membership === undefined ? folder.members : [...membership.members.values()];
}

function memberNamed(folder: OpenFolder, text: string, own: NodeId): Member {
  const all = everybody(folder);
  const names = namesIn(folder);
  const isId = /^[0-9a-f]{4,64}$/.test(text);
  const named = all.filter(({ node }) => names.get(node) === text);
  const fitting =
    named.length > 0 ? named : all.filter(({ node }) => isId && node.startsWith(text));
  const [member, another] = fitting;
  const hint = `the members are ${all.map(({ node }) => `${names.get(node) ?? (node === own ? 'this machine' : 'unnamed')} (${node.slice(0, 8)})`).join(', ')}`;
  if (member === undefined) {
    throw new VaultError('VAULT_NOT_FOUND', `${JSON.stringify(text)} is no member`, { hint });
  }
  if (another !== undefined) {
    throw new VaultError('VAULT_USAGE', `${JSON.stringify(text)} fits several members`, { hint });
  }
  return member;
}

function demandManager(folder: OpenFolder): void {
  if (includesRole(folder.role, 'manage')) return;
  throw new VaultError('VAULT_NOT_PERMITTED', `only a manager of ${folder.name} can do that`, {
    hint: 'see who is one with vault member list',
  });
}

/** Throws where nobody could manage the folder any more. */
function demandAnother(folder: OpenFolder, member: Member): void {
  if (member.role !== 'manage') return;
  if (everybody(folder).some(({ node, role }) => node !== member.node && role === 'manage')) return;
  throw new VaultError('VAULT_REFUSED', `the last manager of ${folder.name} has to stay one`, {
    hint: 'make somebody else a manager first: vault member role',
  });
}

/** What nodes call themselves. */
function namesIn({ log }: OpenFolder): ReadonlyMap<NodeId, string> {
  const names = new Map<NodeId, string>();
  for (const { log: id } of log.heads.values()) {
    const owner = log.members.ownerOf(id);
    if (owner !== undefined) names.set(owner.node, owner.name);
  }
  return names;
}

async function openNamed(session: Session, argument: string): Promise<Chosen> {
  const listed = session.folders.find(argument, '/');
  return { listed, folder: await session.folders.open(listed) };
}

function result(
  { listed, folder }: Chosen,
  node: NodeId,
  role: Role | null,
  changed: boolean,
): MemberResult {
  const nodeName = namesIn(folder).get(node) ?? null;
  return { folder: listed.id, name: folder.name, node, nodeName, role, changed };
}
