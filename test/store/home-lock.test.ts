import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { systemClock, type Clock } from '../../src/clock.ts';
import type { VaultError } from '../../src/errors.ts';
import { HomeLock } from '../../src/store/home-lock.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const real = realFileSystem();
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const acquire = (path: string, waitMs = 0, signal?: AbortSignal): Promise<HomeLock> =>
  HomeLock.acquire(real, path, { clock: systemClock, waitMs, ...(signal && { signal }) });

const code =
  (wanted: string) =>
  (error: unknown): boolean => {
    assert.equal((error as VaultError).code, wanted);
    return true;
  };

/** A process that holds the lock. */
async function holder(t: TestContext, path: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('home-lock-child.js', import.meta.url));
  const child = spawn(process.execPath, [program, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('a home that another process has open is refused at once', async (t) => {
  const path = `${tempDir(t)}/lock`;
  await holder(t, path);
  await assert.rejects(acquire(path), code('VAULT_LOCKED'));
  await assert.rejects(acquire(path), code('VAULT_LOCKED'));
});

test('the same process cannot take the lock twice, but again once it was freed', async (t) => {
  const path = `${tempDir(t)}/lock`;
  const first = await acquire(path);
  await assert.rejects(acquire(path), code('VAULT_LOCKED'));
  await first.close();
  await first.close();
  const second = await acquire(path);
  await second.close();
});

test('the lock of a killed process is free', async (t) => {
  const path = `${tempDir(t)}/lock`;
  const child = await holder(t, path);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await acquire(path);
  await lock.close();
});

test('waiting ends when the other process does', async (t) => {
  const path = `${tempDir(t)}/lock`;
  const child = await holder(t, path);
  const waiting = acquire(path, 60_000);
  child.stdin?.end();
  const lock = await waiting;
  await lock.close();
});

test('waiting ends when its time is over, measured by the clock handed in', async (t) => {
  const path = `${tempDir(t)}/lock`;
  const first = await acquire(path);
  t.after(() => first.close());
  let now = 0;
  let timers = 0;
  const clock: Clock = {
    wallMs: () => 0,
    monotonicMs: () => now,
    timer(ms, run) {
      timers++;
      now += ms;
      queueMicrotask(run);
      return () => undefined;
    },
  };
  const waiting = HomeLock.acquire(real, path, { clock, waitMs: 1000 });
  await assert.rejects(waiting, code('VAULT_LOCKED'));
  assert.equal(now, 1000);
  assert.ok(timers >= 10, `looked ${timers} times`);
});

test('waiting can be interrupted', async (t) => {
  const path = `${tempDir(t)}/lock`;
  const first = await acquire(path);
  t.after(() => first.close());
  const controller = new AbortController();
  const waiting = acquire(path, 3_600_000, controller.signal);
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(waiting, code('VAULT_INTERRUPTED'));
  await assert.rejects(acquire(path, 0, controller.signal), code('VAULT_INTERRUPTED'));
});

test('rows are kept, replaced and removed, also by the next process', async (t) => {
  const path = `${tempDir(t)}/lock`;
  const first = await acquire(path);
  assert.equal(await first.get('a'), undefined);
  await first.put('a', bytes('1'));
  await Promise.all([first.put('b', bytes('1')), first.put('b', bytes('2')), first.delete('a')]);
  await first.close();
  const second = await acquire(path);
  assert.equal(await second.get('a'), undefined);
  assert.deepEqual(await second.get('b'), bytes('2'));
  await second.close();
  await assert.rejects(second.get('b'), code('VAULT_CLOSED'));
  await assert.rejects(second.put('b', bytes('')), code('VAULT_CLOSED'));
});

test('a damaged lock is a lock again, and still keeps others out', async (t) => {
  const path = `${tempDir(t)}/lock`;
  for (const name of ['CURRENT', 'MANIFEST', 'LOCK']) {
    for (const damage of ['garbage', 'gone']) {
      const first = await acquire(path);
      await first.put('row', bytes('kept'));
      await first.close();
      const damaged = matching(path, name);
      assert.ok(damaged.length > 0, name);
      for (const file of damaged) {
        if (damage === 'gone') rmSync(`${path}/${file}`);
        else writeFileSync(`${path}/${file}`, 'garbage');
      }
      const second = await acquire(path);
      await assert.rejects(acquire(path), code('VAULT_LOCKED'), `${name} ${damage}`);
      assert.deepEqual(await second.get('row'), bytes('kept'));
      await second.close();
    }
  }
});

test('damaged rows neither stop the lock nor come back wrong', async (t) => {
  const path = `${tempDir(t)}/lock`;
  const first = await acquire(path);
  for (let at = 0; at < 100; at++) await first.put(`row ${at}`, bytes(`value ${at}`));
  await first.close();
  for (const name of readdirSync(`${path}/rows`)) {
    if (name !== 'LOCK') writeFileSync(`${path}/rows/${name}`, 'garbage');
  }
  const second = await acquire(path);
  assert.equal(await second.get('row 7'), undefined);
  await second.put('row 7', bytes('anew'));
  assert.deepEqual(await second.get('row 7'), bytes('anew'));
  await second.close();
});

function matching(path: string, name: string): string[] {
  return readdirSync(path).filter((file) => file.split('-')[0] === name);
}
