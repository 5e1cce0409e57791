import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeContext } from './fake-context.ts';
import { fakeVault } from './fake-vault.ts';

const env = { VAULT_PASSPHRASE: 'right' };

/** The options the only operation called was given, and what was printed. */
async function ran(argv: string, exit = 0): Promise<{ options: unknown; out: string }> {
  const vault = fakeVault();
  const fake = new FakeContext(argv.split(' '), { env, vault });
  const outcome = await fake.run();
  assert.ok('exit' in outcome);
  assert.equal(outcome.exit, exit, fake.err);
  return { options: vault.calls[0]?.options, out: fake.out };
}

async function optionsOf(argv: string): Promise<unknown> {
  return (await ran(argv)).options;
}

test('peer, deny and allow hand over what was given and nothing that was not', async () => {
  assert.deepEqual(await optionsOf('peer add box:7420 --node desk'), {
    address: 'box:7420',
    node: 'desk',
  });
  assert.deepEqual(await optionsOf('peer add box:7420'), { address: 'box:7420' });
  assert.deepEqual(await optionsOf('peer remove box:7420'), { address: 'box:7420' });
  assert.deepEqual(await optionsOf('deny desk'), { node: 'desk' });
  assert.deepEqual(await optionsOf('deny desk ./docs'), {
    node: 'desk',
    folder: '/place/here/docs',
  });
  assert.deepEqual(await optionsOf('allow desk -f docs'), { node: 'desk', folder: 'docs' });
});

test('sync hands over what was given, and ends with 3 where not everything has come', async () => {
  const all = await ran('sync', 3);
  assert.deepEqual(all.options, { folders: [] });
  assert.match(
    all.out,
    /docs: in exchange with 2 peers; 2 added, 0 changed, 1 removed; 1 file still/,
  );
  const some = await ran('sync docs --timeout 30s --yes', 3);
  assert.deepEqual(some.options, { folders: ['docs'], timeoutMs: 30_000, yes: true });
});

test('peer list tells of each node how it is doing, and addresses of nobody in particular', async () => {
  const { out } = await ran('peer list');
  const lines = out.split('\n');
  assert.match(lines[0] ?? '', /^desk +(?:ab)+ +connected +192\.0\.2\.2:7420$/);
  assert.match(lines[1] ?? '', /^- +(?:cd)+ +never seen/);
  assert.equal(lines[2], 'anybody at box:7420');
});
