import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { looksLikeTime, timeOf, timeText } from '../../src/operations/time-text.ts';

const noon = new Date(2026, 5, 15, 12, 0, 0).getTime();

describe('timeOf', () => {
  test('reads times with a zone as they are', () => {
    for (const text of [
      '2026-01-31T18:00:00Z',
      '2026-01-31t18:00:00z',
      '2026-01-31 18:00:00Z',
      '2026-01-31T18:00Z',
      '2026-01-31T19:30:00+01:30',
      '2026-01-31T16:00:00.000-02:00',
    ]) {
      assert.equal(timeOf(text, noon), Date.UTC(2026, 0, 31, 18), text);
    }
    assert.equal(timeOf('2026-01-31T18:00:00.25Z', noon), Date.UTC(2026, 0, 31, 18) + 250);
  });

  test('without a zone a time is meant as it is here', () => {
    assert.equal(timeOf('2026-01-31 18:00', noon), new Date(2026, 0, 31, 18).getTime());
  });

  test('a date and yesterday mean the end of that day here', () => {
    assert.equal(timeOf('2026-02-28', noon), new Date(2026, 1, 28, 23, 59, 59, 999).getTime());
    assert.equal(timeOf('2024-02-29', noon), new Date(2024, 1, 29, 23, 59, 59, 999).getTime());
    assert.equal(timeOf('yesterday', noon), new Date(2026, 5, 14, 23, 59, 59, 999).getTime());
  });

  test('so long ago counts from now', () => {
    for (const [text, ms] of [
      ['90s ago', 90_000],
      ['5 m ago', 300_000],
      ['2h ago', 7_200_000],
      ['3d  ago', 259_200_000],
      ['1w ago', 604_800_000],
      ['0s ago', 0],
    ] as const) {
      assert.equal(timeOf(text, noon), noon - ms, text);
    }
  });

  test('in words days and longer ones keep the time of day, and months their day where they can', () => {
    for (const [text, ms] of [
      ['1 second ago', noon - 1000],
      ['90 minutes ago', noon - 5_400_000],
      ['2 hours ago', noon - 7_200_000],
      ['3 days ago', new Date(2026, 5, 12, 12).getTime()],
      ['2 weeks ago', noon - 14 * 86_400_000],
      ['1 month ago', new Date(2026, 4, 15, 12).getTime()],
      ['2 years ago', new Date(2024, 5, 15, 12).getTime()],
    ] as const) {
      assert.equal(timeOf(text, noon), ms, text);
    }
    const last = new Date(2026, 2, 31, 12).getTime();
    assert.equal(timeOf('1 month ago', last), new Date(2026, 1, 28, 12).getTime());
    assert.equal(timeOf('2 months ago', last), new Date(2026, 0, 31, 12).getTime());
    const leap = new Date(2024, 1, 29, 12).getTime();
    assert.equal(timeOf('1 year ago', leap), new Date(2023, 1, 28, 12).getTime());
  });

  test('what came since a date came since its start', () => {
    const start = (day: number): number => new Date(2026, 5, day).getTime();
    assert.equal(timeOf('2026-06-10', noon, 'start'), start(10));
    assert.equal(timeOf('today', noon, 'start'), start(15));
    assert.equal(timeOf('yesterday', noon, 'start'), start(14));
    assert.equal(timeOf('2h ago', noon, 'start'), noon - 7_200_000);
    assert.equal(timeOf('today', noon), start(16) - 1);
  });

  test('days that no calendar has, and other texts, are no times', () => {
    for (const text of [
      '2026-02-30',
      '2026-02-30T10:00:00Z',
      '2025-02-29T00:00:00Z',
      '2026-13-01',
      '2026-00-10',
      '2026-01-31T25:00:00Z',
      '2026-01-31T12:61:00Z',
      '2026-01-31T12:00:00+99:00',
      '31.01.2026',
      '2h',
      '-2h ago',
      '2y ago',
      'ago',
      '',
      'tomorrow',
      '1767225600',
    ]) {
      assert.equal(timeOf(text, noon), undefined, text);
    }
  });

  test('any text is a time or none, and what was written is read back', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.ok(timeOf(text, noon) === undefined || Number.isFinite(timeOf(text, noon)));
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_000_000_000_000 }), (ms) => {
        assert.equal(timeOf(timeText(ms * 1000), noon), ms);
      }),
    );
  });
});

describe('looksLikeTime', () => {
  test('tells a mistyped time from a name', () => {
    for (const text of ['2026-02-30', '2026-1', '12:00', '5 parsecs ago']) {
      assert.equal(looksLikeTime(text), text !== '2026-1', text);
    }
    for (const text of ['release-2026-01', 'before', 'v1.2', 'deadbeef']) {
      assert.equal(looksLikeTime(text), false, text);
    }
  });
});
