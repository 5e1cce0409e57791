import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  launchAgent,
  scheduledTask,
  serviceFile,
  serviceName,
  systemdUnit,
} from '../../src/cli/service-file.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { run, type Ran } from './command-runs.ts';
import { fakeDaemon } from './fake-daemon.ts';
import type { FakeOptions } from './fake-context.ts';
import { fakeVault } from './fake-vault.ts';

const served = { node: '/opt/node', program: '/opt/vault', home: '/data/home' };
const odd = { node: '/o p/n', program: '/a$b/"v"', home: `/50%\\x & <y>` };
const unitPath = '/users/me/.config/systemd/user/vault.service';
const usualHome = '/users/me/.local/share/vault';

/** A systemctl that ends so. */
const systemctl = (code: number): NonNullable<FakeOptions['programs']> => ({
  systemctl: { code, signal: null },
});

async function service(
  command: 'install' | 'uninstall',
  options: FakeOptions = {},
  hasKey = true,
): Promise<Ran> {
  return run(fakeVault({}, hasKey), `service ${command} --json`, options);
}

describe('the file of a service', () => {
  test('a unit of systemd runs the daemon, and what is special there stands for itself', () => {
    const unit = systemdUnit(served);
    const command = 'ExecStart=/opt/node /opt/vault daemon --home /data/home --log --no-input';
    assert.ok(unit.split('\n').includes(command), unit);
    assert.match(unit, /^Type=notify\nNotifyAccess=all$/m);
    assert.match(unit, /^Restart=on-failure$/m);
    assert.match(unit, /^WantedBy=default.target$/m);
    const words = String.raw`ExecStart="/o p/n" "/a$$b/\"v\"" daemon --home "/50%%\\x & <y>" --log`;
    assert.ok(systemdUnit(odd).includes(`${words} --no-input\n`), systemdUnit(odd));
  });

  test('systemd finds nothing wrong with the unit', (t) => {
    if (!skipUnless(t, { programs: ['systemd-analyze'] })) return;
    const path = join(tempDir(t), 'vault.service');
    const directory = tempDir(t);
    const program = join(directory, 'a $b %h');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(path, systemdUnit({ ...odd, node: program }));
    const env = { ...process.env, XDG_RUNTIME_DIR: directory };
    const args = ['--user', '--man=no', 'verify', path];
    const said = execFileSync('systemd-analyze', args, { encoding: 'utf8', env, stdio: 'pipe' });
    assert.equal(said, '');
  });

  test('an agent of launchd and a task of Windows run it too', () => {
    const agent = launchAgent('vault', odd);
    const strings = [...agent.matchAll(/<string>(.*)<\/string>/g)].map(([, text]) => text);
    assert.deepEqual(strings, [
      'vault',
      odd.node,
      odd.program,
      'daemon',
      '--home',
      String.raw`/50%\x &amp; &lt;y&gt;`,
      '--log',
      '--no-input',
    ]);
    assert.match(agent, /<key>SuccessfulExit<\/key>\s*<false\/>/);
    const home = 'C:\\Users\\Ann Lee\\vault "a\\"\\';
    const task = scheduledTask({ node: String.raw`C:\n & m\node.exe`, program: 'v.js', home });
    assert.match(task, /<Command>C:\\n &amp; m\\node.exe<\/Command>/);
    const quoted = String.raw`"C:\Users\Ann Lee\vault \"a\\\"\\"`;
    assert.ok(task.includes(`<Arguments>v.js daemon --home ${quoted} --log --no-input</Arg`), task);
    assert.match(task, /<ExecutionTimeLimit>PT0S</);
  });

  test('lies where the service manager looks, with a name for each home', () => {
    const context = { env: {}, homeDirectory: '/users/me', ...served };
    const linux = serviceFile({ ...context, platform: 'linux' }, usualHome);
    assert.deepEqual([linux.name, linux.path], ['vault', unitPath]);
    const env = { XDG_CONFIG_HOME: '/etc/me' };
    const other = serviceFile({ ...context, platform: 'linux', env }, '/srv/my-home');
    assert.equal(other.path, '/etc/me/systemd/user/vault-srv-my_2dhome.service');
    const mac = serviceFile({ ...context, platform: 'darwin' }, '/h');
    assert.equal(mac.path, '/users/me/Library/LaunchAgents/vault-h.plist');
    const windows = serviceFile({ ...context, platform: 'win32' }, '/h');
    assert.match(windows.path, /vault-service.vault-h\.xml$/);
    assert.deepEqual([...windows.content.subarray(0, 4)], [0xff, 0xfe, 0x3c, 0]);
    const homes = ['/a/b', '/a-b', '/a_2db', '/a b', '/ä', '/a', '/A'];
    assert.equal(new Set(homes.map((home) => serviceName(home, '/usual'))).size, homes.length);
    for (const home of ['/a\nExecStartPre=/bin/false', '/\udcff']) {
      assert.throws(() => serviceFile({ ...context, platform: 'linux' }, home), {
        code: 'VAULT_USAGE',
      });
    }
    const quoted = { ...context, platform: 'linux', node: '/a "b"/node' } as const;
    assert.throws(() => serviceFile(quoted, '/h'), { code: 'VAULT_USAGE' });
  });
});

describe('service install', () => {
  test('writes the unit, enables and starts it, and says what opens the home', async () => {
    const { fake, exit } = await service('install', { programs: systemctl(0) });
    assert.equal(exit, 0);
    assert.ok(fake.written.get(unitPath)?.includes(`--home ${usualHome} `));
    assert.deepEqual(
      fake.runs.map(({ args }) => args.join(' ')),
      ['--user daemon-reload', '--user enable vault.service', '--user start vault.service'],
    );
    assert.deepEqual(fake.lines, [
      {
        type: 'summary',
        manager: 'systemd',
        name: 'vault',
        file: unitPath,
        enabled: true,
        opensWith: 'device-key',
        deviceKey: `${usualHome}/device-key`,
      },
    ]);
    const { fake: people } = await run(fakeVault(), 'service install', { programs: systemctl(0) });
    assert.match(people.out, /no device key is in the home: .* waits locked/);
  });

  test('does not start it beside a daemon, but says how to', async () => {
    const daemon = fakeDaemon(fakeVault());
    const { fake, exit } = await service('install', { programs: systemctl(0), daemon });
    assert.equal(exit, 0);
    assert.ok(!fake.runs.some(({ args }) => args.includes('start')));
    assert.match(fake.err, /vault stop && systemctl --user start vault/);
    assert.deepEqual(daemon.calls, ['close']);
  });

  test('says what to run where there is no systemctl, or it fails, or the system is another', async () => {
    const absent = await service('install');
    assert.deepEqual([absent.exit, absent.fake.lines[0]?.['enabled']], [0, false]);
    assert.match(
      absent.fake.err,
      /now run: systemctl --user daemon-reload && .* enable --now vault/,
    );
    const failing = await service('install', { programs: systemctl(1) }, false);
    assert.equal(failing.exit, 3);
    assert.match(failing.fake.err, /systemctl --user daemon-reload failed\n.*now run: /);
    const last = failing.fake.lines.at(-1);
    assert.deepEqual([last?.['enabled'], last?.['opensWith']], [false, null]);
    const mac = await service('install', { platform: 'darwin', programs: systemctl(0) });
    assert.deepEqual([mac.exit, mac.fake.runs], [0, []]);
    assert.match(mac.fake.err, /now run: launchctl bootstrap gui\/\$\(id -u\) '\/users\/me\//);
  });
});

describe('service uninstall', () => {
  test('stops and disables the unit, and removes it', async () => {
    const vault = fakeVault();
    const written = new Map([[unitPath, Buffer.from('unit')]]);
    const options = { programs: systemctl(0), written };
    const { fake, exit } = await run(vault, 'service uninstall --json', options);
    assert.deepEqual([exit, fake.lines[0]?.['removed'], fake.written.size], [0, true, 0]);
    assert.deepEqual(
      fake.runs.map(({ args }) => args.join(' ')),
      ['--user disable --now vault.service', '--user daemon-reload'],
    );
    const again = await service('uninstall', { programs: systemctl(0) });
    assert.deepEqual([again.exit, again.fake.lines[0]?.['removed']], [0, false]);
    assert.deepEqual(again.fake.runs, []);
  });
});
