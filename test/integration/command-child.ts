/**
 * Runs commands of the real command line one after another in this process, without starting one for
 * each, nor threads: on the real disk and databases, with work done in the calling thread. What it makes
 * a passphrase open is cheap to open.
 */

import type { OutputStream } from '../../src/cli/context.ts';
import { processContext } from '../../src/cli/process-context.ts';
import { runCli } from '../../src/cli/run.ts';
import { tasks } from '../../src/folder/tasks.ts';
import type { Environment } from '../../src/home/environment.ts';
import { systemEnvironment } from '../../src/home/system-environment.ts';
import type { InitOptions, OpenOptions } from '../../src/operations/home-options.ts';
import { inlinePool } from '../../src/system/inline-pool.ts';
import * as vault from '../../src/vault.ts';
import type { CommandAnswer, CommandRequest } from './command-host.ts';

function collector(into: Uint8Array[]): OutputStream {
  return { isTerminal: false, columns: undefined, write: (bytes) => void into.push(bytes.slice()) };
}

/** The cheapest that is accepted. */
const scryptCost = { log2N: 10, r: 1, p: 1 } as const;

function environment(): Environment {
  const system = systemEnvironment();
  const { fileSystem, random } = system;
  return { ...system, scryptCost, pool: inlinePool({ tasks, fileSystem, random, isolate: true }) };
}

async function answer({ args, env, cwd }: CommandRequest): Promise<CommandAnswer> {
  const out: Uint8Array[] = [];
  const err: Uint8Array[] = [];
  const outcome = await runCli({
    ...processContext(),
    argv: args,
    env,
    cwd,
    stdout: collector(out),
    stderr: collector(err),
    loadVault: () =>
      Promise.resolve({
        ...vault,
        initHome: (options: InitOptions) => vault.initHome(options, environment()),
        openVault: (options: OpenOptions) => vault.openVault(options, environment()),
      }),
  });
  const exit = 'exit' in outcome ? outcome.exit : -1;
  const text = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('utf8');
  return { exit, stdout: text(out), stderr: text(err) };
}

process.on('message', (request: CommandRequest) => {
  void answer(request).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit(0));
