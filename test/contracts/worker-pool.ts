import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { deferred } from '../../src/async.ts';
import { isVaultError, VaultError, type ErrorCode } from '../../src/errors.ts';
import { FileError } from '../../src/system/file-system.ts';
import type { WorkerPool } from '../../src/system/worker-pool.ts';

export interface PoolSize {
  readonly lanes: number;
  readonly depth: number;
}

export interface WorkerPoolCase {
  /** A new pool with the tasks of `test/system/worker-tasks.ts`. */
  readonly make: (size: PoolSize) => WorkerPool;
  /** Path and content of a file that the pool's tasks can read. */
  readonly file: { readonly path: string; readonly content: string };
  /** Whether values are cloned on their way, so that both sides have their own. */
  readonly isolates: boolean;
}

async function rejects(code: ErrorCode, promise: Promise<unknown>): Promise<VaultError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(isVaultError(error, code), `expected ${code}, got ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: `expected ${code}, got no error` });
}

/** What every worker pool must do. */
export function workerPoolContract(kind: string, one: WorkerPoolCase): void {
  const rule = (
    title: string,
    run: (pool: WorkerPool, t: TestContext) => Promise<void>,
    size: Partial<PoolSize> = {},
  ): void =>
    void test(`${kind}: ${title}`, async (t) => {
      const pool = one.make({ lanes: 2, depth: 2, ...size });
      t.after(() => pool.close());
      await run(pool, t);
    });

  rule('gives the result of a task', async (pool) => {
    const input = { text: 'a\udcff', bytes: Uint8Array.of(1, 2), big: 5n, none: undefined };
    assert.deepEqual(await pool.run('echo', input), input);
    assert.equal(pool.lanes, 2);
  });

  rule('does the same work once it is warm, and a closed one stays closed', async (pool) => {
    pool.warm();
    pool.warm();
    assert.equal(await pool.run('echo', 'warm'), 'warm');
    await pool.close();
    pool.warm();
    await rejects('VAULT_CLOSED', pool.run('echo', 'late'));
  });

  rule('runs many tasks, each with its own result', async (pool) => {
    const numbers = Array.from({ length: 500 }, (_, index) => index);
    assert.deepEqual(await Promise.all(numbers.map((number) => pool.run('echo', number))), numbers);
  });

  rule(
    'starts tasks in the order asked',
    async (pool) => {
      const mark = new Int32Array(new SharedArrayBuffer(4));
      const numbers = Array.from({ length: 50 }, (_, index) => index);
      const order = await Promise.all(
        numbers.map((number) => pool.run('inOrder', { mark, number })),
      );
      assert.deepEqual(order, numbers);
    },
    { lanes: 1 },
  );

  rule('moves transferred buffers both ways', async (pool) => {
    const bytes = new Uint8Array(100_000).fill(3);
    const result = await pool.run<Uint8Array, Uint8Array>('invert', bytes, {
      transfer: [bytes.buffer],
    });
    assert.equal(result.length, 100_000);
    assert.ok(result.every((byte) => byte === 252));
    if (one.isolates) assert.equal(bytes.byteLength, 0, 'the buffer has left');
  });

  rule('copies what is not transferred, where it isolates', async (pool) => {
    const input = { list: [1, 2, 3] };
    assert.equal(await pool.run('mutate', input), 4);
    assert.equal(input.list.length, one.isolates ? 3 : 4);
  });

  rule('gives tasks a file system and randomness', async (pool) => {
    assert.equal(await pool.run('readHead', one.file.path), one.file.content);
    const [a, b] = await Promise.all(
      [1, 2].map(() => pool.run<number, Uint8Array>('randomBytes', 32)),
    );
    assert.notDeepEqual(a, b);
    await assert.rejects(
      pool.run('readHead', `${one.file.path}.none`),
      (error) => error instanceof FileError && error.code === 'ENOENT',
    );
  });

  rule('brings a VaultError over whole', async (pool) => {
    const error = await rejects('VAULT_DAMAGED', pool.run('fail', 'vault'));
    assert.equal(error.message, 'damaged on purpose');
    assert.equal(error.hint, 'look elsewhere');
    assert.deepEqual(error.details, { chunk: 'ab12', tries: 2 });
    assert.match(error.stack ?? '', /worker-tasks/);
    const { cause } = error;
    assert.ok(cause instanceof FileError && cause.cause instanceof Error);
    assert.deepEqual(
      [cause.code, cause.operation, cause.path, cause.cause.message],
      ['EIO', 'read', '/some/\udcff', 'inner'],
    );
  });

  rule('brings other errors over with class and code', async (pool) => {
    const failure = (input: unknown): Promise<unknown> =>
      pool.run('fail', input).then(
        () => assert.fail('expected an error'),
        (error: unknown) => error,
      );
    const file = await failure('file');
    assert.ok(file instanceof FileError);
    assert.deepEqual([file.code, file.path], ['ENOSPC', '/some/path']);
    const type = await failure('type');
    assert.ok(type instanceof TypeError);
    assert.equal(type.message, 'expected this, got that');
    assert.ok((await failure('range')) instanceof RangeError);
    const system = await failure('system');
    assert.ok(system instanceof Error && 'code' in system && system.code === 'ENOENT');
    assert.match(String(await failure('just text')), /just text/);
  });

  rule('refuses unknown tasks and, where it isolates, values that cannot cross', async (pool) => {
    for (const name of ['none', 'constructor', '__proto__']) {
      await assert.rejects(pool.run(name, 1), TypeError);
    }
    if (one.isolates) {
      await assert.rejects(
        pool.run('echo', () => 1),
        TypeError,
      );
      await assert.rejects(pool.run('neverCloneable', undefined), TypeError);
      await assert.rejects(
        pool.run('sum', ['q'], { ask: () => Promise.resolve(() => 1) }),
        TypeError,
      );
      await assert.rejects(
        pool.run('tryAsking', 1).then((result) => {
          throw new Error(JSON.stringify(result));
        }),
        /answers, got none/,
      );
    }
    assert.throws(() => pool.configure('key', () => 1), TypeError);
    assert.equal(await pool.run('echo', 'still here'), 'still here');
  });

  rule('lets tasks ask their own caller', async (pool) => {
    const sums = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((factor) =>
        pool.run<string[], number>('sum', ['1', '2', '3'], {
          ask: (question) => Promise.resolve(Number(question) * factor),
        }),
      ),
    );
    assert.deepEqual(sums, [6, 12, 18, 24, 30, 36]);
    const length = await pool.run('askWithBuffer', 1000, {
      ask: (question) => Promise.resolve((question as Uint8Array).length),
    });
    assert.equal(length, 1000);
  });

  rule("throws the caller's errors where the task asks", async (pool) => {
    const refuse = (): Promise<never> =>
      Promise.reject(new VaultError('VAULT_NOT_PERMITTED', 'not for you'));
    const caught = await pool.run('tryAsking', 'question', { ask: refuse });
    assert.deepEqual(caught, { error: 'VAULT_NOT_PERMITTED' });
    const throwing = (): Promise<never> => {
      throw new VaultError('VAULT_REFUSED', 'thrown at once');
    };
    await rejects('VAULT_REFUSED', pool.run('sum', ['1'], { ask: throwing }));
    const { error } = await pool.run<string, { error: string }>('tryAsking', 'question');
    assert.match(error, /answers, got none/);
  });

  rule(
    'runs another task of the lane while one waits for an answer',
    async (pool) => {
      const answer = deferred<number>();
      const asked = deferred<void>();
      const waiting = pool.run('sum', ['1'], {
        ask: () => {
          asked.resolve();
          return answer.promise;
        },
      });
      await asked.promise;
      assert.equal(await pool.run('echo', 'meanwhile'), 'meanwhile');
      answer.resolve(5);
      assert.equal(await waiting, 5);
    },
    { lanes: 1, depth: 2 },
  );

  rule(
    'holds no more tasks than its depth',
    async (pool) => {
      const answers = [deferred<number>(), deferred<number>()];
      const bothAsked = deferred<void>();
      let asked = 0;
      const waiting = answers.map((answer) =>
        pool.run('sum', ['1'], {
          ask: () => {
            if (++asked === 2) bothAsked.resolve();
            return answer.promise;
          },
        }),
      );
      await bothAsked.promise;
      let third = false;
      const last = pool.run('echo', 3).then(() => (third = true));
      await pool.run('echo', 1, { signal: AbortSignal.abort() }).catch(() => undefined);
      assert.equal(third, false);
      answers[0]?.resolve(1);
      await last;
      answers[1]?.resolve(2);
      assert.deepEqual(await Promise.all(waiting), [1, 2]);
    },
    { lanes: 1, depth: 2 },
  );

  rule('hands settings to lanes that run and to those that start later', async (pool) => {
    pool.configure('key', { value: 1 });
    assert.deepEqual(await pool.run('setting', 'key'), { value: 1 });
    pool.configure('key', { value: 2 });
    pool.configure('other', Uint8Array.of(9));
    const all = Array.from({ length: 8 }, () => pool.run('setting', 'key'));
    for (const value of await Promise.all(all)) assert.deepEqual(value, { value: 2 });
    assert.deepEqual(await pool.run('setting', 'other'), Uint8Array.of(9));
    pool.configure('key', undefined);
    const gone = Array.from({ length: 8 }, () => pool.run('setting', 'key'));
    for (const value of await Promise.all(gone)) assert.equal(value, undefined);
  });

  rule('keeps a setting as it was when it was given', async (pool) => {
    const value = { list: [1] };
    pool.configure('key', value);
    value.list.push(2);
    assert.deepEqual(await pool.run('setting', 'key'), { list: [1] });
  });

  rule('gives up at once when the signal aborts, and tells the task', async (pool) => {
    const control = new AbortController();
    const seen = new Int32Array(new SharedArrayBuffer(8));
    const asked = deferred<void>();
    const running = pool.run('askForever', seen, {
      signal: control.signal,
      ask: () => {
        asked.resolve();
        return deferred<never>().promise;
      },
    });
    await asked.promise;
    control.abort(new Error('enough'));
    const error = await rejects('VAULT_INTERRUPTED', running);
    assert.equal((error.cause as Error).message, 'enough');
    const deadline = performance.now() + 10_000;
    while (Atomics.load(seen, 0) === 0 && performance.now() < deadline) await pool.run('echo', 1);
    assert.deepEqual([...seen], [1, 1]);
    await rejects('VAULT_INTERRUPTED', pool.run('echo', 1, { signal: AbortSignal.abort() }));
  });

  rule('lets no task ask once it has ended', async (pool) => {
    const seen = new Int32Array(new SharedArrayBuffer(4));
    let asked = 0;
    await pool.run('askTooLate', seen, { ask: () => Promise.resolve(asked++) });
    const deadline = performance.now() + 10_000;
    while (Atomics.load(seen, 0) === 0 && performance.now() < deadline) {
      await pool.run('echo', 1);
      await setImmediate();
    }
    assert.deepEqual([seen[0], asked], [1, 0]);
  });

  rule(
    'takes aborted tasks out of the queue',
    async (pool) => {
      const answer = deferred<number>();
      const asked = deferred<void>();
      const first = pool.run('sum', ['1'], {
        ask: () => {
          asked.resolve();
          return answer.promise;
        },
      });
      await asked.promise;
      const control = new AbortController();
      const mark = new Int32Array(new SharedArrayBuffer(4));
      const queued = pool.run('inOrder', { mark, number: 1 }, { signal: control.signal });
      const next = pool.run('echo', 'next');
      control.abort();
      await rejects('VAULT_INTERRUPTED', queued);
      answer.resolve(1);
      assert.deepEqual([await first, await next], [1, 'next']);
      assert.equal(mark[0], 0);
    },
    { lanes: 1, depth: 1 },
  );

  rule('ends all tasks of one signal through one listener', async (pool) => {
    const control = new AbortController();
    const { signal } = control;
    const ask = (): Promise<never> => deferred<never>().promise;
    const ended: Promise<unknown>[] = [];
    for (let number = 0; number < 50; number++) {
      ended.push(rejects('VAULT_INTERRUPTED', pool.run('sum', ['1'], { signal, ask })));
    }
    // Node warns of a leak, on the user's terminal, when there are more than ten.
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    control.abort();
    await Promise.all(ended);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  rule('leaves no listener on a signal that outlives its tasks', async (pool) => {
    const control = new AbortController();
    const { signal } = control;
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...all: Parameters<typeof add>): void => {
      listeners++;
      add(...all);
    };
    signal.removeEventListener = (...all: Parameters<typeof remove>): void => {
      listeners--;
      remove(...all);
    };
    await Promise.all([1, 2, 3].map((number) => pool.run('echo', number, { signal })));
    await pool.run('fail', 'vault', { signal }).catch(() => undefined);
    assert.equal(listeners, 0);
    control.abort();
    assert.equal(await pool.run('echo', 1), 1);
  });

  rule('ends every task when it closes, and takes no more', async (pool) => {
    const asked = deferred<void>();
    const ask = (): Promise<never> => {
      asked.resolve();
      return deferred<never>().promise;
    };
    const running = [1, 2, 3, 4, 5, 6, 7, 8].map(() => pool.run('sum', ['1'], { ask }));
    const settled = Promise.all(running.map((run) => rejects('VAULT_CLOSED', run)));
    await asked.promise;
    const [first, second] = [pool.close(), pool.close()];
    await settled;
    await Promise.all([first, second]);
    await rejects('VAULT_CLOSED', pool.run('echo', 1));
    await pool.close();
  });

  rule('closes without ever having run anything', async (pool) => {
    pool.configure('key', 1);
    await pool.close();
    await rejects('VAULT_CLOSED', pool.run('echo', 1));
  });

  test(`${kind}: refuses sizes that make no sense`, () => {
    for (const wrong of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => one.make({ lanes: wrong, depth: 1 }), RangeError);
      assert.throws(() => one.make({ lanes: 1, depth: wrong }), RangeError);
    }
  });
}
