import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isVaultError } from '../../src/errors.ts';
import { MAX_LOOSE_HEADS } from '../../src/limits.ts';
import { clockCovers, isForkEvidence, type EntryPlace } from '../../src/log/forks.ts';
import { HashList } from '../../src/log/hash-list.ts';
import { newIncarnationReason } from '../../src/log/incarnation.ts';
import { branchLogId, shortHash } from '../../src/log/log-id.ts';
import { LogSet } from '../../src/log/log-set.ts';
import type { Head } from '../../src/log/types.ts';
import { named, namedHex } from '../helpers/log-samples.ts';

const log = namedHex('the log');
const zeros: Uint8Array = new Uint8Array(32);

function newSet(): LogSet {
  return new LogSet({ branchId: branchLogId });
}

/** Entries `name 0`, `name 1`, …, the first after `previous`. */
function chain(name: string, from: number, count: number, previous = zeros): EntryPlace[] {
  return Array.from({ length: count }, (_, i) => ({
    log,
    seq: from + i,
    hash: named(`${name} ${from + i}`),
    previous: i === 0 ? previous : named(`${name} ${from + i - 1}`),
  }));
}

function head(entry: EntryPlace): Head {
  return { log: entry.log, seq: entry.seq, hash: entry.hash, signature: new Uint8Array(64) };
}

/** A trunk of 5; branches `b` and `c` from 5 on; from 7 on `b` divides into itself and `d`. */
function forkedEntries(): EntryPlace[] {
  return [
    ...chain('a', 0, 5),
    ...chain('b', 5, 5, named('a 4')),
    ...chain('c', 5, 2, named('a 4')),
    ...chain('d', 7, 2, named('b 6')),
  ];
}

const branch = (first: string): string => branchLogId(log, named(first));

test('entries in order, out of order and repeated give one clock without a gap', () => {
  const [a, b, c] = chain('a', 0, 3);
  assert.ok(a && b && c);
  const set = newSet();
  assert.deepEqual(set.add(c), { outcome: 'held', released: [] });
  assert.deepEqual(set.add(c), { outcome: 'duplicate', released: [] });
  assert.deepEqual(set.clock(), new Map());
  assert.deepEqual(set.gaps(), [{ log, from: 0, to: 2 }]);
  assert.deepEqual(set.add(a).released, [a]);
  assert.deepEqual(set.clock(), new Map([[log, 1]]));
  assert.deepEqual(set.gaps(), [{ log, from: 1, to: 2 }]);
  assert.deepEqual(set.add(b).released, [b, c]);
  assert.deepEqual(set.clock(), new Map([[log, 3]]));
  assert.deepEqual(set.gaps(), []);
  assert.equal(set.held, 0);
  assert.deepEqual(set.add(b), { outcome: 'duplicate', released: [] });
});

test('entries that wait for others are limited', () => {
  const set = new LogSet({ branchId: branchLogId, maxHeld: 2 });
  const [, b, c, d] = chain('a', 0, 4);
  assert.ok(b && c && d);
  set.add(b);
  set.add(c);
  assert.throws(
    () => set.add(d),
    (error) => isVaultError(error, 'VAULT_LIMIT_EXCEEDED'),
  );
  assert.equal(set.held, 2);
});

test('a log known from a checkpoint on goes on from there, and says what is not here', () => {
  const set = newSet();
  const entries = chain('a', 0, 6);
  set.startAfter(log, { seq: 2, hash: named('a 2') });
  assert.deepEqual(set.clock(), new Map([[log, 3]]));
  assert.equal(set.knownFrom(log), 3);
  assert.equal(set.add(entries[1] ?? assert.fail()).outcome, 'below');
  const foreign = { log, seq: 3, hash: named('x 3'), previous: named('x 2') };
  assert.equal(set.add(foreign).outcome, 'held', 'does not stand on the known entry');
  for (const entry of entries.slice(3)) assert.equal(set.add(entry).outcome, 'added');
  assert.deepEqual(set.clock(), new Map([[log, 6]]));
  assert.equal(set.hashAt(log, 2), undefined);
  assert.deepEqual(set.hashAt(log, 5), named('a 5'));
  assert.throws(() => set.startAfter(log, { seq: 1, hash: zeros }), RangeError);
});

test('each branch of a fork goes on as a log of its own, and nothing stops', () => {
  const set = newSet();
  for (const entry of forkedEntries()) assert.equal(set.add(entry).outcome, 'added');
  assert.deepEqual(
    set.clock(),
    new Map([
      [log, 5],
      [branch('b 5'), 7],
      [branch('c 5'), 7],
      [branch('b 7'), 10],
      [branch('d 7'), 9],
    ]),
  );
  assert.deepEqual(set.forks(), [
    { log, seq: 5, branches: [branch('b 5'), branch('c 5')].toSorted() },
    { log, seq: 7, branches: [branch('b 7'), branch('d 7')].toSorted() },
  ]);
  const [next] = chain('c', 7, 1, named('c 6'));
  assert.equal(set.add(next ?? assert.fail()).outcome, 'added');
  assert.equal(set.clock().get(branch('c 5')), 8);
  assert.ok(set.isForked(log));
  assert.equal(set.origin(branch('d 7')), log);
});

test('a fork is the same whatever arrived first', () => {
  const entries = forkedEntries();
  const expected = newSet();
  for (const entry of entries) expected.add(entry);
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (order) => {
      const set = newSet();
      for (const entry of order) set.add(entry);
      assert.deepEqual(set.clock(), expected.clock());
      assert.deepEqual(set.forks(), expected.forks());
      assert.equal(set.held, 0);
      for (const { seq, hash } of entries) {
        const name = { log, seq, index: 0, hash8: shortHash(hash) };
        assert.equal(set.branchOf(name), expected.branchOf(name));
      }
    }),
  );
});

test('a log that is forked from its first entry on has no common part', () => {
  const set = newSet();
  for (const entry of [...chain('a', 0, 2), ...chain('b', 0, 3)]) set.add(entry);
  assert.deepEqual(
    set.clock(),
    new Map([
      [branch('a 0'), 2],
      [branch('b 0'), 3],
    ]),
  );
});

test('entries are told to come before others on their own branch only', () => {
  const set = newSet();
  for (const entry of forkedEntries()) set.add(entry);
  const place = (name: string): { seq: number; hash: Uint8Array } => ({
    seq: Number(name.slice(2)),
    hash: named(name),
  });
  const leads = (a: string, b: string): boolean | undefined => set.leadsTo(log, place(a), place(b));
  assert.equal(leads('a 2', 'd 8'), true);
  assert.equal(leads('b 6', 'd 8'), true);
  assert.equal(leads('b 7', 'd 8'), false);
  assert.equal(leads('c 5', 'b 9'), false);
  assert.equal(leads('b 9', 'b 5'), false);
  assert.equal(leads('x 1', 'b 5'), undefined);
});

test('a clock taken before a fork was known covers every branch; one taken after, only what it names', () => {
  const set = newSet();
  for (const entry of forkedEntries()) set.add(entry);
  const covers = (clock: [string, number][], name: string): boolean =>
    clockCovers(
      new Map(clock),
      { log, seq: Number(name.slice(2)), index: 0, hash8: shortHash(named(name)) },
      set,
    );
  assert.ok(covers([[log, 6]], 'b 5') && covers([[log, 6]], 'c 5') && !covers([[log, 6]], 'b 6'));
  const after: [string, number][] = [
    [log, 5],
    [branch('b 5'), 6],
  ];
  assert.ok(covers(after, 'a 4') && covers(after, 'b 5'));
  assert.ok(!covers(after, 'c 5') && !covers(after, 'b 6'));
});

test('two signed heads at one number prove a fork before any entry arrives, and both are kept', () => {
  const set = newSet();
  const [a] = chain('a', 3, 1);
  const [b] = chain('b', 3, 1);
  assert.ok(a && b);
  assert.ok(isForkEvidence(head(a), head(b)));
  assert.ok(!isForkEvidence(head(a), head(a)));
  set.noteHead(head(a));
  set.noteHead(head(a));
  assert.ok(!set.isForked(log));
  set.noteHead(head(b));
  assert.ok(set.isForked(log));
  assert.equal(set.heads(log).length, 2);
});

test('the newest head of each branch is kept as evidence', () => {
  const set = newSet();
  const entries = forkedEntries();
  for (const entry of entries) set.add(entry);
  for (const entry of entries) set.noteHead(head(entry));
  const kept = set.heads(log).map(({ seq, hash }) => ({ seq, hash }));
  assert.deepEqual(
    kept.map(({ seq }) => seq),
    [4, 6, 6, 8, 9],
  );
  assert.ok(kept.some(({ hash }) => Buffer.compare(hash, named('d 8')) === 0));
});

test('heads whose entries are unknown are limited', () => {
  const set = newSet();
  for (const entry of chain('a', 0, 100)) set.noteHead(head(entry));
  assert.equal(set.heads(log).length, MAX_LOOSE_HEADS);
  assert.equal(set.heads(log).at(-1)?.seq, 99);
});

test('a home that was copied or restored writes under a new log id', () => {
  const facts = {
    log,
    count: 10,
    countOutside: 10,
    sentinelChanged: false,
    hasAdopted: false,
    isForked: false,
  };
  assert.equal(newIncarnationReason(facts), undefined);
  assert.equal(newIncarnationReason({ ...facts, countOutside: undefined }), undefined);
  assert.equal(newIncarnationReason({ ...facts, countOutside: 9 }), undefined);
  assert.equal(newIncarnationReason({ ...facts, sentinelChanged: true }), 'home copied');
  assert.equal(newIncarnationReason({ ...facts, countOutside: 11 }), 'counter ahead');
  assert.equal(newIncarnationReason({ ...facts, hasAdopted: true }), 'newer at a peer');
  assert.equal(newIncarnationReason({ ...facts, hasAdopted: 'unknown' }), 'end lost');
  assert.equal(newIncarnationReason({ ...facts, isForked: true }), 'forked');
});

test('a list of hashes grows, splits and refuses what is no hash', () => {
  const list = new HashList();
  const hashes = Array.from({ length: 50 }, (_, i) => named(`hash ${i}`));
  for (const hash of hashes) list.push(hash);
  const tail = list.splitAt(20);
  assert.deepEqual([list.length, tail.length], [20, 30]);
  assert.deepEqual(list.at(19), hashes[19]);
  assert.deepEqual(tail.at(0), hashes[20]);
  list.push(hashes[0] ?? assert.fail());
  tail.push(hashes[1] ?? assert.fail());
  assert.ok(list.startsWith(20, shortHash(named('hash 0'))));
  assert.ok(tail.startsWith(30, named('hash 1')) && !tail.startsWith(31, named('hash 1')));
  assert.throws(() => list.push(new Uint8Array(31)), RangeError);
  assert.throws(() => list.at(21), RangeError);
});
