/** Runs a program and measures it from outside, so that all sides are measured alike. */

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../../src/errors.ts';
import { writtenToDevice } from './block-device.ts';
import type { Measured } from './lines.ts';
import { residentBelow } from './process-tree.ts';

/** GNU time: the one measure of processor time, memory and writes that all programs share. */
export const GNU_TIME = '/usr/bin/time';
/** How often the memory of a tree of several processes is looked at. */
const LOOK_MS = 100;
/** What GNU time counts as one block of output. */
const BLOCK_BYTES = 512;

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface MeasureOptions {
  /** A directory for what the measuring itself writes. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export interface MeasuredRun extends Measured {
  readonly stdout: string;
}

/**
 * Everything written is on the device before the run begins and before the bytes on the device are
 * counted after it; neither `sync` is part of the time. Throws `Error` where the program fails.
 */
export async function measure(command: Command, options: MeasureOptions): Promise<MeasuredRun> {
  const report = join(options.scratch, 'time');
  try {
    sync();
    const before = writtenToDevice(options.scratch);
    const started = process.hrtime.bigint();
    const { stdout, sampledPeak } = await run(
      { ...command, program: GNU_TIME, args: timed(command, report) },
      options.signal,
    );
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    sync();
    const after = writtenToDevice(options.scratch);
    const [peak = 0, user = 0, system = 0, blocks = 0] = numbersIn(report);
    return {
      seconds,
      cpuSeconds: user + system,
      // Exact for the greatest single process; only a tree of several can have more at once.
      peakBytes: Math.max(peak * 1024, sampledPeak),
      writtenBytes: blocks * BLOCK_BYTES,
      deviceBytes: before === undefined || after === undefined ? null : after - before,
      stdout,
    };
  } finally {
    rmSync(report, { force: true });
  }
}

/** Runs a program that is not measured; its output. Throws as {@link measure}. */
export async function runCommand(command: Command, signal: AbortSignal): Promise<string> {
  return (await run(command, signal)).stdout;
}

function timed({ program, args }: Command, report: string): string[] {
  return ['-q', '-o', report, '-f', '%M %U %S %O', program, ...args];
}

function numbersIn(report: string): number[] {
  const numbers = readFileSync(report, 'utf8').trim().split(' ').map(Number);
  if (numbers.length !== 4 || numbers.some((number) => Number.isNaN(number))) {
    throw new Error(`${GNU_TIME} reported ${JSON.stringify(readFileSync(report, 'utf8'))}`);
  }
  return numbers;
}

interface Ran {
  readonly stdout: string;
  readonly sampledPeak: number;
}

function run({ program, args, env, cwd }: Command, signal: AbortSignal): Promise<Ran> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, [...args], {
      cwd,
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what GNU time started ends with it.
      detached: true,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => stdout.push(data));
    child.stderr.on('data', (data: Buffer) => stderr.push(data));
    let sampledPeak = 0;
    const look = setInterval(() => {
      sampledPeak = Math.max(sampledPeak, residentBelow(child.pid ?? 0));
    }, LOOK_MS);
    const end = (): void => {
      if (child.pid !== undefined) endGroup(child.pid);
    };
    signal.addEventListener('abort', end);
    const settle = (): void => {
      clearInterval(look);
      signal.removeEventListener('abort', end);
    };
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', (code, killedBy) => {
      settle();
      if (signal.aborted) reject(signal.reason as Error);
      else if (code === 0) {
        resolve({ stdout: Buffer.concat(stdout).toString('utf8'), sampledPeak });
      } else {
        const said = Buffer.concat(stderr).toString('utf8').trim();
        const line = [program, ...args].join(' ');
        reject(new Error(`${line} ended with ${code ?? killedBy}: ${said}`));
      }
    });
  });
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch (error) {
    if (systemCode(error) !== 'ESRCH') throw error; // it has just ended by itself
  }
}

function sync(): void {
  const { status, error } = spawnSync('sync');
  if (error) throw error;
  if (status !== 0) throw new Error(`sync ended with ${status}`);
}
