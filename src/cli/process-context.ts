/** The command line's context as this process has it. */

import { readFileSync, readlinkSync, writeSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isatty } from 'node:tty';
import { systemClock } from '../clock.ts';
import { systemCode } from '../errors.ts';
import { pathFromBytes } from '../path-bytes.ts';
import type { CliContext, EndingSignal, InputStream, OutputStream } from './context.ts';
import { processMachine } from './process-machine.ts';
import { version } from './version.ts';

const REPLACED = '\ufffd';
/** Milliseconds between two tries to write where a reader is slow and the stream does not wait. */
const RETRY_MS = 2;

/** Throws the system's error where the current directory no longer exists. */
export function processContext(): CliContext {
  return {
    argv: trueArguments(),
    env: process.env,
    cwd: trueDirectory(),
    platform: process.platform,
    homeDirectory: homedir(),
    node: process.execPath,
    program: process.argv[1] ?? '',
    processId: process.pid,
    stdin: standardInput,
    stdout: outputStream(1),
    stderr: outputStream(2),
    clock: systemClock,
    machine: processMachine,
    onSignal(handler) {
      const names: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
      for (const name of names) process.on(name, handler);
      return () => {
        for (const name of names) process.off(name, handler);
      };
    },
    onUncaught(handler) {
      process.on('uncaughtException', handler);
      return () => process.off('uncaughtException', handler);
    },
    loadVault() {
      // Each thread of the pool for disk and databases keeps memory of its own (docs/decisions/0007).
      process.env['UV_THREADPOOL_SIZE'] ??= '2';
      return import('../vault.ts');
    },
    async findDaemon(home) {
      const { findDaemon } = await import('../api/find-daemon.ts');
      return findDaemon(home, version);
    },
    async startDaemon(options) {
      process.env['UV_THREADPOOL_SIZE'] ??= '4';
      const { startDaemon } = await import('../api/start-daemon.ts');
      const { platform } = process;
      return startDaemon({ ...options, program: version, platform, temporaryDirectory: tmpdir() });
    },
  };
}

/**
 * A standard stream written synchronously: a slow reader slows us down, and nothing is left unwritten
 * when the process ends.
 */
function outputStream(descriptor: 1 | 2): OutputStream {
  const isTerminal = isatty(descriptor);
  return {
    isTerminal,
    get columns() {
      if (!isTerminal) return undefined;
      return descriptor === 1 ? process.stdout.columns : process.stderr.columns;
    },
    write(bytes) {
      for (let at = 0; at < bytes.length;) {
        try {
          at += writeSync(descriptor, bytes, at);
        } catch (error) {
          if (systemCode(error) !== 'EAGAIN') throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        }
      }
    },
  };
}

const standardInput: InputStream = {
  isTerminal: isatty(0),
  listen(mode, listener) {
    const { stdin } = process;
    const onData = (bytes: Buffer): void => listener(bytes);
    const onEnd = (): void => listener(undefined);
    if (mode === 'keys') stdin.setRawMode(true);
    stdin.on('data', onData);
    stdin.on('end', onEnd);
    stdin.resume();
    return () => {
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      stdin.pause();
      if (mode === 'keys') stdin.setRawMode(false);
    };
  },
};

/** The arguments as bytes, where the system tells them: Node replaces what is not UTF-8. */
function trueArguments(): readonly string[] {
  const args = process.argv.slice(2);
  if (process.platform !== 'linux' || !args.some((arg) => arg.includes(REPLACED))) return args;
  const all = splitAtNul(readFileSync('/proc/self/cmdline'));
  return all.slice(all.length - args.length);
}

function splitAtNul(bytes: Buffer): string[] {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0, at);
    const stop = end < 0 ? bytes.length : end;
    parts.push(pathFromBytes(bytes.subarray(at, stop)));
    at = stop + 1;
  }
  return parts;
}

function trueDirectory(): string {
  const directory = process.cwd();
  if (process.platform !== 'linux' || !directory.includes(REPLACED)) return directory;
  return pathFromBytes(readlinkSync('/proc/self/cwd', { encoding: 'buffer' }));
}
