import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ArgumentError, parseArguments } from '../../bench/harness/arguments.ts';
import { caseNames } from '../../bench/harness/case-names.ts';

describe('arguments of the benchmark', () => {
  test('without any, every case runs in five rounds beside whatever is installed', () => {
    const wanted = parseArguments([]);
    assert.deepEqual(wanted.cases, caseNames);
    assert.equal(wanted.pairs, 5);
    assert.equal(wanted.scale, 1);
    assert.equal(wanted.peers, undefined);
    assert.equal(wanted.action, 'run');
  });

  test('cases may be repeated or separated by commas, and keep the order in which they run', () => {
    const { cases } = parseArguments(['--case', 'restore-tree,first-large', '--case=first-tree']);
    assert.deepEqual(cases, ['first-tree', 'restore-tree', 'first-large']);
  });

  test('paths, peers and files are taken as given', () => {
    const wanted = parseArguments(
      '--tree a --next-tree b.deb --peer borg --peer git --scratch s --out o --scale 0.5'.split(
        ' ',
      ),
    );
    assert.equal(wanted.tree, 'a');
    assert.equal(wanted.nextTree, 'b.deb');
    assert.deepEqual(wanted.peers, ['borg', 'git']);
    assert.equal(wanted.scratch, 's');
    assert.equal(wanted.out, 'o');
    assert.equal(wanted.scale, 0.5);
  });

  test('a report measures nothing, and help and list do neither', () => {
    assert.equal(parseArguments(['--report', 'a', '--report', 'b']).action, 'report');
    assert.equal(parseArguments(['--list']).action, 'list');
    assert.equal(parseArguments(['--help', '--list', '--report', 'a']).action, 'help');
  });

  for (const [what, args] of [
    ['an unknown case', ['--case', 'frist-tree']],
    ['the name of something every object has', ['--case', 'toString']],
    ['an unknown peer', ['--peer', 'tar']],
    ['an unknown option', ['--fast']],
    ['an argument without an option', ['first-tree']],
    ['no rounds', ['--pairs', '0']],
    ['half a round', ['--pairs', '1.5']],
    ['a scale of nothing', ['--scale', '0']],
    ['a scale that is no number', ['--scale', 'big']],
  ] as const) {
    test(`${what} is wrong usage`, () => {
      assert.throws(() => parseArguments(args), ArgumentError);
    });
  }
});
