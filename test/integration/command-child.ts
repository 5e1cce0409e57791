/** Runs commands of the real command line one after another in this process, without starting one for each. */

import { processContext } from '../../src/cli/process-context.ts';
import type { OutputStream } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/run.ts';
import type { CommandAnswer, CommandRequest } from './command-host.ts';

function collector(into: Uint8Array[]): OutputStream {
  return { isTerminal: false, columns: undefined, write: (bytes) => void into.push(bytes.slice()) };
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
  });
  const exit = 'exit' in outcome ? outcome.exit : -1;
  const text = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('utf8');
  return { exit, stdout: text(out), stderr: text(err) };
}

process.on('message', (request: CommandRequest) => {
  void answer(request).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit(0));
