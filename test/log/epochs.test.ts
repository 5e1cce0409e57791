import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  epochTips,
  isUsable,
  memberView,
  sealingEpoch,
  secretsToHandOn,
  type Epoch,
  type MemberView,
} from '../../src/log/epochs.ts';
import type { Dot } from '../../src/log/types.ts';
import { MemberScript } from '../helpers/members.ts';

function epoch(id: string, parts: Partial<Epoch> = {}): Epoch {
  return { id, after: [], recipients: ['A', 'B'], time: 1, clock: new Map(), ...parts };
}

function view(members: string[], former: Record<string, Dot[]> = {}): MemberView {
  return { members: new Set(members), former: new Map(Object.entries(former)) };
}

const removalOfC: Dot = { log: 'A', seq: 5, index: 0 };
const knowsRemoval = new Map([['A', 6]]);

test('content is sealed only under an epoch whose recipients are all members', () => {
  assert.ok(isUsable(epoch('e'), view(['A', 'B'])));
  assert.ok(isUsable(epoch('e'), view(['A', 'B', 'D'])), 'a new member is given the secret');
  assert.ok(!isUsable(epoch('e'), view(['A'])));
});

test('an epoch that a former member was given on admission is not used again', () => {
  const now = view(['A', 'B'], { C: [removalOfC] });
  assert.ok(!isUsable(epoch('old'), now));
  assert.ok(isUsable(epoch('new', { clock: knowsRemoval }), now));
});

test('after two removals at once neither new epoch will do, and a third is needed', () => {
  const removalOfD: Dot = { log: 'B', seq: 2, index: 0 };
  const now = view(['A', 'B'], { C: [removalOfC], D: [removalOfD] });
  const byA = epoch('a', { after: ['0'], clock: new Map([['A', 6]]) });
  const byB = epoch('b', { after: ['0'], clock: new Map([['B', 3]]) });
  const epochs = [epoch('0'), byA, byB];
  assert.equal(
    sealingEpoch(epochs, now, () => true),
    undefined,
  );
  assert.deepEqual(epochTips(epochs), ['a', 'b']);
  const third = epoch('c', {
    after: ['a', 'b'],
    clock: new Map([
      ['A', 6],
      ['B', 3],
    ]),
  });
  assert.equal(
    sealingEpoch([...epochs, third], now, () => true),
    third,
  );
});

test('the choice among usable epochs is the same on every node', () => {
  const first = epoch('1');
  const older = epoch('f', { after: ['1'], time: 5 });
  const newer = epoch('2', { after: ['1'], time: 6 });
  const twin = epoch('3', { after: ['1'], time: 6 });
  const all = [first, older, newer, twin];
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: 4 }), (order) => {
      assert.equal(
        sealingEpoch(order, view(['A', 'B']), () => true),
        twin,
      );
    }),
  );
});

test('an epoch that a usable one came after is not chosen, through epochs that are not usable too', () => {
  const first = epoch('1', { time: 9 });
  const middle = epoch('2', { after: ['1'], recipients: ['A', 'X'] });
  const last = epoch('3', { after: ['2'], time: 2 });
  assert.equal(
    sealingEpoch([first, middle, last], view(['A', 'B']), () => true),
    last,
  );
});

test('an epoch whose secret is not here cannot be chosen', () => {
  const first = epoch('1');
  const second = epoch('2', { after: ['1'] });
  const isHeld = (id: string): boolean => id === '1';
  assert.equal(sealingEpoch([first, second], view(['A', 'B']), isHeld), first);
  assert.equal(
    sealingEpoch([], view(['A']), () => true),
    undefined,
  );
});

test('members are given every secret they miss, others none', () => {
  const now = view(['A', 'B']);
  assert.deepEqual(secretsToHandOn(['3', '1', '2'], 'B', new Set(['2']), now), ['1', '3']);
  assert.deepEqual(secretsToHandOn(['1'], 'C', new Set(), now), []);
});

test('the view follows membership and the local deny list', () => {
  const script = new MemberScript();
  const b = script.state('A', 'B', { role: 'manage' });
  const c = script.state('A', 'C', { after: [b] });
  const removal = script.state('A', 'C', { action: 'remove', after: [c] });
  const membership = script.evaluate();
  const own = memberView({ membership, denied: new Map() });
  assert.deepEqual(own, view(['A', 'B'], { C: [removal.dot] }));
  const denying = memberView({ membership, denied: new Map([['B', []]]) });
  assert.deepEqual(denying, view(['A'], { C: [removal.dot], B: [b.dot] }));
  const mine = epoch('e', { recipients: ['A'], clock: new Map([['A', 3]]) });
  assert.ok(isUsable(mine, denying), 'left out in spite of its admission');
  const earlier = epoch('f', { recipients: ['A'] });
  assert.ok(!isUsable(earlier, denying), 'given to it on admission');
});
