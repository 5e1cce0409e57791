import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectPath } from '../helpers/project.ts';
import { skipUnless } from '../helpers/requires.ts';
import { TestNode } from '../helpers/test-node.ts';

type Line = Record<string, unknown>;

const only = (lines: readonly Line[], type: string): Line[] =>
  lines.filter((line) => line['type'] === type);
const raw = Buffer.from([0x64, 0x2f, 0xe9]); // d/ and a byte that is no UTF-8

/** A folder with three snapshots: made, edited, and with the directory gone. */
async function withHistory(node: TestNode): Promise<void> {
  mkdirSync(join(node.work, 'd'));
  writeFileSync(join(node.work, 'plan'), 'one');
  writeFileSync(Buffer.concat([Buffer.from(`${node.work}/`), raw]), 'raw');
  await node.done('snapshot', '--tag', 'first');
  writeFileSync(join(node.work, 'plan'), 'second');
  await node.done('snapshot', '-m', 'edited');
  rmSync(join(node.work, 'd'), { recursive: true });
  await node.done('snapshot');
}

test('log, show, find and stats look at a real history', async (t) => {
  const node = await TestNode.make(t);
  await withHistory(node);

  const versions = only(await node.json(0, 'log', 'plan', '-f', 'work'), 'version');
  assert.deepEqual(
    versions.map(({ size, current, available, node: by }) => [size, current, available, by]),
    [
      [6, true, true, 'test node'],
      [3, false, true, 'test node'],
    ],
  );
  const [last, first] = versions.map(({ version }) => String(version));
  assert.ok(last !== undefined && first !== undefined);
  const all = only(await node.json(0, 'log', '-f', 'work'), 'version');
  assert.equal(all.length, 6);
  const bytes = all.filter(({ pathBase64 }) => pathBase64 === raw.toString('base64'));
  assert.deepEqual(
    bytes.map(({ kind }) => kind),
    ['deletion', 'file'],
  );
  assert.equal(only(await node.json(0, 'log', '-f', 'work', '--limit', '2'), 'version').length, 2);

  const [shown] = await node.json(0, 'show', '-f', 'work', first.slice(0, 16));
  assert.deepEqual([shown?.['version'], shown?.['supersededBy']], [first, [last]]);
  const snapshot = await node.json(0, 'show', '-f', 'work', 'first');
  assert.equal(only(snapshot, 'version').length, 3);
  const then = await node.run('cat', '-f', 'work', 'plan', '--at', first);
  assert.equal(then.stdout.toString(), 'one');

  assert.equal((await node.done('find', '-f', 'work', 'd'))['entries'], 0);
  const gone = only(await node.json(0, 'find', '-f', 'work', 'd*', '--all'), 'entry');
  assert.deepEqual(
    gone.map(({ path, deleted }) => [path, deleted]),
    [['d', true]],
  );

  const stats = await node.json(0, 'stats', 'work');
  const { versions: count, snapshots, chunksBytes, tables } = only(stats, 'result')[0] ?? {};
  assert.deepEqual([count, snapshots], [6, 3]);
  assert.ok(Number(chunksBytes) > 0 && Number(tables) > 0);
});

test('what is not there is 10, what makes no sense is 2 and named', async (t) => {
  const node = await TestNode.make(t);
  await withHistory(node);
  for (const args of [
    ['log', '-f', 'work', 'never'],
    ['log', '-f', 'work', '--since', 'no-such-tag'],
    ['show', '-f', 'work', 'ffffffffffff'],
    ['show', '-f', 'work', 'no-such-tag'],
    ['find', '-f', 'no-such-folder', 'x'],
    ['find', '-f', 'work', 'x', '--at', 'ffff'],
    ['stats', 'no-such-folder'],
  ]) {
    assert.equal((await node.fails(10, ...args))['code'], 'VAULT_NOT_FOUND', args.join(' '));
  }
  for (const [text, ...args] of [
    ['2026-02-30', 'log', '-f', 'work', '--since', '2026-02-30'],
    ['7 fortnights ago', 'find', '-f', 'work', 'x', '--at', '7 fortnights ago'],
    ['-1', 'log', '-f', 'work', '--limit', '-1'],
    ['[z-a]', 'find', '-f', 'work', '[z-a]'],
  ] as const) {
    const error = await node.fails(2, ...args);
    assert.ok(String(error['message']).includes(text), String(error['message']));
  }
  for (const command of [['log'], ['find', 'x'], ['show', 'first'], ['stats'], ['snapshots']]) {
    const error = await node.fails(2, ...command);
    assert.match(String(error['hint']), /\bwork\b/, 'the folders there are');
    await node.jsonWith({ cwd: node.work }, 0, ...command);
  }
});

test('a reader that goes away ends it quietly', async (t) => {
  if (!skipUnless(t, { programs: ['sh', 'head'] })) return;
  const node = await TestNode.make(t);
  for (let at = 0; at < 300; at++) writeFileSync(join(node.work, `file ${at}`), String(at));
  await node.done('snapshot');
  renameSync(join(node.work, 'file 1'), join(node.work, 'file one'));
  await node.done('snapshot');
  const main = projectPath('build', 'src', 'cli', 'main.js');
  for (const command of ['log', "find 'file*' -l", 'show --limit 300 "$FIRST"']) {
    const child = spawn(
      'sh',
      ['-c', `{ "$NODE" "$MAIN" ${command} --json; echo "exit $?" >&2; } | head -n 1`],
      {
        cwd: node.work,
        env: {
          ...process.env,
          VAULT_HOME: node.home,
          NODE: process.execPath,
          MAIN: main,
          FIRST: String(only(await node.json(0, 'snapshots', 'work'), 'snapshot')[0]?.['snapshot']),
        },
      },
    );
    let [out, said] = ['', ''];
    child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    await once(child, 'close');
    assert.equal(said, 'exit 0\n', command);
    assert.equal(out.trim().split('\n').length, 1, command);
  }
});
