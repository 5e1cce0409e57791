/** What a worker thread runs: loads the modules of tasks, then serves its pool. */

import { parentPort, workerData } from 'node:worker_threads';
import { deferred, type Deferred } from '../async.ts';
import { systemRandom } from '../random.ts';
import { crossing } from './lane-pool.ts';
import { realFileSystem } from './real-file-system.ts';
import { RunningTask, type TaskWorld } from './running-task.ts';
import { fromSentError, toSentError } from './sent-error.ts';
import { mergeTaskTables } from './task-tables.ts';
import type { FromWorker, SentOutcome, ToWorker, WorkerStart } from './worker-messages.ts';
import type { TaskTable } from './worker-pool.ts';

const port = parentPort;
if (!port) throw new TypeError('expected to run in a worker thread of a pool');

const start = workerData as WorkerStart;
const loaded = await Promise.all(
  start.modules.map(async (url) => ((await import(url)) as { tasks: TaskTable }).tasks),
);
const settings = new Map(start.settings);
const world: TaskWorld = {
  tasks: mergeTaskTables(loaded),
  fileSystem: realFileSystem(),
  random: systemRandom(),
  settings,
};
const running = new Map<number, RunningTask>();
const questions = new Map<number, Deferred<unknown>>();
let nextQuestion = 1;

port.on('message', (message: ToWorker) => {
  switch (message.say) {
    case 'begin':
      void run(message.id, message.task, message.input);
      break;
    case 'cancel':
      running.get(message.id)?.cancel();
      break;
    case 'configure':
      if (message.value === undefined) settings.delete(message.key);
      else settings.set(message.key, message.value);
      break;
    case 'answer':
      hearAnswer(message.question, message.outcome);
      break;
  }
});

async function run(id: number, name: string, input: unknown): Promise<void> {
  const task = new RunningTask(world, (content, transfer) => askCaller(id, content, transfer));
  running.set(id, task);
  try {
    const value = await task.run(name, input);
    crossing(() => say({ say: 'ended', id, outcome: { value } }, task.moving));
  } catch (error) {
    say({ say: 'ended', id, outcome: { error: toSentError(error) } });
  } finally {
    running.delete(id);
  }
}

async function askCaller(
  id: number,
  content: unknown,
  transfer: readonly ArrayBuffer[],
): Promise<unknown> {
  const question = nextQuestion++;
  crossing(() => say({ say: 'ask', id, question, content }, transfer));
  const answered = deferred<unknown>();
  questions.set(question, answered);
  return answered.promise;
}

function hearAnswer(question: number, outcome: SentOutcome): void {
  const asked = questions.get(question);
  questions.delete(question);
  if ('error' in outcome) asked?.reject(fromSentError(outcome.error));
  else asked?.resolve(outcome.value);
}

function say(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}
