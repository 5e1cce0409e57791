import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Item } from '../../src/operations/operation.ts';
import type { DoctorOptions, DoctorResult } from '../../src/operations/home-options.ts';
import { FileError } from '../../src/system/file-system.ts';
import type { MachineFacts } from '../../src/system/machine-facts.ts';
import { examine, initHome } from '../../src/vault.ts';
import { memoryEnvironment } from '../helpers/test-environment.ts';
import type { MemoryEnvironment } from '../helpers/test-environment.ts';
import { inVault, makeHome, operationContext } from '../helpers/test-home.ts';

const machine: MachineFacts = {
  nodeVersion: '20.20.0',
  openFileLimit: () => 100_000,
  watchLimits: () => ({ directories: 500_000, watchers: 512 }),
  port: () => Promise.resolve('free'),
};
const NOW = Date.UTC(2026, 5, 1);

interface Examined {
  readonly result: DoctorResult;
  readonly checks: readonly Item[];
  /** `name path` of what is not ok. */
  readonly found: readonly string[];
}

function newWorld(): MemoryEnvironment {
  const environment = memoryEnvironment({ capacity: 2 ** 32 });
  environment.clock.advance(NOW - environment.clock.wallMs());
  return environment;
}

async function examined(
  environment: MemoryEnvironment,
  options: Partial<DoctorOptions> = {},
  facts: Partial<MachineFacts> = {},
): Promise<Examined> {
  const context = operationContext();
  const given = { home: '/home', secret: undefined, waitLockMs: 0, ...options };
  const result = await examine(given, context, environment, { ...machine, ...facts });
  const checks = context.items;
  const count = (status: string): number => checks.filter((one) => one['status'] === status).length;
  assert.deepEqual(result, {
    ok: count('ok'),
    warnings: count('warning'),
    problems: count('problem'),
  });
  const found = checks
    .filter((one) => one['status'] !== 'ok')
    .map(({ name, path }) => `${String(name)} ${typeof path === 'string' ? path : '-'}`);
  return { result, checks, found };
}

describe('doctor', () => {
  test('without a home it looks at the machine and at where the home would be', async () => {
    const world = newWorld();
    world.fileSystem.makeDirectories('/place');
    const { found, checks } = await examined(world, { home: '/place/not/yet' });
    assert.deepEqual(found, ['home /place/not/yet']);
    assert.ok(checks.some(({ name, path }) => name === 'symlinks' && path === '/place'));
    assert.ok(checks.some(({ name }) => name === 'clock'));
    assert.deepEqual(world.fileSystem.list('/place'), []);
  });

  test('with a home that opens it looks at every working copy, and leaves nothing there', async () => {
    const world = newWorld();
    for (const path of ['/a', '/b', '/gone']) world.fileSystem.makeDirectories(path);
    await makeHome(world, '/home');
    await inVault(world, '/home', async (vault) => {
      for (const path of ['/a', '/b', '/gone']) await vault.folderAdd({ path }, operationContext());
      await vault.folderAdd({ path: '/none', storedOnly: true }, operationContext());
    });
    world.fileSystem.removeTree('/gone');
    const { found, checks } = await examined(world);
    assert.deepEqual(found, ['device-key /home/device-key', 'working-copy /gone']);
    for (const path of ['/home', '/a', '/b']) {
      assert.equal(checks.filter((one) => one['path'] === path && one.name === 'case').length, 1);
    }
    assert.deepEqual(world.fileSystem.list('/a'), []);
    assert.ok(checks.some(({ name, status }) => name === 'reserve' && status === 'ok'));
    await inVault(world, '/home', (vault) => vault.folderList(operationContext()));
  });

  test('without a secret a home is not opened, and that is said; a wrong one is an error', async () => {
    const world = newWorld();
    await initHome({ home: '/home', passphrase: 'right' }, world);
    const { found, result } = await examined(world);
    assert.deepEqual(found, ['working-copies /home']);
    assert.equal(result.problems, 0);
    const secret = { kind: 'passphrase', passphrase: 'right' } as const;
    assert.deepEqual((await examined(world, { secret })).found, []);
    await assert.rejects(examined(world, { secret: { ...secret, passphrase: 'wrong' } }), {
      code: 'VAULT_KEY_WRONG',
    });
  });

  test('a home that another process holds is a warning, a damaged one a problem', async () => {
    const world = newWorld();
    await makeHome(world, '/home');
    const held = await inVault(world, '/home', () => examined(world));
    assert.deepEqual(held.found, ['device-key /home/device-key', 'home /home']);
    assert.deepEqual([held.result.warnings, held.result.problems], [2, 0]);
    for (const { name } of world.fileSystem.list('/home')) {
      if (!name.startsWith('home')) continue;
      const file = world.fileSystem.open(`/home/${name}`, { mode: 'write' });
      file.truncate(3);
      file.close();
    }
    const damaged = await examined(world);
    assert.deepEqual(damaged.found, ['home /home']);
    assert.equal(damaged.result.problems, 1);
  });

  test('a place that cannot be written is a problem in the home and a warning in a working copy', async () => {
    const world = newWorld();
    world.fileSystem.makeDirectories('/a');
    await makeHome(world, '/home');
    await inVault(world, '/home', (vault) => vault.folderAdd({ path: '/a' }, operationContext()));
    const { fileSystem } = world;
    const makeDirectory = fileSystem.makeDirectory.bind(fileSystem);
    for (const [place, status] of [
      ['/a', 'warning'],
      ['/home', 'problem'],
    ] as const) {
      fileSystem.makeDirectory = (path, mode) => {
        if (path.startsWith(`${place}/.vault-`)) throw new FileError('EROFS', 'make', path);
        makeDirectory(path, mode);
      };
      const { checks } = await examined(world);
      const check = checks.find(({ name, path }) => name === 'writable' && path === place);
      assert.equal(check?.['status'], status);
    }
  });

  test('a reserve that was used up, a home open to others and a clock set back are told', async () => {
    const world = newWorld();
    await initHome({ home: '/home', passphrase: 'right' }, world);
    world.fileSystem.removeFile('/home/reserve');
    world.fileSystem.setMode('/home', 0o755);
    const later = BigInt(NOW + 3_600_000) * 1_000_000n;
    world.fileSystem.setModified('/home/folders', later);
    const { found } = await examined(world);
    assert.deepEqual(found, [
      'clock -',
      'private /home',
      'reserve /home/reserve',
      'working-copies /home',
    ]);
  });

  test('what the machine lacks is told', async () => {
    const { found } = await examined(
      newWorld(),
      {},
      {
        nodeVersion: '18.0.0',
        openFileLimit: () => 100,
        watchLimits: () => ({ directories: 10, watchers: 10 }),
        port: () => Promise.resolve('taken'),
      },
    );
    assert.deepEqual(found.slice(0, 4), ['node -', 'open-files -', 'watch-limits -', 'port -']);
  });
});
