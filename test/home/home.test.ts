import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { VaultError } from '../../src/errors.ts';
import { createHome } from '../../src/home/create-home.ts';
import type { HomeSecret } from '../../src/home/home-files.ts';
import { Home } from '../../src/home/home.ts';
import { FileError } from '../../src/system/file-system.ts';
import { describeTree } from '../helpers/file-system-tree.ts';
import { writeFile } from '../helpers/files.ts';
import { rejects } from '../helpers/rejects.ts';
import { memoryEnvironment, type MemoryEnvironment } from '../helpers/test-environment.ts';

const noWait = { waitMs: 0, signal: new AbortController().signal };
const passphrase = { kind: 'passphrase', passphrase: 'secret' } as const;
const inside = '/home/device-key';

interface Made {
  readonly environment: MemoryEnvironment;
  readonly recoveryCode: string;
}

async function made(deviceKey?: string): Promise<Made> {
  const environment = memoryEnvironment();
  const request = { home: '/home', name: 'node', passphrase: 'secret', deviceKey };
  const { recoveryCode } = await createHome(environment, request, noWait);
  return { environment, recoveryCode };
}

function open(environment: MemoryEnvironment, secret: HomeSecret | undefined): Promise<Home> {
  return Home.open(environment, '/home', () => Promise.resolve(secret), noWait);
}

async function opened<T>(
  environment: MemoryEnvironment,
  secret: HomeSecret | undefined,
  work: (home: Home) => T | Promise<T>,
): Promise<T> {
  const home = await open(environment, secret);
  try {
    return await work(home);
  } finally {
    await home.close();
  }
}

describe('opening a home', () => {
  test('a directory that is none is not found', async () => {
    const environment = memoryEnvironment();
    await rejects('VAULT_NOT_FOUND', () => open(environment, passphrase));
    environment.fileSystem.makeDirectories('/home');
    await rejects('VAULT_NOT_FOUND', () => open(environment, passphrase));
  });

  test('a wrong secret touches nothing and takes no lock', async () => {
    const { environment } = await made();
    const before = describeTree(environment.fileSystem, '/home');
    for (const secret of [
      { kind: 'passphrase', passphrase: 'Secret' },
      { kind: 'recovery-code', code: 'not one' },
      { kind: 'device-key', file: '/nowhere' },
      { kind: 'device-key', file: '/nowhere/at/all' },
      { kind: 'device-key', file: '/home' },
      { kind: 'device-key', file: '/home/reserve' },
    ] as const) {
      const locked: string[] = [];
      const watched = {
        ...environment,
        lock: (path: string) => {
          locked.push(path);
          return Promise.reject(new Error('locked'));
        },
      };
      await rejects('VAULT_KEY_WRONG', () =>
        Home.open(watched, '/home', () => Promise.resolve(secret), noWait),
      );
      assert.deepEqual(locked, []);
    }
    assert.deepEqual(describeTree(environment.fileSystem, '/home'), before);
  });

  test('without a secret only the device key inside the home is tried', async () => {
    const without = await made();
    await rejects('VAULT_KEY_WRONG', () => open(without.environment, undefined));
    const { environment } = await made(inside);
    const asked: boolean[] = [];
    const home = await Home.open(
      environment,
      '/home',
      ({ deviceKey }) => {
        asked.push(deviceKey);
        return Promise.resolve(undefined);
      },
      noWait,
    );
    assert.equal(home.openedBy.kind, 'device-key');
    assert.deepEqual(asked, [true]);
    await home.close();
  });

  test('a second opening waits for the first or is refused', async () => {
    const { environment } = await made();
    const first = await open(environment, passphrase);
    await rejects('VAULT_LOCKED', () => open(environment, passphrase));
    await first.close();
    await first.close();
    await opened(environment, passphrase, () => undefined);
  });

  for (const name of ['home', 'keys', 'identity', 'settings']) {
    test(`a damaged copy of ${name} is mended, two are damage`, async () => {
      const { environment } = await made();
      const { fileSystem } = environment;
      const copies = [`/home/${name}.a`, `/home/${name}.b`];
      const whole = copies.map((path) => fileSystem.readFile(path));
      const damage = (path: string): void => {
        fileSystem.removeFile(path);
        writeFile(fileSystem, path, utf8('nonsense'));
      };
      for (const path of copies) {
        damage(path);
        await opened(environment, passphrase, (home) => assert.equal(home.setting('name'), 'node'));
        assert.deepEqual(
          copies.map((copy) => fileSystem.readFile(copy)),
          whole,
        );
      }
      copies.forEach(damage);
      await rejects('VAULT_DAMAGED', () => open(environment, passphrase));
      for (const path of copies) fileSystem.removeFile(path);
      if (name === 'settings') {
        await opened(environment, passphrase, (home) => assert.ok(!home.isSet('name')));
      } else {
        const code = name === 'home' ? 'VAULT_NOT_FOUND' : 'VAULT_DAMAGED';
        await rejects(code, () => open(environment, passphrase));
      }
    });
  }

  test('a copy that cannot be mended on a full disk keeps nobody out', async () => {
    const { environment } = await made();
    environment.fileSystem.removeFile('/home/keys.a');
    const { fileSystem } = environment;
    const full = new Proxy(fileSystem, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        if (key === 'open') {
          return (path: string, options: Parameters<typeof target.open>[1]) => {
            if (options.mode === 'create') throw new FileError('ENOSPC', 'create', path);
            return target.open(path, options);
          };
        }
        return value.bind(target) as unknown;
      },
    });
    const home = await Home.open(
      { ...environment, fileSystem: full },
      '/home',
      () => Promise.resolve(passphrase),
      noWait,
    );
    await home.close();
    assert.equal(fileSystem.statIfPresent('/home/keys.a'), undefined);
  });

  test('a failure after the lock was taken gives it back', async () => {
    const { environment } = await made();
    const { fileSystem } = environment;
    const identity = ['/home/identity.a', '/home/identity.b'];
    const whole = identity.map((path) => fileSystem.readFile(path));
    for (const path of identity) fileSystem.removeFile(path);
    await rejects('VAULT_DAMAGED', () => open(environment, passphrase));
    identity.forEach((path, at) => writeFile(fileSystem, path, whole[at] ?? new Uint8Array(0)));
    await opened(environment, passphrase, () => undefined);
  });
});

describe('settings of a home', () => {
  test('what is set is there after the next opening, and only that counts as set', async () => {
    const { environment } = await made();
    await opened(environment, passphrase, (home) => {
      assert.equal(home.set('compression', '7'), '7');
      assert.deepEqual([home.isSet('compression'), home.isSet('workers')], [true, false]);
    });
    await opened(environment, passphrase, (home) => {
      assert.equal(home.setting('compression'), '7');
      assert.equal(home.setting('workers'), '0');
    });
  });

  test('a value that is none changes nothing', async () => {
    const { environment } = await made();
    await opened(environment, passphrase, async (home) => {
      const error = await rejects('VAULT_USAGE', () => home.set('compression', 'strong'));
      assert.match(error.message, /"strong"/);
      assert.equal(home.setting('compression'), '3');
    });
  });

  test('the reserve follows its setting', async () => {
    const { environment } = await made();
    await opened(environment, passphrase, (home) => {
      assert.equal(home.reserve.status().whole, true);
      home.set('reserve', '4096');
      home.applyReserve();
      assert.deepEqual(home.reserve.status(), { bytes: 4096, whole: true });
      home.set('reserve', '0');
      home.applyReserve();
    });
    assert.equal(environment.fileSystem.statIfPresent('/home/reserve'), undefined);
  });
});

describe('key slots of a home', () => {
  test('an added passphrase opens, a removed one does not, the last one stays', async () => {
    const { environment } = await made();
    const second = { kind: 'passphrase', passphrase: 'second' } as const;
    await opened(environment, passphrase, async (home) => {
      const slot = await home.addSlot(second, 'spare');
      assert.equal(slot.label, 'spare');
      assert.equal(home.slots().length, 3);
    });
    await opened(environment, second, async (home) => {
      await home.removeSlot(home.slots()[0]?.id ?? '');
      await home.removeSlot(home.slots()[0]?.id ?? '');
      await rejects('VAULT_REFUSED', () => home.removeSlot(home.slots()[0]?.id ?? ''));
      await rejects('VAULT_NOT_FOUND', () => home.removeSlot('0123456789abcdef'));
    });
    await rejects('VAULT_KEY_WRONG', () => open(environment, passphrase));
    await opened(environment, second, () => undefined);
  });

  test('a device key file is made for its owner only, and nothing is overwritten', async () => {
    const { environment } = await made();
    const file = { kind: 'device-key', file: inside } as const;
    await opened(environment, passphrase, async (home) => {
      await home.addSlot(file, 'device key');
      assert.equal(environment.fileSystem.stat(inside).mode, 0o600);
      await rejects('VAULT_EXISTS', () => home.addSlot(file, 'device key'));
      assert.equal(home.slots().length, 3);
    });
    await opened(environment, undefined, () => undefined);
  });

  test('a device key file inside the home goes with the slot that it opens', async () => {
    const { environment } = await made(inside);
    await opened(environment, passphrase, async (home) => {
      const other = await home.addSlot({ kind: 'device-key', file: '/other' }, 'another');
      await home.removeSlot(other.id);
      assert.ok(environment.fileSystem.statIfPresent(inside), 'its own slot is still there');
      const own = home.slots().find(({ kind }) => kind === 'device-key');
      await home.removeSlot(own?.id ?? '');
      assert.equal(environment.fileSystem.statIfPresent(inside), undefined);
      assert.ok(environment.fileSystem.statIfPresent('/other'), 'not ours to remove');
    });
  });

  test('a device key whose slot cannot be written leaves no file behind', async () => {
    const { environment } = await made();
    const home = await open(environment, passphrase);
    const { fileSystem } = environment;
    const rename = fileSystem.rename.bind(fileSystem);
    fileSystem.rename = (from, to) => {
      if (to.startsWith('/home/keys')) throw new FileError('ENOSPC', 'rename', from);
      rename(from, to);
    };
    await rejects('VAULT_NO_SPACE', () =>
      home.addSlot({ kind: 'device-key', file: inside }, 'key'),
    );
    fileSystem.rename = rename;
    assert.equal(fileSystem.statIfPresent(inside), undefined);
    assert.equal(home.slots().length, 2);
    await home.close();
  });

  test('a changed passphrase opens and the old one does not', async () => {
    const { environment, recoveryCode } = await made();
    await opened(environment, passphrase, async (home) => {
      await rejects('VAULT_USAGE', () => home.changePassphrase(''));
      await home.changePassphrase('new');
    });
    await rejects('VAULT_KEY_WRONG', () => open(environment, passphrase));
    await opened(environment, { kind: 'passphrase', passphrase: 'new' }, () => undefined);
    // Opened by the code, the only passphrase is meant.
    await opened(environment, { kind: 'recovery-code', code: recoveryCode }, async (home) => {
      await home.changePassphrase('newer');
      await home.addSlot({ kind: 'passphrase', passphrase: 'spare' }, 'spare');
      await rejects('VAULT_USAGE', () => home.changePassphrase('which?'));
    });
    await opened(environment, { kind: 'passphrase', passphrase: 'spare' }, async (home) => {
      await home.changePassphrase('spare 2');
    });
    await opened(environment, { kind: 'passphrase', passphrase: 'newer' }, () => undefined);
    await opened(environment, { kind: 'passphrase', passphrase: 'spare 2' }, () => undefined);
    await rejects('VAULT_KEY_WRONG', () =>
      open(environment, { kind: 'passphrase', passphrase: 'spare' }),
    );
  });

  test('a home without a passphrase gets one', async () => {
    const { environment } = await made(inside);
    await opened(environment, undefined, async (home) => {
      const slot = home.slots().find(({ kind }) => kind === 'passphrase');
      await home.removeSlot(slot?.id ?? '');
      await home.changePassphrase('first');
    });
    await opened(environment, { kind: 'passphrase', passphrase: 'first' }, () => undefined);
  });

  test('a new recovery code replaces the old one', async () => {
    const { environment, recoveryCode } = await made();
    const fresh = await opened(environment, passphrase, async (home) => {
      const renewed = await home.newRecoveryCode();
      assert.equal(home.slots().length, 2);
      return renewed.recoveryCode;
    });
    assert.notEqual(fresh, recoveryCode);
    await rejects('VAULT_KEY_WRONG', () =>
      open(environment, { kind: 'recovery-code', code: recoveryCode }),
    );
    await opened(environment, { kind: 'recovery-code', code: fresh }, async (home) => {
      const slot = home.slots().find(({ kind }) => kind === 'recovery-code');
      await home.removeSlot(slot?.id ?? '');
      await home.newRecoveryCode();
      assert.equal(home.slots().length, 2);
    });
  });

  test('slots changed by somebody without the key are damage', async () => {
    const { environment } = await made();
    const other = memoryEnvironment({ seed: 'another' });
    await createHome(
      other,
      { home: '/home', name: 'node', passphrase: 'secret', deviceKey: undefined },
      noWait,
    );
    for (const copy of ['/home/identity.a', '/home/identity.b']) {
      environment.fileSystem.removeFile(copy);
      writeFile(environment.fileSystem, copy, other.fileSystem.readFile(copy));
    }
    const error = await rejects('VAULT_DAMAGED', () => open(environment, passphrase));
    assert.ok(error instanceof VaultError);
  });
});
