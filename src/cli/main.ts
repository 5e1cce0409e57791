#!/usr/bin/env node
/** The program. Nothing is loaded before it is known to be needed: `vault --version` costs as much as starting Node. */

import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import type { Outcome } from './context.ts';
import { version } from './version.ts';

/** Not 13 or 0, should the run ever be left with nothing to wait for. */
process.exitCode = 1;

const [first, ...others] = process.argv.slice(2);
if (first === '--version' && others.length === 0 && !process.env['VAULT_JSON']) {
  write(1, `vault ${version}\n`);
  process.exitCode = 0;
} else {
  start().then(end, (error: unknown) => {
    write(2, `vault: error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
}

async function start(): Promise<Outcome> {
  const [{ processContext }, { runCli }] = await Promise.all([
    import('./process-context.ts'),
    import('./run.ts'),
  ]);
  return runCli(processContext());
}

/** Everything is written by now: output is synchronous. */
function end(outcome: Outcome): void {
  if ('exit' in outcome) process.exit(outcome.exit);
  process.exitCode = 128 + constants.signals[outcome.signal]; // should the signal not end us
  process.kill(process.pid, outcome.signal);
}

/** A closed pipe is a quiet end. */
function write(descriptor: 1 | 2, text: string): void {
  try {
    writeSync(descriptor, text);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
  }
}
