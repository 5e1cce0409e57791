import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { exitMeanings } from '../../src/cli/exit-codes.ts';
import { jsonLine } from '../../src/cli/json-line.ts';
import { errorCodes } from '../../src/errors.ts';
import { assertMatchesSchema, readSchema } from '../helpers/json-schema.ts';
import { projectPath } from '../helpers/project.ts';
import { argumentsOf } from './command-arguments.ts';
import { FakeContext } from './fake-context.ts';
import { fakeDaemon, servingDaemon } from './fake-daemon.ts';
import { fakeVault } from './fake-vault.ts';

/** What cannot be done without a daemon, and what one that runs already keeps from being done. */
const needsDaemon = new Set(['start', 'up', 'events']);

async function linesOf(
  argv: readonly string[],
  hasDaemon: boolean = needsDaemon.has(argv[0] ?? ''),
): Promise<Record<string, unknown>[]> {
  const vault = fakeVault();
  const fake = new FakeContext([...argv, '--json'], {
    env: { VAULT_PASSPHRASE: 'right', PATH: '/bin' },
    files: { '/new': 'fresh' },
    programs: { '/bin/vault-tidy': { code: 0, signal: null } },
    vault,
    serving: servingDaemon,
    ...(hasDaemon ? { daemon: fakeDaemon(vault) } : {}),
  });
  await fake.run();
  assert.ok(fake.lines.length > 0, fake.err);
  return fake.lines;
}

test('every line of every command is as its schema says, and the last is its summary', async () => {
  for (const { name, json } of commands) {
    const lines = await linesOf([...name.split(' '), ...(argumentsOf[name] ?? [])]);
    for (const line of lines) assertMatchesSchema(name, line);
    assert.equal(lines.at(-1)?.['type'], json === false ? 'error' : 'summary', name);
    for (const line of lines.slice(0, -1)) {
      assert.ok(!['summary', 'error'].includes(String(line['type'])), name);
    }
  }
  const [version] = await linesOf(['--version']);
  assertMatchesSchema('version', version);
});

test('every command says the same through a daemon', async () => {
  for (const { name } of commands) {
    if (name === 'daemon' || name === 'stop' || needsDaemon.has(name)) continue;
    const argv = [...name.split(' '), ...(argumentsOf[name] ?? [])];
    assert.deepEqual(await linesOf(argv, true), await linesOf(argv, false), name);
  }
});

test('the error line of every command is as its schema says', async () => {
  for (const { name } of commands) {
    const [line] = await linesOf([...name.split(' '), '--nope']);
    assert.equal(line?.['exit'], 2);
    assertMatchesSchema(name, line);
  }
});

test('every command has a schema and every schema a command', () => {
  const expected = [...commands.map((one) => one.name.replace(' ', '-')), 'common', 'version'];
  const present = readdirSync(projectPath('docs', 'json')).map((file) =>
    file.replace('.schema.json', ''),
  );
  assert.deepEqual(present.sort(), expected.sort());
});

test('the schema of errors knows exactly the codes there are', () => {
  const { error } = readSchema('common.schema.json')['$defs'] as Record<string, typeof shape>;
  assert.deepEqual(error?.properties.code.enum, errorCodes);
  assert.deepEqual(
    error?.properties.exit.enum,
    [...exitMeanings.keys()].filter((code) => code !== 0),
  );
});

test('the check of schemas finds what is missing, mistyped and unknown', () => {
  const good = { type: 'summary', node: 'ab', name: 'n', home: '/h', recoveryCode: 'c' };
  assertMatchesSchema('init', { ...good, deviceKey: null, more: 'is allowed' });
  assert.throws(() => assertMatchesSchema('init', good), /\$\.deviceKey is missing/);
  assert.throws(
    () => assertMatchesSchema('init', { ...good, deviceKey: 3 }),
    /deviceKey is integer/,
  );
  assert.throws(() => assertMatchesSchema('init', { type: 'other' }), /of no known type/);
  assert.throws(() => assertMatchesSchema('init', 'text'), /not a line/);
  const snapshot = { type: 'snapshot', snapshot: 'XY', folder: 'ab', time: 'now' };
  assert.throws(() => assertMatchesSchema('snapshots', snapshot), /does not match/);
});

test('names that are not UTF-8 are given in base64 beside, at any depth and in lists', () => {
  const line = JSON.parse(
    jsonLine({
      type: 'x',
      path: 'a\udcff',
      plain: 'b',
      files: ['ok', 'c\udc80'],
      inner: { target: '\udcfe' },
      big: 12n,
      odd: '\ud800',
    }),
  ) as unknown;
  assert.deepEqual(line, {
    type: 'x',
    path: 'a\ufffd',
    pathBase64: 'Yf8=',
    plain: 'b',
    files: ['ok', 'c\ufffd'],
    filesBase64: ['b2s=', 'Y4A='],
    inner: { target: '\ufffd', targetBase64: '/g==' },
    big: 12,
    odd: '\ufffd',
    oddBase64: null,
  });
});

const shape = { properties: { code: { enum: [''] }, exit: { enum: [0] } } };
