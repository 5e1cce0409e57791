/** Programs and files of this machine. */

import { spawn, type ChildProcess } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  promises,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isatty } from 'node:tty';
import { deferred } from '../async.ts';
import type { Ended, Machine } from './context.ts';

/** Longest line that a program started anew may say first. */
const MAX_LINE_BYTES = 64 * 1024;

export const processMachine: Machine = {
  async readFirstLine(path, limit) {
    const file = path === '-' ? undefined : await promises.open(path, 'r');
    try {
      return file
        ? await firstLine(file.createReadStream({ autoClose: false }), limit)
        : await firstLine(process.stdin, limit);
    } finally {
      await file?.close();
    }
  },

  list(directory) {
    try {
      return readdirSync(directory);
    } catch {
      return []; // directories on PATH need not exist
    }
  },

  isExecutable(path) {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  },

  isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,

  isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,

  writeFile(path, content) {
    mkdirSync(dirname(path), { recursive: true });
    const unfinished = `${path}.tmp`;
    writeFileSync(unfinished, content);
    renameSync(unfinished, path);
  },

  removeFile: (path) => rmSync(path),

  async capture(words, limit, signal) {
    const [program = '', ...args] = words;
    const child = spawn(program, args, { stdio: ['inherit', 'pipe', 'inherit'] });
    const ended = ending(child, signal);
    const parts: Buffer[] = [];
    let length = 0;
    child.stdout.on('data', (part: Buffer) => {
      if (length < limit) parts.push(part);
      length += part.length;
    });
    const end = (): boolean => child.kill();
    signal.addEventListener('abort', end);
    try {
      return { ...(await ended), output: Buffer.concat(parts).subarray(0, limit) };
    } finally {
      signal.removeEventListener('abort', end);
    }
  },

  async launch(program, args, { directory, environment }) {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: directory,
      detached: true,
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const ended = ending(child);
    ended.catch(() => undefined); // told by `started`
    const errors: Buffer[] = [];
    child.stderr.on('data', (part: Buffer) => errors.push(part));
    // One that cannot be started prints nothing, and what is said of it is told here.
    const [bytes] = await Promise.all([firstLine(child.stdout, MAX_LINE_BYTES), started(child)]);
    const line = Buffer.from(bytes).toString('utf8').split('\n')[0] ?? '';
    if (line === '') await ended;
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
    return { line, errors: Buffer.concat(errors).toString('utf8') };
  },

  async run(file, args, environment) {
    // Listening before the program runs: a signal that comes at once must not end us without it.
    let child: ChildProcess | undefined;
    const stop = forwardSignals((signal) => child?.kill(signal));
    try {
      child = spawn(file, args, { stdio: 'inherit', env: { ...environment } });
      return await ending(child);
    } finally {
      stop();
    }
  },
};

async function firstLine(
  stream: AsyncIterable<Buffer | string>,
  limit: number,
): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream) {
    const bytes = Buffer.from(part);
    parts.push(bytes);
    length += bytes.length;
    if (length >= limit || bytes.includes(0x0a)) break;
  }
  return Buffer.concat(parts).subarray(0, limit);
}

/** Throws what kept the program from running. */
function started(child: ChildProcess): Promise<void> {
  const done = deferred<void>();
  child.once('spawn', () => done.resolve());
  child.once('error', (error) => done.reject(error));
  return done.promise;
}

/** Once the program has ended and all it printed is read; after an abort, once it has ended. */
function ending(child: ChildProcess, signal?: AbortSignal): Promise<Ended> {
  const done = deferred<Ended>();
  child.once('error', (error) => done.reject(error));
  child.once('exit', (code, by) => {
    if (signal?.aborted) done.resolve({ code, signal: by });
  });
  child.once('close', (code, by) => done.resolve({ code, signal: by }));
  return done.promise;
}

/**
 * Passes signals on while the child runs. What a terminal sends reaches the child without us, and
 * must not reach it twice: then those signals are only kept from ending us first.
 */
function forwardSignals(pass: (signal: NodeJS.Signals) => void): () => void {
  const fromTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  const handlers = (['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const isTyped = signal === 'SIGINT' || signal === 'SIGQUIT';
    const handler = (): void => {
      if (!isTyped || !fromTerminal) pass(signal);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const remove of handlers) remove();
  };
}
