import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compareRoles,
  includesRole,
  neededRole,
  type RecordKind,
} from '../../src/log/permission.ts';
import {
  memberOf,
  membersInView,
  releaseBuiltOn,
  standingOf,
  type DenyList,
  type Standing,
} from '../../src/log/standing.ts';
import type { Membership } from '../../src/log/membership.ts';
import type { Dot, Role } from '../../src/log/types.ts';
import { Script } from '../helpers/links.ts';
import { MemberScript } from '../helpers/members.ts';

const nobody: DenyList = new Map();
const hash = new Uint8Array(8);
const knewNothing = (): boolean => false;

/** How the entry `seq` of the log `log` of B stands. */
function standing(
  membership: Membership,
  seq: number,
  kind: RecordKind = 'version',
  options: { log?: string; knew?: (dot: Dot) => boolean; denied?: DenyList } = {},
): Standing {
  const { log = 'B', knew = knewNothing, denied = nobody } = options;
  return standingOf({ membership, denied }, 'B', kind, { log, seq, hash }, knew);
}

test('each kind of record needs its role', () => {
  const table: [RecordKind, Role | undefined][] = [
    ['log-start', 'read'],
    ['addresses', 'read'],
    ['acknowledgement', 'read'],
    ['version', 'write'],
    ['snapshot', 'write'],
    ['rotation', 'write'],
    ['checkpoint', 'manage'],
    ['member', 'manage'],
    ['drop-set', undefined],
  ];
  for (const [kind, role] of table) assert.equal(neededRole(kind), role, kind);
  assert.ok(includesRole('manage', 'read') && includesRole('write', 'write'));
  assert.ok(!includesRole('read', 'write') && !includesRole(undefined, 'read'));
  assert.ok(compareRoles('read', 'write') < 0 && compareRoles('manage', 'write') > 0);
});

test('a reader publishes addresses and acknowledgements, and no versions', () => {
  const script = new MemberScript();
  script.state('A', 'B', { role: 'read' });
  const membership = script.evaluate();
  assert.equal(standing(membership, 0, 'addresses'), 'accepted');
  assert.equal(standing(membership, 0, 'acknowledgement'), 'accepted');
  for (const kind of ['version', 'snapshot', 'rotation', 'member', 'drop-set'] as const) {
    assert.equal(standing(membership, 0, kind), 'not permitted', kind);
  }
});

test('a promotion publishes what a reader wrote before', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'read' });
  script.state('A', 'B', { action: 'role', role: 'write', after: [b] });
  assert.equal(standing(script.evaluate(), 0), 'accepted');
});

test('after a removal, entries up to the cut-off count, later ones are set aside', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'write' });
  script.state('A', 'B', { action: 'remove', after: [b], cut: 4 });
  const membership = script.evaluate();
  assert.equal(standing(membership, 4), 'accepted');
  assert.equal(standing(membership, 5), 'quarantined');
  assert.equal(standing(membership, 5, 'addresses'), 'quarantined');
  assert.equal(
    standing(membership, 0, 'version', { log: 'B2' }),
    'quarantined',
    'unknown log: cut at 0',
  );
});

test('a demotion sets later versions aside, and leaves what a reader may publish', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'write' });
  script.state('A', 'B', { action: 'role', role: 'read', after: [b], cut: 4 });
  const membership = script.evaluate();
  assert.equal(standing(membership, 5), 'quarantined');
  assert.equal(standing(membership, 5, 'addresses'), 'accepted');
});

test('after a readmission entries count again whose author knew of it; those between stay aside', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'write' });
  const removal = script.state('A', 'B', { action: 'remove', after: [b], cut: 4 });
  const again = script.state('A', 'B', { role: 'write', after: [removal] });
  const membership = script.evaluate();
  const knew = (dot: Dot): boolean => dot.seq === again.dot.seq;
  assert.equal(standing(membership, 6), 'quarantined');
  assert.equal(standing(membership, 7, 'version', { knew }), 'accepted');
});

test('a readmission as reader does not lift what keeps versions aside', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'write' });
  const removal = script.state('A', 'B', { action: 'remove', after: [b], cut: 4 });
  script.state('A', 'B', { role: 'read', after: [removal] });
  const membership = script.evaluate();
  assert.equal(standing(membership, 7, 'version', { knew: () => true }), 'quarantined');
  assert.equal(standing(membership, 7, 'addresses', { knew: () => true }), 'accepted');
});

test('the creator needs no admission', () => {
  const membership = new MemberScript().evaluate();
  const input = { membership, denied: nobody };
  const entry = { log: 'A', seq: 0, hash };
  assert.equal(standingOf(input, 'A', 'member', entry, knewNothing), 'accepted');
  assert.equal(standingOf(input, 'X', 'addresses', entry, knewNothing), 'not permitted');
});

test('the local deny list beats every record', () => {
  const script = new MemberScript();
  script.state('A', 'B', { role: 'manage' });
  const membership = script.evaluate();
  const denied: DenyList = new Map([['B', [{ log: 'B', seq: 2, hash: new Uint8Array(32) }]]]);
  assert.equal(standing(membership, 2, 'version', { denied }), 'accepted', 'taken in before');
  assert.equal(standing(membership, 3, 'version', { denied, knew: () => true }), 'quarantined');
  assert.equal(memberOf({ membership, denied }, 'B'), undefined);
  assert.equal(memberOf({ membership, denied: nobody }, 'B')?.role, 'manage');
  const inView = membersInView({ membership, denied }).map(({ node }) => node);
  assert.deepEqual(inView, ['A']);
});

test('a cut-off on one branch of a fork leaves the other branch outside', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'write' });
  script.state('A', 'B', { action: 'remove', after: [b], cut: 4 });
  const membership = script.evaluate();
  const entry = { log: 'B', seq: 3, hash };
  const of = (isWithin: () => boolean): Standing =>
    standingOf({ membership, denied: nobody, isWithin }, 'B', 'version', entry, knewNothing);
  assert.equal(
    of(() => true),
    'accepted',
  );
  assert.equal(
    of(() => false),
    'quarantined',
  );
});

test('a quarantined version counts once an accepted one builds on it, at any distance', () => {
  const script = new Script();
  const one = script.write('B', 'p');
  const two = script.write('B', 'p', { parents: [one] });
  const three = script.write('B', 'p', { parents: [two] });
  const apart = script.write('B', 'q');
  const accepted = script.write('A', 'p', { parents: [two] });
  const split = (order: typeof script.links): unknown =>
    releaseBuiltOn(
      [accepted],
      order.filter((link) => link !== accepted),
    );
  const expected = { released: [one, two], quarantined: [three, apart] };
  assert.deepEqual(split(script.links), expected);
  assert.deepEqual(split(script.links.toReversed()), {
    released: [two, one],
    quarantined: [apart, three],
  });
  assert.deepEqual(releaseBuiltOn([], [one]), { released: [], quarantined: [one] });
});
