import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { deferred } from '../../src/async.ts';
import { isVaultError } from '../../src/errors.ts';
import { threadPool } from '../../src/system/thread-pool.ts';
import type { WorkerPool } from '../../src/system/worker-pool.ts';
import { workerPoolContract } from '../contracts/worker-pool.ts';
import { projectPath } from '../helpers/project.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const TASKS = new URL('./worker-tasks.js', import.meta.url);
const POOL = new URL('../../src/system/thread-pool.js', import.meta.url);

function newPool(lanes: number, depth = 2, modules = [TASKS]): WorkerPool {
  return threadPool({ modules, lanes, depth });
}

const path = projectPath('package.json');

workerPoolContract('thread pool', {
  make: ({ lanes, depth }) => newPool(lanes, depth),
  file: { path, content: readFileSync(path, 'utf8') },
  isolates: true,
});

function failed(error: unknown): boolean {
  return isVaultError(error, 'VAULT_FAILED');
}

test('tasks on different lanes run at the same time', async (t) => {
  const pool = newPool(3);
  t.after(() => pool.close());
  const place = new Int32Array(new SharedArrayBuffer(4));
  const meetings = [1, 2, 3].map(() => pool.run('meet', { place, count: 3 }));
  assert.deepEqual(await Promise.all(meetings), [true, true, true]);
});

test('a thread that exits fails its tasks only, and the next task gets a new one', async (t) => {
  const pool = newPool(2);
  t.after(() => pool.close());
  pool.configure('key', 'kept');
  const answer = deferred<number>();
  const asked = deferred<void>();
  const other = pool.run('sum', ['1'], {
    ask: () => {
      asked.resolve();
      return answer.promise;
    },
  });
  await asked.promise;
  await assert.rejects(pool.run('exit', 3), failed);
  assert.equal(await pool.run('setting', 'key'), 'kept');
  answer.resolve(1);
  assert.equal(await other, 1);
});

test('an uncaught error in a thread is the cause of what its tasks fail by', async (t) => {
  const pool = newPool(1);
  t.after(() => pool.close());
  await assert.rejects(pool.run('crashLater', undefined), (error) => {
    assert.ok(isVaultError(error, 'VAULT_FAILED'));
    assert.deepEqual(error.details, { task: 'crashLater' });
    assert.match(String(error.cause), /uncaught on purpose/);
    return true;
  });
});

test('tasks that wait when a thread dies are run by the next', async (t) => {
  const pool = newPool(1, 1);
  t.after(() => pool.close());
  const dying = assert.rejects(pool.run('exit', 0), failed);
  const queued = [1, 2, 3].map((number) => pool.run('echo', number));
  await dying;
  assert.deepEqual(await Promise.all(queued), [1, 2, 3]);
});

test('modules that cannot be used fail every task and nothing else', async (t) => {
  const folder = tempDir(t);
  const written = (name: string, content: string): URL => {
    writeFileSync(`${folder}/${name}.mjs`, content);
    return pathToFileURL(`${folder}/${name}.mjs`);
  };
  const cases = [
    [[new URL('./no-such-module.js', import.meta.url)], /no-such-module/],
    [[written('throws', 'throw new Error("broken module")')], /broken module/],
    [[written('without', 'export const other = 1')], /exports tasks, got one without/],
    [[TASKS, written('twice', 'export const tasks = { echo: () => 1 }')], /one task named echo/],
  ] as const;
  for (const [modules, reason] of cases) {
    // Threads start with the first task.
    const pool = newPool(1, 2, [...modules]);
    for (const number of [1, 2]) {
      await assert.rejects(pool.run('echo', number), (error) => {
        assert.ok(isVaultError(error, 'VAULT_FAILED'));
        assert.match(String(error.cause), reason);
        return true;
      });
    }
    await pool.close();
  }
});

test('several modules serve one pool', async (t) => {
  const more = `${tempDir(t)}/more.mjs`;
  writeFileSync(more, 'export const tasks = { double: (number) => 2 * number };');
  const pool = newPool(1, 2, [TASKS, pathToFileURL(more)]);
  t.after(() => pool.close());
  assert.deepEqual(await Promise.all([pool.run('double', 4), pool.run('echo', 4)]), [8, 4]);
});

test('a process ends by itself with its pool left open, but not before its tasks', () => {
  const script = `
    import { threadPool } from ${JSON.stringify(POOL.href)};
    const pool = threadPool({ modules: [new URL(${JSON.stringify(TASKS.href)})], lanes: 2 });
    pool.run('echo', 'first').then(async (first) => {
      const bytes = await pool.run('invert', new Uint8Array(10_000_000));
      const sum = await pool.run('sum', ['1', '2'], { ask: async (question) => Number(question) });
      console.log(first, bytes.length, sum);
    });`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(out, 'first 10000000 3\n');
});

test('a pool that runs nothing starts no thread', () => {
  const script = `
    import { threadPool } from ${JSON.stringify(POOL.href)};
    const pool = threadPool({ modules: [new URL('data:text/javascript,throw 1')], lanes: 8 });
    pool.configure('key', 'value');
    const workers = process.getActiveResourcesInfo().filter((name) => /worker|port/i.test(name));
    console.log(JSON.stringify(workers));`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(out, '[]\n');
});
