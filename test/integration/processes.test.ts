import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { HomeLock } from '../../src/store/home-lock.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { skipUnless } from '../helpers/requires.ts';
import { startVault } from '../helpers/run-vault.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { TestNode } from '../helpers/test-node.ts';
import { assertSameTree, treeOf } from '../helpers/tree.ts';
import { eventually } from '../helpers/wait.ts';

test('a home in use by another process is exit 11 at once, or waited for', async (t) => {
  const node = await TestNode.make(t);
  const lock = await HomeLock.acquire(realFileSystem(), join(node.home, 'lock'), {
    clock: systemClock,
  });
  let isHeld = true;
  const waiting = node.run('snapshot', '--json', '--wait-lock', '60s');
  void waiting.then(() => assert.ok(!isHeld, 'it did not wait'));
  try {
    assert.equal((await node.fails(11, 'snapshot'))['code'], 'VAULT_LOCKED');
    assert.equal((await node.fails(11, 'status', '--wait-lock', '1s'))['code'], 'VAULT_LOCKED');
  } finally {
    isHeld = false;
    await lock.close();
  }
  assert.equal((await waiting).exit, 0);
});

test('an interrupt ends a snapshot soon, and the next one goes on', async (t) => {
  if (!skipUnless(t, { platforms: ['linux'] })) return;
  const node = await TestNode.make(t);
  mkdirSync(join(node.work, 'small'));
  for (let index = 0; index < 300; index++) {
    writeFileSync(join(node.work, 'small', `${index}`), `small ${index}`);
  }
  writeFileSync(join(node.work, 'large'), seededRandom('interrupted').bytes(8_000_000));
  // Reading its zeros takes far longer than any deadline here.
  const endless = join(node.work, 'z endless');
  writeFileSync(endless, '');
  for (const [signal, exit] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    truncateSync(endless, 2 ** 42);
    const child = startVault({ home: node.home, passphrase: undefined }, 'snapshot', '--json');
    const output: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => output.push(data));
    child.stderr.resume();
    const ended = new Promise<number | null>((resolve) => {
      child.once('close', (code) => resolve(code));
    });
    await eventually('the file to be read', () => holdsOpen(child.pid ?? 0, endless));
    child.kill(signal);
    assert.equal(await ended, exit);
    const last = JSON.parse(
      Buffer.concat(output).toString().trim().split('\n').at(-1) ?? '',
    ) as unknown;
    const { type, code, exit: told } = last as Record<string, unknown>;
    assert.deepEqual([type, code, told], ['error', 'VAULT_INTERRUPTED', exit]);
  }
  rmSync(endless);
  const summary = await node.done('snapshot');
  assert.deepEqual([summary['files'], summary['added'], summary['errors']], [301, 301, 0]);
  const to = join(node.directory, 'to');
  await node.done('restore', '-f', 'work', '--to', to);
  assertSameTree(treeOf(to), treeOf(node.work), 'all of it');
  assert.equal((await node.done('verify', '--read'))['damaged'], 0);
});

function holdsOpen(pid: number, path: string): boolean {
  const directory = `/proc/${pid}/fd`;
  try {
    return readdirSync(directory).some((name) => {
      try {
        return readlinkSync(join(directory, name)) === path;
      } catch {
        return false; // closed meanwhile
      }
    });
  } catch {
    return false; // not started, or ended
  }
}

test('a reader that goes away is a quiet end', async (t) => {
  const node = await TestNode.make(t);
  for (let index = 0; index < 1500; index++) {
    writeFileSync(join(node.work, `${index} ${'long name '.repeat(12)}`), '');
  }
  await node.done('snapshot');
  const child = startVault({ home: node.home, passphrase: undefined }, 'ls', '-f', 'work', '-R');
  const errors: Buffer[] = [];
  child.stderr.on('data', (data: Buffer) => errors.push(data));
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  child.stdout.once('data', () => child.stdout.destroy());
  assert.equal(await ended, 0);
  assert.equal(Buffer.concat(errors).toString(), '');
});
