import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decide,
  isConflict,
  parentsOfCopy,
  parentsOfCopyDeletion,
  parentsOfEdit,
  parentsOfResolution,
  type PathState,
} from '../../src/log/conflict-rule.ts';
import type { NamedLink, Parent } from '../../src/log/types.ts';
import { nameOf } from '../../src/log/version-name.ts';
import { Script } from '../helpers/links.ts';

function state(versions: NamedLink[], livesUnder = false): PathState {
  return decide('p', versions, { livesUnder });
}

function names(...links: NamedLink[]): Parent[] {
  return links.map(nameOf);
}

test('a path without versions shows nothing', () => {
  const nothing = state([]);
  assert.equal(nothing.shown, undefined);
  assert.equal(nothing.isDirectory, false);
  assert.deepEqual(parentsOfEdit(nothing), []);
});

test('equal contents made independently merge into one, with the attributes of the greatest', () => {
  const script = new Script();
  const a = script.write('A', 'p', { content: 'same' });
  const b = script.write('B', 'p', { content: 'same' });
  const { shown, copies } = state([a, b]);
  assert.equal(shown?.version, b);
  assert.deepEqual(shown.equals, [a]);
  assert.deepEqual(copies, []);
});

test('a symlink and a file of one digest are two contents', () => {
  const script = new Script();
  const a = script.write('A', 'p', { content: 'same' });
  const b = script.write('B', 'p', { content: 'same', kind: 'symlink' });
  assert.ok(isConflict(state([a, b])));
});

test('an edit beats a later deletion, which stays recorded', () => {
  const script = new Script();
  const edit = script.write('A', 'p');
  const deletion = script.delete('B', 'p');
  const result = state([deletion, edit]);
  assert.equal(result.shown?.version, edit);
  assert.deepEqual(result.deletions, [deletion]);
  assert.equal(isConflict(result), false);
});

test('only deletions leave nothing', () => {
  const script = new Script();
  const result = state([script.delete('A', 'p'), script.delete('B', 'p')]);
  assert.equal(result.shown, undefined);
  assert.equal(result.deletions.length, 2);
});

test('of different edits the greatest is shown: time, then log, then seq, then index', () => {
  const script = new Script();
  const base = script.write('B', 'p', { time: 5 });
  const cases: [string, NamedLink][] = [
    ['time', { ...base, time: base.time + 1, dot: { log: 'A', seq: 0, index: 0 } }],
    ['log', { ...base, dot: { log: 'C', seq: 0, index: 0 } }],
    ['seq', { ...base, dot: { log: 'B', seq: 1, index: 0 } }],
    ['index', { ...base, dot: { log: 'B', seq: 0, index: 1 } }],
    ['hash', { ...base, hash8: new Uint8Array(8).fill(255) }],
  ];
  for (const [what, greater] of cases) {
    const other = { ...greater, digest: new Uint8Array(16) };
    for (const order of [
      [base, other],
      [other, base],
    ]) {
      assert.equal(state(order).shown?.version, other, what);
    }
  }
});

test('three edits at once show one and give exactly two copies', () => {
  const script = new Script();
  const [a, b, c] = ['A', 'B', 'C'].map((log) => script.write(log, 'p'));
  assert.ok(a && b && c);
  const result = state([b, a, c]);
  assert.equal(result.shown?.version, c);
  assert.deepEqual(
    result.copies.map(({ version }) => version),
    [b, a],
  );
});

test('a directory beats a later file of its name, which becomes a copy', () => {
  const script = new Script();
  const directory = script.write('A', 'p', { kind: 'directory' });
  const file = script.write('B', 'p');
  const result = state([directory, file]);
  assert.ok(result.isDirectory);
  assert.equal(result.shown?.version, directory);
  assert.deepEqual(
    result.copies.map(({ version }) => version),
    [file],
  );
});

test('a directory exists while anything lives under it, deleted or not', () => {
  const script = new Script();
  const deletion = script.delete('A', 'p');
  const file = script.write('B', 'p');
  const result = state([deletion, file], true);
  assert.ok(result.isDirectory);
  assert.equal(result.shown, undefined);
  assert.equal(result.copies[0]?.version, file);
});

test('directories made independently are one', () => {
  const script = new Script();
  const made = ['A', 'B'].map((log) => script.write(log, 'p', { kind: 'directory' }));
  assert.equal(isConflict(state(made)), false);
});

test('an edit names the shown version, its equals and losing deletions, and no copy', () => {
  const script = new Script();
  const equal = script.write('A', 'p', { content: 'x' });
  const loser = script.write('C', 'p', { content: 'y' });
  const deletion = script.delete('D', 'p');
  const shown = script.write('B', 'p', { content: 'x' });
  const result = state([loser, equal, deletion, shown]);
  assert.deepEqual(parentsOfEdit(result), names(shown, equal, deletion));
  assert.deepEqual(parentsOfCopy(result.copies[0] ?? assert.fail()), names(loser));
});

test('deleting a copy names it and the shown version; resolving names all rivals', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p');
  const deletion = script.delete('D', 'p');
  const c = script.write('C', 'p');
  const result = state([a, b, c, deletion]);
  const copyOfA = result.copies.find(({ version }) => version === a) ?? assert.fail();
  assert.deepEqual(parentsOfCopyDeletion(result, copyOfA), names(c, a, deletion));
  assert.deepEqual(parentsOfResolution(result), names(c, b, a, deletion));
});

test('a version that yields makes no copy and is superseded with the one it yields to', () => {
  const script = new Script();
  const move = script.write('A', 'p', { content: 'old' });
  const edit = script.write('B', 'p', { content: 'new' });
  const result = decide('p', [move, edit], {
    livesUnder: false,
    yields: new Map([[move, edit]]),
  });
  assert.equal(isConflict(result), false);
  assert.deepEqual(result.shown?.yielded, [move]);
  assert.deepEqual(parentsOfEdit(result), names(edit, move));
});

test('the rule is a function of the set: order and repetition change nothing', () => {
  const version = fc.record({
    kind: fc.constantFrom(
      'file' as const,
      'symlink' as const,
      'directory' as const,
      'deletion' as const,
    ),
    content: fc.constantFrom('x', 'y', 'z'),
    time: fc.integer({ min: 0, max: 3 }),
    log: fc.constantFrom('A', 'B', 'C'),
  });
  fc.assert(
    fc.property(
      fc.array(version, { maxLength: 8 }),
      fc.boolean(),
      fc.infiniteStream(fc.nat()),
      (list, lives, keys) => {
        const script = new Script();
        const links = list.map(({ log, ...rest }) => script.write(log, 'p', rest));
        const shuffled = links
          .map((link) => ({ link, key: keys.next().value ?? 0 }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ link }) => link);
        assert.deepEqual(state(shuffled, lives), state(links, lives));
      },
    ),
  );
});
