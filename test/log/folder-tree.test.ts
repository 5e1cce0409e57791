import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asOfClock, asOfTime } from '../../src/log/as-of.ts';
import {
  members,
  parentsOfCopy,
  parentsOfCopyDeletion,
  parentsOfEdit,
  parentsOfResolution,
} from '../../src/log/conflict-rule.ts';
import { VersionGraph } from '../../src/log/current-versions.ts';
import { foldDirectory, foldFolder, foldLinks } from '../../src/log/folder-tree.ts';
import type { NamedLink, Parent } from '../../src/log/types.ts';
import { copyName, Script, scriptNaming, scriptStart, shownIn } from '../helpers/links.ts';
import { Choices, naming, randomHistory } from '../helpers/link-histories.ts';
import { isSameTree } from '../helpers/history-oracle.ts';
import { runSeed } from '../helpers/seeded.ts';

/** The versions that parents name. */
function linksOf(script: Script, parents: readonly Parent[]): NamedLink[] {
  return script.links.filter(({ hash8 }) => parents.some((parent) => parent.hash8 === hash8));
}

test('edits of one file made at once are shown as one file and one copy, the same on every node', () => {
  const script = new Script();
  const base = script.write('A', 'report.docx');
  const a = script.write('A', 'report.docx', { parents: [base] });
  const b = script.write('B', 'report.docx', { parents: [base] });
  const expected = { 'report.docx': b, [copyName('report.docx', a)]: a };
  assert.deepEqual(shownIn(script.tree()), expected);
  assert.deepEqual(shownIn(foldLinks(script.links.toReversed(), scriptNaming)), expected);
});

test('A edits, B deletes, C edits differently, then A deletes its own edit: C stays', () => {
  const script = new Script();
  const base = script.write('A', 'p');
  const a = script.write('A', 'p', { parents: [base] });
  script.delete('B', 'p', base);
  const c = script.write('C', 'p', { parents: [base] });
  script.delete('A', 'p', a);
  assert.deepEqual(shownIn(script.tree()), { p: c });
});

test('a copy edited on two nodes at once becomes one more copy with one suffix, not two', () => {
  const script = new Script();
  const loser = script.write('A', 'p.txt');
  const winner = script.write('B', 'p.txt');
  const name = copyName('p.txt', loser);
  const first = script.write('A', name, { parents: [loser] });
  const second = script.write('B', name, { parents: [loser] });
  assert.deepEqual(shownIn(script.tree()), {
    'p.txt': winner,
    [name]: second,
    [copyName('p.txt', first)]: first,
  });
});

test('an ordinary edit of the winner leaves the conflict open, under the same copy name', () => {
  const script = new Script();
  const loser = script.write('A', 'p');
  script.write('B', 'p');
  const state = script.tree().states.get('p') ?? assert.fail();
  const edit = script.write('B', 'p', { parents: linksOf(script, parentsOfEdit(state)) });
  assert.deepEqual(shownIn(script.tree()), { p: edit, [copyName('p', loser)]: loser });
});

test('deleting the only copy closes the conflict everywhere; of two copies it closes one', () => {
  const script = new Script();
  const [a, b, c] = ['A', 'B', 'C'].map((log) => script.write(log, 'p'));
  assert.ok(a && b && c);
  const deleteCopyOf = (link: NamedLink, content: NamedLink): NamedLink => {
    const state = script.tree().states.get('p') ?? assert.fail();
    const copy = state.copies.find(({ version }) => version === link) ?? assert.fail();
    const parents = linksOf(script, parentsOfCopyDeletion(state, copy));
    const merged = script.write('A', 'p', { parents });
    script.links.splice(-1, 1, { ...merged, digest: content.digest });
    return script.links.at(-1) ?? assert.fail();
  };
  const first = deleteCopyOf(a, c);
  assert.deepEqual(shownIn(script.tree()), { p: first, [copyName('p', b)]: b });
  const second = deleteCopyOf(b, c);
  assert.deepEqual(shownIn(script.tree()), { p: second });
});

test('a resolution names all rivals and leaves one file', () => {
  const script = new Script();
  for (const log of ['A', 'B', 'C']) script.write(log, 'p');
  const state = script.tree().states.get('p') ?? assert.fail();
  const kept = script.write('A', 'p', { parents: linksOf(script, parentsOfResolution(state)) });
  assert.deepEqual(shownIn(script.tree()), { p: kept });
});

test('renaming a copy makes it an ordinary file', () => {
  const script = new Script();
  const loser = script.write('A', 'p', { content: 'x' });
  const winner = script.write('B', 'p');
  const state = script.tree().states.get('p') ?? assert.fail();
  const parents = linksOf(script, parentsOfCopy(state.copies[0] ?? assert.fail()));
  const renamed = script.write('A', 'kept', { content: 'x', parents });
  assert.deepEqual(parents, [loser]);
  assert.deepEqual(shownIn(script.tree()), { kept: renamed, p: winner });
});

test('an old content put back is a new version on top, whatever its clock said', () => {
  const script = new Script();
  const old = script.write('A', 'p', { content: 'old', time: 100 });
  const newer = script.write('A', 'p', { content: 'new', parents: [old], time: 200 });
  const restored = script.write('B', 'p', { content: 'old', parents: [newer], time: 50 });
  assert.deepEqual(shownIn(script.tree()), { p: restored });
});

test('a rename is gone from the old path and there at the new one', () => {
  const script = new Script();
  const file = script.write('A', 'd/old', { content: 'x' });
  const moved = script.write('A', 'e/new', { content: 'x', parents: [file] });
  assert.deepEqual(shownIn(script.tree()), { e: 'directory', 'e/new': moved });
});

test('an edit made while another node renames ends at the new name, and the bare move yields', () => {
  const script = new Script();
  const file = script.write('A', 'old', { content: 'x' });
  const moved = script.write('A', 'new', { content: 'x', parents: [file] });
  const edit = script.write('B', 'old', { content: 'y', parents: [file] });
  assert.deepEqual(shownIn(script.tree()), { new: edit });
  const state = script.tree().states.get('new') ?? assert.fail();
  assert.deepEqual(linksOf(script, parentsOfEdit(state)), [moved, edit]);
  const next = script.write('A', 'new', { parents: [moved, edit] });
  assert.deepEqual(shownIn(script.tree()), { new: next });
});

test('an edit follows through further moves and edits of what was moved', () => {
  const script = new Script();
  const file = script.write('A', 'a', { content: 'x' });
  const one = script.write('A', 'b', { content: 'x', parents: [file] });
  const edited = script.write('A', 'b', { content: 'y', parents: [one] });
  const two = script.write('A', 'c.md', { content: 'y', parents: [edited] });
  const rival = script.write('B', 'a', { content: 'z', parents: [file] });
  const later = script.write('B', 'a', { content: 'zz', parents: [rival] });
  assert.deepEqual(shownIn(script.tree()), { 'c.md': later, [copyName('c.md', two)]: two });
});

test('an edit that also renames is a rival at the new path, not a bare move', () => {
  const script = new Script();
  const file = script.write('A', 'old', { content: 'x' });
  const moved = script.write('A', 'new', { content: 'y', parents: [file] });
  const edit = script.write('B', 'old', { content: 'z', parents: [file] });
  assert.deepEqual(shownIn(script.tree()), { new: edit, [copyName('new', moved)]: moved });
});

test('a move never stands behind an edit whose author knew nothing of what was moved', () => {
  const script = new Script();
  const mine = script.write('A', 'mine', { content: 'x' });
  const yours = script.write('B', 'yours', { content: 'y' });
  const moved = script.write('A', 'new', { content: 'x', parents: [mine] });
  const replaced = script.write('C', 'new', { content: 'z', parents: [mine] });
  const over = script.write('C', 'new', { content: 'y', parents: [yours, replaced] });
  const edit = script.write('B', 'yours', { content: 'w', parents: [yours] });
  const state = script.tree().states.get('new') ?? assert.fail();
  // `over` knew of `moved`, and gives way to `edit`, which did not.
  const behind = [state.shown ?? assert.fail(), ...state.copies].map(members);
  assert.deepEqual(behind, [[edit, over], [moved]]);
});

test('a file deleted while another node renames it stays under its new name', () => {
  const script = new Script();
  const file = script.write('A', 'old', { content: 'x' });
  const moved = script.write('A', 'new', { content: 'x', parents: [file] });
  script.delete('B', 'old', file);
  assert.deepEqual(shownIn(script.tree()), { new: moved });
});

test('an edit finds its way to the new path even where the moved file was deleted there', () => {
  const script = new Script();
  const file = script.write('A', 'old', { content: 'x' });
  const moved = script.write('A', 'new', { content: 'x', parents: [file] });
  script.delete('A', 'new', moved);
  const edit = script.write('B', 'old', { content: 'y', parents: [file] });
  assert.deepEqual(shownIn(script.tree()), { new: edit });
});

test('a file renamed to two names at once keeps both', () => {
  const script = new Script();
  const file = script.write('A', 'p', { content: 'x' });
  const a = script.write('A', 'a', { content: 'x', parents: [file] });
  const b = script.write('B', 'b', { content: 'x', parents: [file] });
  assert.deepEqual(shownIn(script.tree()), { a, b });
});

test('two files renamed to one name keep both contents', () => {
  const script = new Script();
  const a = script.write('A', 'a', { content: 'x' });
  const b = script.write('A', 'b', { content: 'y' });
  const first = script.write('A', 'c', { content: 'x', parents: [a] });
  const second = script.write('B', 'c', { content: 'y', parents: [b] });
  assert.deepEqual(shownIn(script.tree()), { c: second, [copyName('c', first)]: first });
});

test('a file moved away and back, while another node edits it, ends at its name with the edit', () => {
  const script = new Script();
  const file = script.write('A', 'a', { content: 'x' });
  const away = script.write('A', 'b', { content: 'x', parents: [file] });
  script.write('A', 'a', { content: 'x', parents: [away] });
  const edit = script.write('B', 'a', { content: 'y', parents: [file] });
  assert.deepEqual(shownIn(script.tree()), { a: edit });
});

test('names swapped on one node take an edit of either along', () => {
  const script = new Script();
  const a = script.write('A', 'a', { content: 'x' });
  const b = script.write('A', 'b', { content: 'y' });
  const swapped = script.write('A', 'a', { content: 'y', parents: [b] });
  script.write('A', 'b', { content: 'x', parents: [a] });
  const edit = script.write('B', 'a', { content: 'z', parents: [a] });
  assert.deepEqual(shownIn(script.tree()), { a: swapped, b: edit });
});

test('a file created anew at a name that was moved away stays there', () => {
  const script = new Script();
  const file = script.write('A', 'a', { content: 'x' });
  const moved = script.write('A', 'b', { content: 'x', parents: [file] });
  const deleted = script.delete('B', 'a', file);
  const anew = script.write('B', 'a', { content: 'n', parents: [deleted] });
  assert.deepEqual(shownIn(script.tree()), { a: anew, b: moved });
});

test('saving a copy under its name does not take the winner along', () => {
  const script = new Script();
  const base = script.write('A', 'p');
  const loser = script.write('A', 'p', { parents: [base] });
  const winner = script.write('B', 'p', { parents: [base] });
  const name = copyName('p', loser);
  const saved = script.write('C', name, { parents: [loser] });
  assert.deepEqual(shownIn(script.tree()), { p: winner, [name]: saved });
});

test('directory X moved into Y while Y is moved into X: no cycle, and both files are there', () => {
  const script = new Script();
  const xDir = script.write('A', 'X', { kind: 'directory' });
  const yDir = script.write('A', 'Y', { kind: 'directory' });
  const x = script.write('A', 'X/x', { content: 'x' });
  const y = script.write('A', 'Y/y', { content: 'y' });
  const movedXDir = script.write('A', 'Y/X', { kind: 'directory', parents: [xDir] });
  const movedX = script.write('A', 'Y/X/x', { content: 'x', parents: [x] });
  const movedYDir = script.write('B', 'X/Y', { kind: 'directory', parents: [yDir] });
  const movedY = script.write('B', 'X/Y/y', { content: 'y', parents: [y] });
  assert.deepEqual(shownIn(script.tree()), {
    X: 'directory',
    'X/Y': movedYDir,
    'X/Y/y': movedY,
    Y: 'directory',
    'Y/X': movedXDir,
    'Y/X/x': movedX,
  });
});

test('a directory deleted on one node while another creates a file in it stays, with that file', () => {
  const script = new Script();
  const directory = script.write('A', 'd', { kind: 'directory' });
  const old = script.write('A', 'd/old');
  script.delete('A', 'd/old', old);
  script.delete('A', 'd', directory);
  const created = script.write('B', 'd/x');
  assert.deepEqual(shownIn(script.tree()), { d: 'directory', 'd/x': created });
});

test('a file in the place of a directory that has content becomes a copy beside it', () => {
  const script = new Script();
  const file = script.write('A', 'd.tar');
  const inside = script.write('B', 'd.tar/x');
  assert.deepEqual(shownIn(script.tree()), {
    'd.tar': 'directory',
    [copyName('d.tar', file)]: file,
    'd.tar/x': inside,
  });
});

test('a copy is moved aside by a real file of its name, with more digits', () => {
  const script = new Script();
  const loser = script.write('A', 'p.txt');
  const winner = script.write('B', 'p.txt');
  const taken = script.write('C', copyName('p.txt', loser).toUpperCase());
  const longer = Buffer.from(loser.hash8).toString('hex').slice(0, 8);
  assert.deepEqual(shownIn(script.tree()), {
    'p.txt': winner,
    [taken.path]: taken,
    [`p (conflict 2026-01-31 A ${longer}).txt`]: loser,
  });
});

test('the folder as of a clock shows what that clock covers, and nothing after it', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a] });
  const q = script.write('A', 'q', { content: 'x' });
  script.write('B', 'r', { content: 'x', parents: [q] });
  script.delete('B', 'p', b);
  const at = (clock: [string, number][]): Record<string, unknown> =>
    shownIn(foldLinks(script.links.filter(asOfClock(new Map(clock))), scriptNaming));
  assert.deepEqual(at([]), {});
  assert.deepEqual(at([['A', 1]]), { p: a });
  assert.deepEqual(
    at([
      ['A', 2],
      ['B', 1],
    ]),
    { p: b, q },
  );
});

test('the folder as of a time takes the earlier of the author’s time and when it was first seen', () => {
  const script = new Script();
  const early = script.write('A', 'early', { time: 10 });
  const ahead = script.write('B', 'ahead', { time: 9_000 });
  const late = script.write('C', 'late', { time: 500 });
  const seen = new Map([
    [early, 20],
    [ahead, 30],
    [late, 600],
  ]);
  const at = (time: number): string[] => {
    const existed = asOfTime(scriptStart + time, (link) => scriptStart + (seen.get(link) ?? 0));
    return Object.keys(shownIn(foldLinks(script.links.filter(existed), scriptNaming)));
  };
  assert.deepEqual(at(9), []);
  assert.deepEqual(at(30), ['ahead', 'early']);
  assert.deepEqual(at(500), ['ahead', 'early', 'late']);
});

const seed = runSeed();
test(`folding directory by directory gives the whole tree (seed ${seed})`, () => {
  for (let run = 0; run < 3000; run++) {
    const { links } = randomHistory(seed + run);
    const graph = new VersionGraph();
    for (const link of new Choices(run).shuffle(links)) graph.add(link);
    const whole = foldFolder(graph, naming);
    const merged = new Map(
      ['', 'a'].flatMap((directory) => {
        const prefix = directory === '' ? '' : `${directory}/`;
        const below = [...whole.entries.keys()].filter((path) => path.startsWith(prefix));
        const living = below
          .map((path) => path.slice(prefix.length).split('/'))
          .filter((names) => names.length > 1)
          .map((names) => names[0] ?? '');
        return [...foldDirectory(graph, directory, living, naming).entries];
      }),
    );
    assert.ok(
      isSameTree(whole, { entries: merged, states: whole.states }),
      `history ${seed + run}`,
    );
  }
});
