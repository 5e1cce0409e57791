/**
 * Loaded into every thread of a program that is profiled (`--import` in NODE_OPTIONS): samples what the
 * thread does, and writes it to the directory VAULT_PROFILE when the thread ends.
 *
 * A worker that is terminated runs no code of its own any more, so the main thread asks it first.
 */

import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { BroadcastChannel, isMainThread, threadId, Worker } from 'node:worker_threads';

const SAMPLE_MICROSECONDS = 500;
/** How long a worker may take to write its profile before it is terminated all the same. */
const WAIT_MS = 20_000;

/** Main thread → worker of that id: write now. Worker → main thread: written. */
interface Message {
  readonly say: 'write' | 'written';
  readonly thread: number;
}

const directory = process.env['VAULT_PROFILE'];
if (directory === undefined) throw new Error('expected a directory in VAULT_PROFILE');
const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS });
session.post('Profiler.start');

const channel = new BroadcastChannel('vault profile');
channel.unref();

if (isMainThread) {
  process.on('exit', () => write());
  // oxlint-disable-next-line typescript/unbound-method -- called below with the worker it is for
  const { terminate } = Worker.prototype;
  Worker.prototype.terminate = async function (this: Worker): Promise<number> {
    await written(this.threadId);
    return terminate.call(this);
  };
} else {
  channel.onmessage = (event): void => {
    const { say, thread } = (event as { readonly data: Message }).data;
    if (say !== 'write' || thread !== threadId) return;
    write();
    channel.postMessage({ say: 'written', thread } satisfies Message);
  };
}

/** The call is synchronous, whatever it looks like. */
function write(): void {
  session.post('Profiler.stop', (error, result) => {
    if (error) throw error;
    const name = isMainThread ? 'main' : `worker-${threadId}`;
    writeFileSync(join(directory ?? '', `${name}.cpuprofile`), JSON.stringify(result.profile));
  });
}

function written(thread: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(limit);
      answers.close();
      resolve();
    };
    const limit = setTimeout(done, WAIT_MS);
    const answers = new BroadcastChannel('vault profile');
    answers.onmessage = (event): void => {
      const message = (event as { readonly data: Message }).data;
      if (message.say === 'written' && message.thread === thread) done();
    };
    answers.postMessage({ say: 'write', thread } satisfies Message);
  });
}
