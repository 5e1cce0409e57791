import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CaseName } from '../../bench/harness/case-names.ts';
import { parseLines, type EnvironmentLine, type RunLine } from '../../bench/harness/lines.ts';
import { markdownTable } from '../../bench/harness/markdown-table.ts';
import { mergeReports } from '../../bench/harness/merge-reports.ts';
import { withResults } from '../../bench/harness/readme.ts';
import { report } from '../../bench/harness/report.ts';
import { judge } from '../../bench/harness/targets.ts';

function run(name: CaseName, side: string, pair: number, more: Partial<RunLine> = {}): RunLine {
  return {
    type: 'run',
    case: name,
    side,
    pair,
    seconds: 1,
    cpuSeconds: 1,
    peakBytes: 100e6,
    writtenBytes: 0,
    deviceBytes: null,
    storeBytes: null,
    grownBytes: null,
    sealedBytes: null,
    ...more,
  };
}

const environment: EnvironmentLine = {
  type: 'environment',
  time: '2026-01-02T03:04:05.678Z',
  processor: 'Some Processor',
  processors: 2,
  memoryBytes: 8 * 2 ** 30,
  system: 'Some System 1',
  kernel: '6.1.0',
  fileSystem: 'ext4 (rw)',
  node: '20.20.0',
  vault: '0.1.0',
  peers: { restic: '0.14.0', borg: null },
  loadBefore: 0.5,
  pairs: 2,
  scale: 1,
};

/** What is said of one target. */
function verdict(runs: readonly RunLine[], name: CaseName, what: string) {
  const judged = judge(runs).find((one) => one.case === name && one.target.what === what);
  assert.ok(judged, `${name}: ${what}`);
  return judged;
}

describe('targets', () => {
  test('the median of the ratios decides, also where single rounds are beyond', () => {
    const seconds = [0.1, 0.5, 0.9].flatMap((mine, pair) => [
      run('first-tree', 'vault', pair, { seconds: mine }),
      run('first-tree', 'restic', pair, { seconds: 1 }),
    ]);
    const { figure, met } = verdict(seconds, 'first-tree', 'time, × restic');
    assert.deepEqual(figure, { median: 0.5, min: 0.1, max: 0.9 });
    assert.equal(met, true);
  });

  test('a median beyond the limit is missed', () => {
    const runs = [
      run('first-tree', 'vault', 0, { seconds: 0.7 }),
      run('first-tree', 'restic', 0, { seconds: 1 }),
    ];
    assert.equal(verdict(runs, 'first-tree', 'time, × restic').met, false);
  });

  test('without the peer it is not measured, and neither met nor missed', () => {
    const { figure, met } = verdict(
      [run('first-tree', 'vault', 0)],
      'first-tree',
      'time, × restic',
    );
    assert.equal(figure, undefined);
    assert.equal(met, undefined);
  });

  test('no run may take more memory than the limit', () => {
    const runs = [100e6, 100e6, 301e6].map((peakBytes, pair) => {
      return run('restore-tree', 'vault', pair, { peakBytes });
    });
    assert.equal(verdict(runs, 'restore-tree', 'peak memory').met, false);
    assert.equal(verdict(runs.slice(0, 2), 'restore-tree', 'peak memory').met, true);
  });

  test('newly stored bytes and device writes are those of vault alone', () => {
    const insert = [
      run('insert-large', 'vault', 0, { sealedBytes: 512 * 1024 }),
      run('insert-large', 'restic', 0, { grownBytes: 9e9 }),
    ];
    assert.equal(verdict(insert, 'insert-large', 'newly stored').met, true);
    const first = [run('first-large', 'vault', 0, { sealedBytes: 1000, deviceBytes: 1300 })];
    const { figure, met } = verdict(first, 'first-large', 'device writes over sealed bytes');
    assert.equal(figure?.median, 1.3);
    assert.equal(met, false);
  });

  test('speed kept at many tables is the time of an empty store over that of a full one', () => {
    const kept = (seconds: number): boolean | undefined => {
      const runs = [
        run('many-tables', 'vault', 0, { seconds }),
        run('many-tables', 'empty', 0, { seconds: 7 }),
      ];
      return verdict(runs, 'many-tables', 'speed of writing kept').met;
    };
    assert.equal(kept(10), true);
    assert.equal(kept(10.1), false);
  });

  test('cases that did not run have no verdict', () => {
    assert.deepEqual(judge([]), []);
  });
});

describe('report', () => {
  test('it names the machine, the peers found, and what did not run', () => {
    const text = report([
      environment,
      { type: 'input', name: 'some tree', files: 12345, bytes: 6_700_000 },
      { type: 'not-run', case: 'first-tree', side: 'borg', why: 'borg is not installed' },
      run('first-tree', 'vault', 0, { seconds: 3 }),
      run('first-tree', 'restic', 0, { seconds: 4 }),
    ]);
    assert.match(text, /- 2026-01-02, vault 0\.1\.0, Node 20\.20\.0\n- beside restic 0\.14\.0\n/);
    assert.match(text, /- 2 × Some Processor, 8 GiB\n/);
    assert.match(text, /- some tree: 12,345 files, 6\.70 MB\n/);
    assert.match(text, /- not run: first-tree beside borg: borg is not installed\n/);
    assert.match(text, /\| first-tree +\| +3\.00 \| +4\.00 \| +0\.75 \(0\.75–0\.75\) \|/);
    assert.match(text, /\| time, × restic +\| +≤ 0\.60 \| +0\.75 \| +0\.75–0\.75 \| missed +\|/);
  });

  test('scaled inputs are not passed off as the cases', () => {
    assert.match(report([{ ...environment, scale: 0.1 }]), /not the cases as defined/);
    assert.doesNotMatch(report([environment]), /not the cases as defined/);
  });

  test('a side that has nothing to compare leaves its cells empty', () => {
    const text = report([
      run('first-tree', 'vault', 0),
      run('first-tree', 'git', 0),
      run('restore-tree', 'vault', 0),
    ]);
    assert.match(text, /\| restore-tree \| +1\.00 \| +\| +\|/);
  });

  test('it says so where nothing was measured', () => {
    assert.match(report([environment]), /Nothing was measured\./);
  });

  test('JSON lines come back as they went, and anything else is refused', () => {
    const lines = [environment, run('first-tree', 'vault', 0)];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    assert.deepEqual(parseLines(text), lines);
    assert.throws(() => parseLines('{"type":"summary"}\n'), SyntaxError);
    assert.throws(() => parseLines('null\n'), SyntaxError);
    assert.throws(() => parseLines('{\n'), SyntaxError);
  });

  test('a case measured again counts as it was the last time', () => {
    const old = [run('first-tree', 'vault', 0), run('first-tree', 'vault', 1)];
    const other = run('restore-tree', 'vault', 0);
    const again = run('first-tree', 'vault', 0, { seconds: 2 });
    const later = { ...environment, pairs: 1 };
    assert.deepEqual(
      mergeReports([
        [environment, ...old, other],
        [later, again],
      ]),
      [environment, other, later, again],
    );
    assert.deepEqual(
      mergeReports([
        [environment, ...old],
        [later, again],
      ]),
      [later, again],
    );
  });

  test('opening a store is told where it was measured apart', () => {
    const text = report([run('many-tables', 'vault', 0, { openSeconds: 1.234 })]);
    assert.match(text, /- many-tables, vault: opened in 1\.23 s/);
  });

  test('the results take the place of those before, and nothing else changes', () => {
    const page = (results: string): string =>
      `# Page\n\n<!-- results: written by --write-readme -->\n\n${results}\n\n<!-- end of results -->\n\nafter\n`;
    assert.equal(withResults(page('old\n\nolder'), 'new\n'), page('new'));
    assert.throws(() => withResults('# Page\n', 'new'), RangeError);
  });
});

describe('tables', () => {
  test('columns are as wide as their cells, numbers at the right', () => {
    const text = markdownTable(
      [{ title: 'a' }, { title: 'n', align: 'right' }],
      [['long one', '7']],
    );
    assert.equal(text, '| a        |   n |\n| -------- | --: |\n| long one |   7 |');
  });

  test('a row with a cell too many is a mistake', () => {
    assert.throws(() => markdownTable([{ title: 'a' }], [['1', '2']]), RangeError);
  });
});
