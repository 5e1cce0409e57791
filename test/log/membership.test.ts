import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MemberStatement } from '../../src/log/member-statements.ts';
import type { Role } from '../../src/log/types.ts';
import { MemberScript, refusalsOf, rolesOf } from '../helpers/members.ts';

test('the creator manages a folder about which nothing was said', () => {
  const membership = new MemberScript().evaluate();
  assert.equal(rolesOf(membership), 'A: manage');
  assert.equal(membership.members.get('A')?.distance, 0);
  assert.deepEqual(membership.heads, []);
});

test('admissions chain to the creator', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'manage' });
  const c = script.state('B', 'C', { role: 'read', after: [b] });
  const membership = script.evaluate();
  assert.equal(rolesOf(membership), 'A: manage, B: manage, C: read');
  assert.equal(membership.members.get('C')?.distance, 2);
  assert.equal(membership.members.get('C')?.exchangeKey, c.record.exchangeKey);
  assert.deepEqual(membership.heads, [c.id]);
  assert.ok(membership.isAfter(c, b) && !membership.isAfter(b, c));
});

test('who does not manage admits nobody, and a stranger nobody either', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'write' });
  script.state('B', 'C', { after: [b] });
  script.state('X', 'X', { role: 'manage' });
  const membership = script.evaluate();
  assert.equal(rolesOf(membership), 'A: manage, B: write');
  assert.deepEqual(refusalsOf(script, membership), ['1 not permitted', '2 not permitted']);
});

test('a manager may not act on an admission that it did not name', () => {
  const script = new MemberScript();
  script.state('A', 'B', { role: 'manage' });
  script.state('B', 'C');
  assert.equal(rolesOf(script.evaluate()), 'A: manage, B: manage');
});

test('a statement with a wrong signature does not count', () => {
  const script = new MemberScript();
  script.state('A', 'B', { forged: true });
  const membership = script.evaluate();
  assert.equal(rolesOf(membership), 'A: manage');
  assert.deepEqual(refusalsOf(script, membership), ['0 signature']);
});

test('a statement waits for what it came after', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'manage' });
  const c = script.state('B', 'C', { after: [b] });
  const waiting = script.evaluate([c]);
  assert.equal(rolesOf(waiting), 'A: manage');
  assert.deepEqual(refusalsOf(script, waiting), ['1 waiting']);
  assert.equal(rolesOf(script.evaluate([c, b])), 'A: manage, B: manage, C: write');
});

test('a role can be raised and lowered, for members only', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'read' });
  const up = script.state('A', 'B', { action: 'role', role: 'manage', after: [b] });
  assert.equal(rolesOf(script.evaluate()), 'A: manage, B: manage');
  script.state('A', 'B', { action: 'role', role: 'write', after: [up] });
  script.state('A', 'Z', { action: 'role', role: 'write', after: [up] });
  const membership = script.evaluate();
  assert.equal(rolesOf(membership), 'A: manage, B: write');
  assert.deepEqual(refusalsOf(script, membership), ['3 not permitted']);
});

test('of roles given at once the lower counts, of admissions made at once the higher', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'manage' });
  const c = script.state('A', 'C', { role: 'read', after: [b] });
  script.state('B', 'C', { role: 'write', after: [b] });
  assert.equal(rolesOf(script.evaluate()), 'A: manage, B: manage, C: write');
  script.state('A', 'C', { action: 'role', role: 'write', after: [c] });
  script.state('B', 'C', { action: 'role', role: 'read', after: [c] });
  assert.equal(rolesOf(script.evaluate()), 'A: manage, B: manage, C: read');
});

test('a removal wins over whatever was stated at the same time, and older admissions stay dead', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'manage' });
  const c = script.state('A', 'C', { role: 'write', after: [b] });
  script.state('A', 'C', { action: 'remove', after: [c] });
  script.state('B', 'C', { role: 'manage', after: [c] });
  script.state('B', 'C', { action: 'role', role: 'manage', after: [c] });
  const membership = script.evaluate();
  assert.equal(rolesOf(membership), 'A: manage, B: manage');
  assert.deepEqual(
    membership.former.get('C')?.map(({ record }) => record.action),
    ['remove'],
  );
});

test('a readmission has to name the removal', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B');
  const removal = script.state('A', 'B', { action: 'remove', after: [b] });
  script.state('A', 'B', { role: 'read', after: [b] });
  assert.equal(rolesOf(script.evaluate()), 'A: manage');
  script.state('A', 'B', { role: 'read', after: [removal] });
  assert.equal(rolesOf(script.evaluate()), 'A: manage, B: read');
});

test('what a removed manager stated at the same time is void, and what hangs on it', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'manage' });
  const before = script.state('B', 'C', { after: [b] });
  script.state('A', 'B', { action: 'remove', after: [before], cut: 0 });
  const d = script.state('B', 'D', { role: 'manage', after: [before] });
  script.state('D', 'E', { after: [d] });
  const membership = script.evaluate();
  assert.equal(rolesOf(membership), 'A: manage, C: write');
  assert.deepEqual(refusalsOf(script, membership), ['3 void', '4 not permitted']);
});

test('what lies within the cut-off stays, known to the remover or not', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'manage' });
  script.state('A', 'B', { action: 'remove', after: [b], cut: 0 });
  script.state('B', 'C', { after: [b] });
  script.state('B', 'D', { after: [b] });
  const membership = script.evaluate();
  assert.equal(rolesOf(membership), 'A: manage, C: write');
  assert.deepEqual(refusalsOf(script, membership), ['3 void']);
});

test('a demoted manager’s statements made at the same time are void too', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'manage' });
  script.state('A', 'B', { action: 'role', role: 'write', after: [b] });
  script.state('B', 'C', { after: [b] });
  assert.equal(rolesOf(script.evaluate()), 'A: manage, B: write');
});

test('of mutual removals the manager nearer the creator wins', () => {
  const script = new MemberScript();
  const z = script.state('A', 'Z', { role: 'manage' });
  const b = script.state('Z', 'B', { role: 'manage', after: [z] });
  script.state('B', 'Z', { action: 'remove', after: [b] });
  script.state('Z', 'B', { action: 'remove', after: [b] });
  const membership = script.evaluate();
  assert.equal(rolesOf(membership), 'A: manage, Z: manage');
  assert.deepEqual(refusalsOf(script, membership), ['2 void']);
});

test('of mutual removals at one distance the lower key wins', () => {
  const script = new MemberScript();
  const c = script.state('A', 'C', { role: 'manage' });
  const b = script.state('A', 'B', { role: 'manage', after: [c] });
  script.state('C', 'B', { action: 'remove', after: [b] });
  script.state('B', 'C', { action: 'remove', after: [b] });
  assert.equal(rolesOf(script.evaluate()), 'A: manage, B: manage');
});

test('the creator wins against whom it removes, and can be removed by one whom it does not', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'manage' });
  script.state('B', 'A', { action: 'remove', after: [b] });
  assert.equal(rolesOf(script.evaluate()), 'B: manage');
  script.state('A', 'B', { action: 'remove', after: [b] });
  assert.equal(rolesOf(script.evaluate()), 'A: manage');
});

test('removals in a circle end with one outcome', () => {
  const script = new MemberScript();
  let last: MemberStatement[] = [];
  for (const node of ['B', 'C', 'D'])
    last = [script.state('A', node, { role: 'manage', after: last })];
  script.state('B', 'C', { action: 'remove', after: last });
  script.state('C', 'D', { action: 'remove', after: last });
  script.state('D', 'B', { action: 'remove', after: last });
  const membership = script.evaluate();
  assert.equal(rolesOf(membership), 'A: manage, D: manage');
  assert.deepEqual(refusalsOf(script, membership), ['4 void']);
});

test('everybody may leave, and only for itself', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'read' });
  const c = script.state('A', 'C', { role: 'read', after: [b] });
  script.state('B', 'B', { action: 'remove', after: [c] });
  script.state('B', 'C', { action: 'remove', after: [c] });
  assert.equal(rolesOf(script.evaluate()), 'A: manage, C: read');
});

test('records in any order and repeated give one membership', () => {
  const step = fc.record({
    by: fc.constantFrom('A', 'B', 'C', 'D'),
    node: fc.constantFrom('A', 'B', 'C', 'D'),
    action: fc.constantFrom('admit' as const, 'admit' as const, 'role' as const, 'remove' as const),
    role: fc.constantFrom<Role>('manage', 'manage', 'write', 'read'),
    after: fc.array(fc.nat(3), { maxLength: 3 }),
    cut: fc.option(fc.nat(3), { nil: undefined }),
  });
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 14 }), fc.infiniteStream(fc.nat()), (steps, keys) => {
      const script = new MemberScript();
      for (const { after, cut, ...rest } of steps) {
        const recent = after.flatMap((back) => script.statements.at(-1 - back) ?? []);
        script.state(rest.by, rest.node, {
          ...rest,
          after: recent,
          ...(cut === undefined ? {} : { cut }),
        });
      }
      const expected = script.evaluate();
      const order = [...script.statements, ...script.statements.slice(0, 4)]
        .map((statement) => ({ statement, key: keys.next().value ?? 0 }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ statement }) => statement);
      const shuffled = script.evaluate(order);
      assert.equal(rolesOf(shuffled), rolesOf(expected));
      assert.deepEqual(refusalsOf(script, shuffled), refusalsOf(script, expected));
      for (const reason of refusalsOf(script, expected)) seen.add(reason.replace(/^\d+ /, ''));
    }),
    { numRuns: 3000 },
  );
  assert.deepEqual([...seen].toSorted(), ['not permitted', 'void']);
});
