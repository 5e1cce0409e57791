import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { commands } from '../../src/cli/commands.ts';
import { argumentsOf } from './command-arguments.ts';
import { FakeContext } from './fake-context.ts';
import { fakeVault } from './fake-vault.ts';

const ESCAPE = '\u001b';

/** What is printed on a terminal. */
async function printed(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly out: string; readonly err: string }> {
  const fake = new FakeContext(argv, {
    env: { VAULT_PASSPHRASE: 'right', ...env },
    files: { '/new': 'fresh' },
    vault: fakeVault(),
    isOutputTerminal: true,
  });
  await fake.run();
  return { out: fake.out, err: fake.err };
}

test('on a terminal colour adds nothing but colour, and can be had off in every way', async () => {
  let colored = 0;
  for (const { name } of commands) {
    const argv = [...name.split(' '), ...(argumentsOf[name] ?? [])];
    const { out } = await printed(argv);
    if (out.includes(ESCAPE)) colored++;
    const plain = stripVTControlCharacters(out);
    for (const [words, env] of [
      [argv, { NO_COLOR: '1' }],
      [['--no-color', ...argv], {}],
      [[...argv, '--no-color'], {}],
      [argv, { TERM: 'dumb' }],
    ] as const) {
      const off = await printed(words, env);
      assert.equal(off.out, plain, words.join(' '));
      assert.ok(!off.err.includes(ESCAPE), off.err);
    }
  }
  assert.ok(colored >= 3, `${colored} commands use colour`);
});
