import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { bytesBelow } from '../../bench/harness/disk-usage.ts';
import type { CaseName } from '../../bench/harness/case-names.ts';
import type { Line, RunLine } from '../../bench/harness/lines.ts';
import { GNU_TIME, measure, type Command } from '../../bench/harness/measure.ts';
import { runRounds, type Step } from '../../bench/scenarios/rounds.ts';
import type { Side } from '../../bench/sides/side.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const needed = {
  programs: ['sh', 'cp', 'diff', 'sync'],
  conditions: { 'GNU time': existsSync(GNU_TIME) },
};

const shell = (script: string, ...args: readonly string[]): Command => ({
  program: 'sh',
  args: ['-ec', script, ...args],
  env: {},
});

/** A side whose store is a copy. `restore` is what it does to restore. */
function copying(name: string, restore = 'cp -R "$0/store" "$1"'): Side {
  return {
    name,
    version: () => '1',
    prepare: (place) => [shell('mkdir "$0/store"', place)],
    command(operation, { place, source, out }) {
      if (operation === 'snapshot') return shell('cp -R "$1/." "$0/store"', place, source);
      return operation === 'restore' ? shell(restore, place, out) : undefined;
    },
    restored: ({ out }) => out,
    storeBytes: (place) => bytesBelow(join(place, 'store')),
    sealedBytes: () => 42,
  };
}

const steps: readonly Step[] = [
  { case: 'first-tree', operation: 'snapshot' },
  { case: 'verify-tree', operation: 'verify' },
  { case: 'restore-tree', operation: 'restore' },
];

async function runOf(
  t: TestContext,
  wanted: readonly CaseName[],
  sides: readonly Side[],
  stepsOf: (source: string) => readonly Step[] = () => steps,
): Promise<RunLine[]> {
  const directory = tempDir(t);
  const source = join(directory, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'file'), 'twelve bytes');
  const scratch = join(directory, 'scratch');
  mkdirSync(scratch);
  const lines: Line[] = [];
  const { signal } = new AbortController();
  try {
    await runRounds(source, stepsOf(source), new Set(wanted), {
      scratch,
      sides,
      pairs: 2,
      scale: 1,
      tree: undefined,
      nextTree: undefined,
      signal,
      say: (line) => lines.push(line),
    });
  } finally {
    assert.deepEqual(readdirSync(scratch), [], 'nothing is left behind');
  }
  return lines.filter((line) => line.type === 'run');
}

describe('rounds', () => {
  test('sides alternate within each step, and a step one cannot do is left out for it', async (t) => {
    if (!skipUnless(t, needed)) return;
    const runs = await runOf(t, ['first-tree', 'restore-tree'], [copying('a'), copying('b')]);
    assert.deepEqual(
      runs.map(({ case: name, pair, side }) => `${name} ${pair} ${side}`),
      [
        'first-tree 0 a',
        'first-tree 0 b',
        'restore-tree 0 a',
        'restore-tree 0 b',
        'first-tree 1 b',
        'first-tree 1 a',
        'restore-tree 1 b',
        'restore-tree 1 a',
      ],
    );
  });

  test('what a case needs is done and not told', async (t) => {
    if (!skipUnless(t, needed)) return;
    const runs = await runOf(t, ['restore-tree'], [copying('a')]);
    assert.deepEqual([...new Set(runs.map((run) => run.case))], ['restore-tree']);
    assert.equal(runs.length, 2);
  });

  test('a snapshot tells what the store has, and by how much it grew', async (t) => {
    if (!skipUnless(t, needed)) return;
    const [first, second] = await runOf(
      t,
      ['first-tree', 'insert-large'],
      [copying('a')],
      (source) => [
        { case: 'first-tree', operation: 'snapshot' },
        {
          case: 'insert-large',
          operation: 'snapshot',
          arrange: () => writeFileSync(join(source, 'more'), '123'),
        },
      ],
    );
    assert.deepEqual([first?.storeBytes, first?.grownBytes, first?.sealedBytes], [12, 12, 42]);
    assert.deepEqual([second?.storeBytes, second?.grownBytes], [15, 3]);
    assert.ok(first !== undefined && first.seconds > 0 && first.peakBytes > 0);
  });

  test('whoever restores something else ends the benchmark', async (t) => {
    if (!skipUnless(t, needed)) return;
    const wrong = copying('wrong', 'mkdir "$1" && echo other > "$1/file"');
    await assert.rejects(runOf(t, ['restore-tree'], [wrong]), /diff .*differ|ended with 1/);
  });

  test('a program that fails ends the benchmark with what it said', async (t) => {
    if (!skipUnless(t, needed)) return;
    const broken = copying('broken', 'echo no luck >&2; exit 3');
    await assert.rejects(runOf(t, ['restore-tree'], [broken]), /ended with 3: no luck/);
  });
});

describe('measuring', () => {
  test('an interrupted run ends what it started', async (t) => {
    if (!skipUnless(t, { ...needed, programs: ['sh', 'sleep', 'sync'] })) return;
    const scratch = tempDir(t);
    const stop = new AbortController();
    const endless = measure(shell('sleep 600'), { scratch, signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(endless, /enough/);
  });

  test('processor time and output are those of the program', async (t) => {
    if (!skipUnless(t, needed)) return;
    const { signal } = new AbortController();
    const { stdout, cpuSeconds, writtenBytes } = await measure(
      { program: process.execPath, args: ['-p', '6 * 7'], env: {} },
      { scratch: tempDir(t), signal },
    );
    assert.equal(stdout, '42\n');
    assert.ok(cpuSeconds > 0);
    assert.ok(writtenBytes >= 0);
  });
});
