import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionsOf, run } from './command-runs.ts';
import { fakeVault } from './fake-vault.ts';

test('invite and join hand over what was given and nothing that was not', async () => {
  const cwd = '/place/here';
  assert.deepEqual(await optionsOf('invite docs'), { folder: 'docs' });
  assert.deepEqual(
    await optionsOf('invite docs --role read --expires 2h --address a:1 --address wss://b/c'),
    { folder: 'docs', role: 'read', expiresMs: 7_200_000, addresses: ['a:1', 'wss://b/c'] },
  );
  assert.deepEqual(await optionsOf('invite --list'), {});
  assert.deepEqual(await optionsOf('invite -f docs --list'), { folder: 'docs' });
  assert.deepEqual(await optionsOf('invite --revoke 3f9a2c01'), { id: '3f9a2c01' });
  assert.deepEqual(await optionsOf('join vault1line'), { invite: 'vault1line', cwd });
  assert.deepEqual(await optionsOf('join vault1line ../docs --name n'), {
    invite: 'vault1line',
    cwd,
    path: '/place/docs',
    name: 'n',
  });
  assert.deepEqual(await optionsOf('join - --stored-only', { files: { '-': 'vault1piped \n' } }), {
    invite: 'vault1piped',
    cwd,
    storedOnly: true,
  });
  const waiting = fakeVault();
  const waited = await run(waiting, 'join vault1line --wait');
  assert.deepEqual(
    waiting.calls.map(({ name }) => name),
    ['join', 'sync'],
  );
  assert.equal(waited.exit, 3, 'not everything has come');
  for (const wrong of ['--list --role read', '--revoke ab --list', '--revoke ab docs', '']) {
    const { exit } = await run(fakeVault(), `invite ${wrong}`.trim());
    assert.equal(exit, 2, wrong);
  }
  assert.equal((await run(fakeVault(), 'join vault1line there --stored-only')).exit, 2);
});

test('member list, remove and role hand over what was given', async () => {
  assert.deepEqual(await optionsOf('member list docs'), { folder: 'docs' });
  assert.deepEqual(await optionsOf('member list -f docs'), { folder: 'docs' });
  assert.deepEqual(await optionsOf('member remove ./docs desk -n'), {
    folder: '/place/here/docs',
    node: 'desk',
    dryRun: true,
  });
  assert.deepEqual(await optionsOf('member remove docs desk --yes'), {
    folder: 'docs',
    node: 'desk',
    yes: true,
  });
  assert.deepEqual(await optionsOf('member role docs desk read'), {
    folder: 'docs',
    node: 'desk',
    role: 'read',
  });
  assert.equal((await run(fakeVault(), 'member role docs desk owner')).exit, 2);
  assert.equal((await run(fakeVault(), 'member remove docs desk --no-input')).exit, 23);
  const { fake } = await run(fakeVault(), 'member list docs');
  assert.match(fake.out, /^desk +\S+ +manage +since .* by desk +3 entries +this machine/m);
  assert.match(fake.out, /^- +\S+ +removed /m);
});

test('the line stands alone on standard output, and lists say what became of each', async () => {
  const made = await run(fakeVault(), 'invite docs');
  assert.equal(made.fake.out, 'vault1line\n');
  assert.match(made.fake.err, /on the other machine: vault join/);
  const listed = await run(fakeVault(), 'invite --list');
  assert.match(listed.fake.out, /docs +read +open +until/);
  assert.match(listed.fake.out, / +read +used +until/);
  const joined = await run(fakeVault(), 'join vault1line');
  assert.match(joined.fake.out, /^joined docs at .*docs, to write$/m);
});
