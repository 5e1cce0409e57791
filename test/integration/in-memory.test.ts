import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { seededRandom } from '../../src/system/seeded-random.ts';
import { readAll, writeFile } from '../helpers/files.ts';
import { memoryEnvironment } from '../helpers/test-environment.ts';
import { inVault, makeHome, operationContext } from '../helpers/test-home.ts';

test('vault runs on a machine that is all in memory', async () => {
  const environment = memoryEnvironment();
  const { fileSystem, clock } = environment;
  fileSystem.makeDirectories('/disk/plans/notes');
  writeFile(fileSystem, '/disk/plans/notes/plan', utf8('first'));
  await makeHome(environment, '/home');
  const first = await inVault(environment, '/home', async (vault) => {
    await vault.folderAdd({ path: '/disk/plans' }, operationContext());
    return vault.snapshot({ folders: [] }, operationContext());
  });
  assert.equal(first.files, 1);
  clock.advance(60_000);
  fileSystem.removeFile('/disk/plans/notes/plan');
  writeFile(fileSystem, '/disk/plans/notes/plan', utf8('second'));
  await inVault(environment, '/home', async (vault) => {
    const second = await vault.snapshot({ folders: [] }, operationContext());
    assert.equal(second.changed, 1);
  });

  const after = environment.crash(seededRandom(1));
  await inVault(after, '/home', async (vault) => {
    const options = { folder: 'plans', paths: [], cwd: '/' };
    await vault.restore({ ...options, to: '/out' }, operationContext());
    await vault.restore({ ...options, to: '/old', at: first.snapshot ?? '' }, operationContext());
  });
  assert.equal(Buffer.from(readAll(after.fileSystem, '/out/notes/plan')).toString(), 'second');
  assert.equal(Buffer.from(readAll(after.fileSystem, '/old/notes/plan')).toString(), 'first');
});
