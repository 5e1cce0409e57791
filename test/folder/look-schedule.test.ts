import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HeldDeletions, HOLD_MS } from '../../src/folder/held-deletions.ts';
import { LookSchedule } from '../../src/folder/look-schedule.ts';

interface Look {
  readonly atMs: number;
  readonly directories: readonly string[] | undefined;
}

/** Runs hints through a schedule as whoever keeps its timer would; the looks until `endMs`. */
function looks(
  hints: readonly { readonly atMs: number; readonly directory: string; readonly name?: string }[],
  endMs: number,
  schedule = new LookSchedule(),
): Look[] {
  const done: Look[] = [];
  const until = (ms: number): void => {
    for (let next = schedule.nextMs; next !== undefined && next < ms; next = schedule.nextMs) {
      const look = schedule.take(next);
      if (look !== undefined) done.push({ atMs: next, directories: look.directories });
    }
  };
  for (const { atMs, directory, name } of hints) {
    until(atMs);
    schedule.note(directory, name, atMs);
  }
  until(endMs);
  return done;
}

/** The times of hints `everyMs` apart. */
function written(
  name: string,
  everyMs: number,
  endMs: number,
  directory = '',
): {
  atMs: number;
  directory: string;
  name: string;
}[] {
  const count = Math.floor(endMs / everyMs);
  return Array.from({ length: count }, (_, at) => ({ atMs: at * everyMs, directory, name }));
}

describe('when to look', () => {
  test('an isolated save is looked at after 20 ms of quiet', () => {
    const save = [0, 0.4, 1, 3].map((atMs) => ({ atMs, directory: 'a', name: 'plan' }));
    assert.deepEqual(looks(save, 60_000), [{ atMs: 23, directories: ['a'] }]);
  });

  test('a burst is looked at once, after 100 ms of quiet', () => {
    const burst = written('plan', 10, 500);
    assert.deepEqual(looks(burst, 60_000), [{ atMs: 490 + 100, directories: [''] }]);
  });

  test('saves of a person, seconds apart, are each looked at at once', () => {
    const saves = written('plan', 3_000, 30_000);
    assert.deepEqual(
      looks(saves, 60_000).map(({ atMs }) => atMs),
      saves.map(({ atMs }) => atMs + 20),
    );
  });

  test('what never rests is looked at after two seconds at first, and less and less often, after five minutes at most', () => {
    const times = looks(written('log', 50, 3_600_000), 3_600_000).map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((ms, at) => ms - (times[at] ?? 0));
    assert.ok((gaps[0] ?? 0) <= 2_100, `${gaps[0]}`);
    assert.ok(Math.max(...gaps) <= 300_000 + 100, `${Math.max(...gaps)}`);
    assert.ok(times.length < 30, `${times.length} looks in an hour`);
    for (const [at, gap] of gaps.entries()) {
      if (at > 0) assert.ok(gap >= (gaps[at - 1] ?? 0) - 60, gaps.join());
    }
  });

  test('once it rests for two seconds it is looked at, however long it was busy', () => {
    const times = looks(written('log', 50, 600_000), 700_000).map(({ atMs }) => atMs);
    assert.ok((times.at(-1) ?? 0) >= 599_950 && (times.at(-1) ?? 0) <= 602_000, `${times.at(-1)}`);
  });

  test('beside a busy file another one is looked at as soon as if it were alone, and the busy one left', () => {
    const schedule = new LookSchedule();
    const busy = written('log', 50, 11_000);
    looks(busy, 11_001, schedule);
    schedule.note('', 'plan', 11_001);
    schedule.note('', 'log', 11_005);
    const look = schedule.take(11_021);
    assert.deepEqual(look?.directories, ['']);
    assert.equal(look.isBusy('log'), true);
    assert.equal(look.isBusy('plan'), false);
  });

  test('many names in a directory become one look at it, many directories one at everything', () => {
    const schedule = new LookSchedule();
    for (let at = 0; at < 5_000; at++) schedule.note('d', `f${at}`, at / 100);
    const one = schedule.take(200);
    assert.deepEqual(one?.directories, ['d']);
    assert.equal(one.isBusy('d/f4999'), false);
    for (let at = 0; at < 5_000; at++) schedule.note(`d${at}`, 'f', 5_000 + at / 100);
    assert.deepEqual(schedule.take(5_200)?.directories, undefined);
    assert.equal(schedule.nextMs, undefined);
  });

  test('lost hints mean a look at everything, which covers what was hinted at', () => {
    const schedule = new LookSchedule();
    schedule.note('a', 'plan', 0);
    schedule.noteAll(1);
    schedule.note('a', 'plan', 2);
    assert.equal(schedule.take(10), undefined);
    assert.deepEqual(schedule.take(22)?.directories, undefined);
    assert.equal(schedule.take(10_000), undefined);
  });

  test('a look that was asked for comes at its time, once', () => {
    const schedule = new LookSchedule();
    schedule.lookAgain('a', 1_000);
    schedule.lookAgain('a', 1_500);
    assert.equal(schedule.nextMs, 1_000);
    assert.equal(schedule.take(999), undefined);
    assert.deepEqual(schedule.take(1_000)?.directories, ['a']);
    assert.equal(schedule.nextMs, undefined);
  });

  test('every hint is followed by a look, within two seconds of rest, and then there is silence', () => {
    const hint = fc.record({
      gapMs: fc.oneof(fc.nat(30), fc.nat(3_000), fc.nat(100_000)),
      directory: fc.constantFrom('', 'a', 'b'),
      name: fc.option(fc.constantFrom('f', 'g', 'h'), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(hint, { minLength: 1, maxLength: 60 }), (given) => {
        let nowMs = 0;
        const hints = given.map(({ gapMs, directory, name }) => {
          nowMs += gapMs;
          return { atMs: nowMs, directory, ...(name === undefined ? {} : { name }) };
        });
        const schedule = new LookSchedule();
        const done = looks(hints, nowMs + 3_000, schedule);
        assert.equal(schedule.nextMs, undefined);
        for (const [at, { atMs, directory, name }] of hints.entries()) {
          const next = hints.find(
            (later, index) => index > at && later.directory === directory && later.name === name,
          );
          const rests = next === undefined || next.atMs - atMs > 2_000;
          const covered = done.find(
            (look) => look.atMs >= atMs && look.directories?.includes(directory) === true,
          );
          assert.ok(covered, 'no look');
          if (rests)
            assert.ok(covered.atMs <= atMs + 2_000, `${atMs} looked at at ${covered.atMs}`);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('what is gone', () => {
  test('is held for a second, and then no more', () => {
    const held = new HeldDeletions();
    held.begin();
    assert.equal(held.holds('a/plan', 0), true);
    held.end();
    assert.deepEqual([...held.directories], ['a']);
    assert.deepEqual([...held.due], [['a', HOLD_MS]]);
    held.begin();
    assert.equal(held.holds('a/plan', 999), true);
    held.end();
    held.begin();
    assert.equal(held.holds('a/plan', 1_000), false);
    held.end();
    assert.deepEqual([...held.directories], []);
  });

  test('and comes back is forgotten, and held anew when it is gone again', () => {
    const held = new HeldDeletions();
    held.begin();
    held.holds('plan', 0);
    held.end();
    held.begin();
    held.end();
    assert.equal(held.directories.size, 0);
    held.begin();
    assert.equal(held.holds('plan', 1_500), true);
  });
});
