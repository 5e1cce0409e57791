/** A process that runs many commands: faster than one process each, and its death is what a crash is. */

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { daemonIfAsked } from '../helpers/daemon-of-home.ts';

export interface CommandRequest {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface CommandAnswer {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Commanded extends CommandAnswer {
  /** How the process ended, if the command ended it; then `exit` is −1. */
  readonly died: string | undefined;
  /** Standard output as JSON lines. */
  readonly lines: readonly Record<string, unknown>[];
}

/** Longer than any command here takes on a slow machine. */
const HUNG_MS = 60_000;

export class CommandHost {
  #child: ChildProcess | undefined;

  /** Runs `vault …` with `--json` on a home. Commands of one host run one at a time. */
  run(home: string, cwd: string, ...args: readonly string[]): Promise<Commanded> {
    return this.runIn({ home, cwd, env: {} }, ...args);
  }

  /** As {@link run}, with variables in its environment. */
  async runIn(
    { home, cwd, env }: { home: string; cwd: string; env: Readonly<Record<string, string>> },
    ...args: readonly string[]
  ): Promise<Commanded> {
    await daemonIfAsked(home, args);
    const request: CommandRequest = {
      args: [...args, '--json'],
      env: { VAULT_HOME: home, PATH: process.env['PATH'] ?? '', ...env },
      cwd,
    };
    const answer = await this.#ask(request);
    if (typeof answer === 'string') {
      return { exit: -1, stdout: '', stderr: '', died: answer, lines: [] };
    }
    const lines = answer.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return { ...answer, died: undefined, lines };
  }

  close(): void {
    this.#child?.disconnect();
    this.#child = undefined;
  }

  /** The answer, or how the process ended instead. */
  #ask(request: CommandRequest): Promise<CommandAnswer | string> {
    const child = (this.#child ??= fork(
      fileURLToPath(new URL('./command-child.js', import.meta.url)),
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    ));
    return new Promise((resolve) => {
      let hung = false;
      const timer = setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, HUNG_MS);
      const settle = (result: CommandAnswer | string): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        resolve(result);
      };
      const onMessage = (message: unknown): void => settle(message as CommandAnswer);
      const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (this.#child === child) this.#child = undefined;
        settle(hung ? 'it hung' : `the process ended with ${signal ?? code}`);
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.send(request);
    });
  }
}
