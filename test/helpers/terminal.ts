/** A real terminal, by tmux: what a person would see there, keys as they would press them. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempDir } from './temp-dir.ts';
import { eventually } from './wait.ts';

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Ends, with all that runs in it, at the end of the test. */
export class Terminal {
  readonly #socket: string;

  /** Runs `words` in a new terminal whose `TERM` is `tmux-256color` unless `env` says otherwise. */
  constructor(t: TestContext, words: readonly string[], options: TerminalOptions = {}) {
    const { columns = 100, rows = 40, env = {}, cwd = '/' } = options;
    this.#socket = join(tempDir(t), 'tmux');
    t.after(() => this.#end());
    const variables = Object.entries({ HOME: cwd, LC_ALL: 'C.UTF-8', ...env });
    const given = variables.map(([name, value]) => `${name}=${value}`);
    const path = `PATH=${env['PATH'] ?? process.env['PATH'] ?? ''}`;
    const settings = ['default-terminal tmux-256color', 'remain-on-exit on'].flatMap((one) =>
      `set-option -g ${one} ;`.split(' '),
    );
    const size = ['-x', String(columns), '-y', String(rows), '-c', cwd];
    const command = ['env', ...given, path, ...words];
    this.#tmux('-f', '/dev/null', ...settings, 'new-session', '-d', ...size, ...command);
  }

  /** Types: names of keys are pressed (`Enter`, `Tab`, `C-c`), any other text is typed. */
  type(...keys: readonly string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  /** What the terminal shows, without blank lines at the end; `withStyles`: and its escape sequences. */
  screen(withStyles = false): string {
    const shown = this.#tmux('capture-pane', '-p', ...(withStyles ? ['-e'] : []));
    return shown.trimEnd();
  }

  /** What it shows once that matches. */
  async shows(pattern: RegExp, withStyles = false): Promise<string> {
    let screen = '';
    try {
      await eventually(`${pattern} on the terminal`, () => {
        screen = this.screen(withStyles);
        return pattern.test(screen);
      });
    } catch (error) {
      throw new Error(`the terminal shows:\n${screen}`, { cause: error });
    }
    return screen;
  }

  #tmux(...args: readonly string[]): string {
    const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TERM: 'xterm' };
    return execFileSync('tmux', ['-S', this.#socket, ...args], {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #end(): void {
    try {
      this.#tmux('kill-server');
    } catch {
      // It has ended with the last program in it.
    }
  }
}
