/** Runs command lines over a vault that only notes what it is asked. */

import assert from 'node:assert/strict';
import { FakeContext, type FakeOptions } from './fake-context.ts';
import { fakeVault, type FakeVault } from './fake-vault.ts';

export const env = { VAULT_PASSPHRASE: 'right' };

export interface Ran {
  readonly fake: FakeContext;
  readonly exit: number;
}

/** Runs a command line over the fake vault, whose passphrase is in the environment. */
export async function run(vault: FakeVault, argv: string, options: FakeOptions = {}): Promise<Ran> {
  const fake = new FakeContext(argv.split(' '), { env, vault, ...options });
  const outcome = await fake.run();
  assert.ok('exit' in outcome);
  return { fake, exit: outcome.exit };
}

/** The options the only operation called was given. */
export async function optionsOf(argv: string, options: FakeOptions = {}): Promise<unknown> {
  const vault = fakeVault();
  const { exit, fake } = await run(vault, argv, options);
  assert.equal(exit, 0, fake.err);
  assert.equal(vault.calls.length, 1);
  assert.equal(vault.closed, vault.opened.length);
  return vault.calls[0]?.options;
}
