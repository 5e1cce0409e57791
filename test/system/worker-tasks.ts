/** Tasks for the tests of worker pools. */

import { deferred } from '../../src/async.ts';
import { VaultError } from '../../src/errors.ts';
import { FileError } from '../../src/system/file-system.ts';
import type { Task, TaskTable } from '../../src/system/worker-pool.ts';

const echo: Task<unknown, unknown> = (input) => input;

const invert: Task<Uint8Array, Uint8Array> = (bytes, context) => {
  for (const [index, byte] of bytes.entries()) bytes[index] = 255 - byte;
  context.transfer([bytes.buffer as ArrayBuffer]);
  return bytes;
};

const fail: Task<string, never> = (kind) => {
  switch (kind) {
    case 'vault':
      throw new VaultError('VAULT_DAMAGED', 'damaged on purpose', {
        hint: 'look elsewhere',
        details: { chunk: 'ab12', tries: 2 },
        cause: new FileError('EIO', 'read', '/some/\udcff', new Error('inner')),
      });
    case 'file':
      throw new FileError('ENOSPC', 'write', '/some/path');
    case 'type':
      throw new TypeError('expected this, got that');
    case 'range':
      throw new RangeError('expected less');
    case 'system':
      throw Object.assign(new Error('no such thing'), { code: 'ENOENT' });
    default:
      // oxlint-disable-next-line typescript/only-throw-error -- other people's code throws such things
      throw kind;
  }
};

const readHead: Task<string, string> = (path, context) => {
  const bytes = context.fileSystem.readFile(path);
  return Buffer.from(bytes).toString();
};

const randomBytes: Task<number, Uint8Array> = (length, context) => context.random.bytes(length);

const setting: Task<string, unknown> = (key, context) => context.settings.get(key);

const sum: Task<readonly string[], number> = async (questions, context) => {
  let total = 0;
  for (const question of questions) total += Number(await context.ask(question));
  return total;
};

/** Asks, and gives the caller what came of it. */
const tryAsking: Task<unknown, unknown> = async (question, context) => {
  try {
    return { answer: await context.ask(question) };
  } catch (error) {
    return { error: error instanceof VaultError ? error.code : String(error) };
  }
};

const askWithBuffer: Task<number, unknown> = (length, context) => {
  const bytes = new Uint8Array(length).fill(7);
  return context.ask(bytes, [bytes.buffer]);
};

/** Asks until the caller gives up, then tells a place both can see. */
const askForever: Task<Int32Array, void> = async (seen, context) => {
  try {
    for (;;) await context.ask('more');
  } catch (error) {
    Atomics.store(seen, 0, error instanceof VaultError ? 1 : 2);
    Atomics.store(seen, 1, context.cancelled ? 1 : 0);
    throw error;
  }
};

/** Ends, and only then asks. */
const askTooLate: Task<Int32Array, void> = (seen, context) => {
  setImmediate(() => {
    context.ask('too late').then(
      () => Atomics.store(seen, 0, 2),
      () => Atomics.store(seen, 0, 1),
    );
  });
};

const neverCloneable: Task<void, unknown> = () => () => 'a function';

const exit: Task<number, never> = (code) => process.exit(code);

const crashLater: Task<void, Promise<never>> = () => {
  queueMicrotask(() => {
    throw new Error('uncaught on purpose');
  });
  return deferred<never>().promise;
};

const mutate: Task<{ list: number[] }, number> = (input) => input.list.push(4);

/** Blocks its thread until `count` tasks have come here; false if they do not within the deadline. */
const meet: Task<{ place: Int32Array; count: number }, boolean> = ({ place, count }) => {
  const deadline = performance.now() + 20_000;
  let here = Atomics.add(place, 0, 1) + 1;
  Atomics.notify(place, 0);
  while (here < count && performance.now() < deadline) {
    Atomics.wait(place, 0, here, 1000);
    here = Atomics.load(place, 0);
  }
  return here >= count;
};

const inOrder: Task<{ mark: Int32Array; number: number }, number> = ({ mark }) =>
  Atomics.add(mark, 0, 1);

export const tasks: TaskTable = {
  echo,
  invert,
  fail,
  readHead,
  randomBytes,
  setting,
  sum,
  tryAsking,
  askWithBuffer,
  askForever,
  askTooLate,
  neverCloneable,
  exit,
  crashLater,
  mutate,
  meet,
  inOrder,
};
