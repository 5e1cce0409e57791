import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { isVaultError } from '../../src/errors.ts';
import { createHome, type CreateHome } from '../../src/home/create-home.ts';
import { Home } from '../../src/home/home.ts';
import type { HomeSecret } from '../../src/home/home-files.ts';
import { FileError } from '../../src/system/file-system.ts';
import { writeFile } from '../helpers/files.ts';
import { rejects } from '../helpers/rejects.ts';
import { memoryEnvironment, type MemoryEnvironment } from '../helpers/test-environment.ts';

const noWait = { waitMs: 0, signal: new AbortController().signal };

function request(change: Partial<CreateHome> = {}): CreateHome {
  return { home: '/home', name: 'node', passphrase: 'secret', deviceKey: undefined, ...change };
}

function open(environment: MemoryEnvironment, secret: HomeSecret | undefined): Promise<Home> {
  return Home.open(environment, '/home', () => Promise.resolve(secret), noWait);
}

describe('createHome', () => {
  test('a new home opens with its passphrase, its recovery code and its device key alike', async () => {
    const environment = memoryEnvironment();
    environment.fileSystem.makeDirectories('/keys');
    const { node, name, recoveryCode } = await createHome(
      environment,
      request({ deviceKey: '/keys/device' }),
      noWait,
    );
    assert.equal(name, 'node');
    assert.equal(environment.fileSystem.stat('/keys/device').mode, 0o600);
    for (const secret of [
      { kind: 'passphrase', passphrase: 'secret' },
      { kind: 'recovery-code', code: recoveryCode },
      { kind: 'device-key', file: '/keys/device' },
    ] as const) {
      const home = await open(environment, secret);
      assert.equal(home.identity.id, node);
      assert.equal(home.openedBy.kind, secret.kind);
      await home.close();
    }
  });

  test('it is called as the machine is where no name is given', async () => {
    const environment = memoryEnvironment();
    const { name } = await createHome(environment, request({ name: undefined }), noWait);
    assert.equal(name, environment.machineName);
  });

  test('its directory is for its owner alone', async () => {
    const environment = memoryEnvironment();
    await createHome(environment, request({ home: '/deep/er/home' }), noWait);
    assert.equal(environment.fileSystem.stat('/deep/er/home').mode, 0o700);
  });

  test('a bad name is refused before anything is made', async () => {
    const environment = memoryEnvironment();
    for (const name of ['', ' padded', 'line\nbreak', 'x'.repeat(256), '\udc80']) {
      await rejects('VAULT_USAGE', () => createHome(environment, request({ name }), noWait));
    }
    assert.equal(environment.fileSystem.statIfPresent('/home'), undefined);
  });

  test('a home is not made over a home or beside anything else', async () => {
    const environment = memoryEnvironment();
    await createHome(environment, request(), noWait);
    await rejects('VAULT_EXISTS', () => createHome(environment, request(), noWait));
    environment.fileSystem.makeDirectories('/photos');
    writeFile(environment.fileSystem, '/photos/one', utf8('x'));
    await rejects('VAULT_EXISTS', () =>
      createHome(environment, request({ home: '/photos' }), noWait),
    );
    assert.deepEqual(environment.fileSystem.list('/photos'), [{ name: 'one', kind: 'file' }]);
  });

  test('a device key never overwrites a file', async () => {
    const environment = memoryEnvironment();
    writeFile(environment.fileSystem, '/mine', utf8('mine'));
    await rejects('VAULT_EXISTS', () =>
      createHome(environment, request({ deviceKey: '/mine' }), noWait),
    );
    assert.equal(Buffer.from(environment.fileSystem.readFile('/mine')).toString(), 'mine');
  });

  test('cut short at any call to the disk, it is begun again or is there', async () => {
    const want = request({ deviceKey: '/home/device-key' });
    for (let cut = 0, isWhole = false; !isWhole; cut++) {
      let left = cut;
      const environment = memoryEnvironment({
        seed: cut,
        beforeCall(call, path) {
          if (left-- <= 0) throw new FileError('EIO', call, path);
        },
      });
      const attempt = (): Promise<unknown> =>
        createHome(environment, want, noWait).catch((error: unknown) => error);
      isWhole = !((await attempt()) instanceof Error);
      left = Number.POSITIVE_INFINITY;
      const again = await attempt();
      if (again instanceof Error) {
        assert.ok(isVaultError(again, 'VAULT_EXISTS'), `cut at call ${cut}: ${again.message}`);
        assert.match(again.message, /a vault home/, `cut at call ${cut}`);
      }
      await (await open(environment, undefined)).close();
    }
  });
});
