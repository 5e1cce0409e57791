import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CheckpointFold, livingLinks } from '../../src/log/checkpoint-fold.ts';
import {
  checkpointFaults,
  closedClock,
  makeCheckpoint,
  missingHistory,
} from '../../src/log/checkpoint.ts';
import { foldFolder, foldLinks } from '../../src/log/folder-tree.ts';
import { DropSet } from '../../src/log/drop-set.ts';
import type { CheckpointRecord, DropSetRecord, NamedLink } from '../../src/log/types.ts';
import { named } from '../helpers/log-samples.ts';
import { Script, scriptNaming, shownIn } from '../helpers/links.ts';

const hashAt = (log: string, seq: number): Uint8Array => named(`${log} ${seq}`);

/** A checkpoint of these links at the clock that covers the first `counts` of each log. */
function checkpoint(
  links: readonly NamedLink[],
  counts: Record<string, number>,
  mayCollapse: (link: NamedLink, moved: boolean) => boolean = () => true,
): CheckpointRecord {
  const clock = new Map(Object.entries(counts));
  const hashes = new Map([...clock].map(([log, count]) => [log, hashAt(log, count - 1)]));
  return makeCheckpoint({ links, clock, hashes, time: 1, mayCollapse });
}

test('a checkpoint lists what is current at its clock, and nothing that came later', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a] });
  const q = script.write('A', 'q');
  script.write('B', 'q', { parents: [q] });
  assert.deepEqual(checkpoint(script.links, { A: 2, B: 1 }).live, [b, q]);
});

test('what stays for its age keeps everything that came after it', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('A', 'p', { parents: [a] });
  const c = script.write('A', 'p', { parents: [b] });
  const d = script.write('A', 'p', { parents: [c] });
  assert.deepEqual(checkpoint(script.links, { A: 4 }, (link) => link !== b).live, [b, c, d]);
});

test('a policy can keep what was moved, so that a late edit still finds the new path', () => {
  const script = new Script();
  const old = script.write('A', 'old', { content: 'x' });
  const moved = script.write('A', 'new', { content: 'x', parents: [old] });
  const edited = script.write('A', 'new', { content: 'y', parents: [moved] });
  const kept = checkpoint(script.links, { A: 3 }, (_, wasMoved) => !wasMoved);
  assert.deepEqual(kept.live, [old, moved, edited]);
  const collapsed = checkpoint(script.links, { A: 3 });
  assert.deepEqual(collapsed.live, [edited]);
  const late = script.write('B', 'old', { content: 'z', parents: [old] });
  const show = (record: CheckpointRecord): string[] =>
    Object.keys(shownIn(foldLinks(livingLinks([late], [record]), scriptNaming)));
  assert.equal(show(kept).length, 2);
  assert.ok(show(kept).includes('new') && !show(kept).includes('old'));
  assert.deepEqual(show(collapsed), ['new', 'old'], 'nothing is lost, but it stays at its path');
});

test('a clock that covers a version but not its parent is refused, and can be closed', () => {
  const script = new Script();
  script.write('A', 'q');
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a] });
  script.write('C', 'p', { parents: [b] });
  const links = script.links;
  assert.throws(() => checkpoint(links, { A: 1, B: 1, C: 1 }), RangeError);
  const clock = closedClock(
    new Map([
      ['A', 1],
      ['B', 1],
      ['C', 1],
    ]),
    links,
  );
  assert.deepEqual(clock, new Map([['A', 1]]));
  const input = { links, clock, hashes: new Map(), time: 1, mayCollapse: () => true };
  assert.throws(() => makeCheckpoint(input), RangeError, 'a log without a hash');
});

test('what a checkpoint covers and does not list is dead, held or not, in any order', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a] });
  const record = checkpoint([a, b], { A: 1, B: 1 });
  const late = script.write('C', 'p', { parents: [a] });
  const feed = (...steps: (NamedLink | CheckpointRecord)[]): unknown => {
    const fold = new CheckpointFold();
    for (const step of steps) {
      if ('live' in step) fold.addCheckpoint(step);
      else fold.add(step);
    }
    return shownIn(foldFolder(fold.graph, scriptNaming));
  };
  const expected = feed(record, late);
  assert.equal(Object.keys(expected as object).length, 2, 'the late edit is there, as is B’s');
  assert.deepEqual(feed(a, b, record, late), expected);
  assert.deepEqual(feed(late, record, b, a), expected);
  assert.deepEqual(feed(late, a, record), expected);
});

test('a node that was offline longer than any retention revives nothing, and its own edit shows', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const x = script.write('A', 'gone');
  const gone = script.delete('A', 'gone', x);
  const b = script.write('A', 'p', { parents: [a] });
  const record = checkpoint(script.links, { A: 4 });
  const own = script.write('B', 'other');
  const living = livingLinks([a, x, own], [record]);
  assert.deepEqual(shownIn(foldLinks(living, scriptNaming)), { other: own, p: b });
  assert.deepEqual(new Set(living), new Set([gone, b, own]));
});

test('checkpoints of several nodes bury what any of them buries', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a] });
  const first = checkpoint([a], { A: 1 });
  const second = checkpoint([a, b], { A: 1, B: 1 });
  for (const records of [
    [first, second],
    [second, first],
  ]) {
    assert.deepEqual(livingLinks([], records), [b]);
  }
});

test('an honest checkpoint has no faults', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  script.write('B', 'p', { parents: [a] });
  const record = checkpoint(script.links, { A: 1, B: 1 });
  assert.deepEqual(checkpointFaults(record, { hashAt, links: script.links }), []);
  assert.deepEqual(checkpointFaults(record, { hashAt: () => undefined, links: [] }), []);
});

test('every way in which a checkpoint can be false or forged is told apart', () => {
  const script = new Script();
  const a = script.write('A', 'p');
  const b = script.write('B', 'p', { parents: [a] });
  const c = script.write('C', 'q');
  const links = script.links;
  const honest = checkpoint(links, { A: 1, B: 1 });
  const faults = (changes: Partial<CheckpointRecord>): unknown =>
    checkpointFaults({ ...honest, ...changes }, { hashAt, links });
  assert.deepEqual(
    faults({
      hashes: new Map([
        ['A', named('x')],
        ['B', hashAt('B', 0)],
      ]),
    }),
    [{ kind: 'hash differs', log: 'A', seq: 0 }],
  );
  assert.deepEqual(faults({ hashes: new Map([['A', hashAt('A', 0)]]) }), [
    { kind: 'hash missing', log: 'B' },
  ]);
  assert.deepEqual(faults({ live: [b, c] }), [{ kind: 'lists uncovered', link: c }]);
  assert.deepEqual(faults({ live: [] }), [{ kind: 'buries current', link: b }]);
  assert.deepEqual(faults({ live: [a] }), [
    { kind: 'revives', link: a },
    { kind: 'buries current', link: b },
  ]);
  const open = { clock: new Map([['B', 1]]), hashes: new Map([['B', hashAt('B', 0)]]) };
  assert.deepEqual(faults(open), [{ kind: 'not closed', link: b }]);
});

test('what a checkpoint stands for and is not held is named as history that is not here', () => {
  const record = checkpoint([], { A: 10, B: 3, C: 5 });
  const known = new Map([
    ['A', 4],
    ['C', 7],
  ]);
  assert.deepEqual(missingHistory(record, known), [
    { log: 'A', from: 4, to: 10 },
    { log: 'B', from: 0, to: 3 },
  ]);
});

test('the latest statement about a version or snapshot decides what the drop set holds', () => {
  const dot = { log: 'A', seq: 1, index: 2 };
  const snapshot = named('snapshot').slice(0, 16);
  const say = (action: 'drop' | 'restore', time: number): DropSetRecord => ({
    type: 'drop-set',
    action,
    dots: [dot],
    snapshots: [snapshot],
    time,
  });
  const table: [DropSetRecord[], boolean][] = [
    [[], false],
    [[say('drop', 1)], true],
    [[say('drop', 1), say('restore', 2)], false],
    [[say('drop', 1), say('restore', 2), say('drop', 3)], true],
    [[say('drop', 2), say('restore', 2)], false],
  ];
  for (const [records, expected] of table) {
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (order) => {
        const set = new DropSet();
        for (const record of [...order, ...order]) set.apply(record);
        assert.equal(set.hasVersion(dot), expected);
        assert.equal(set.hasSnapshot(snapshot), expected);
      }),
      { numRuns: 30 },
    );
  }
  const set = new DropSet();
  set.apply(say('drop', 1));
  assert.equal(set.hasVersion({ ...dot, index: 3 }), false);
  assert.equal(set.hasSnapshot(named('other').slice(0, 16)), false);
});
