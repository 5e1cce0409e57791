/** A home and a folder on the real disk, worked on through the real command line. */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { assertMatchesSchema } from './json-schema.ts';
import { endDaemonOf } from './daemon-of-home.ts';
import { runVault, type Ran, type RunOptions } from './run-vault.ts';
import { tempDir } from './temp-dir.ts';

type Line = Record<string, unknown>;

const names = new Set(commands.map(({ name }) => name));

/** Runs commands with `--json` in some other way than a process for each. */
export interface JsonRunner {
  runIn(
    place: {
      readonly home: string;
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
    },
    ...args: readonly string[]
  ): Promise<{ readonly exit: number; readonly stdout: string; readonly stderr: string }>;
}

export class TestNode {
  /** Holds all else; nothing of it outlives the test. */
  readonly directory: string;
  readonly home: string;
  readonly work: string;
  /** Names of the commands that came to their end here with `--json`, and of those that refused it. */
  readonly ended: Set<string> = new Set();
  readonly refused: Set<string> = new Set();
  readonly #runner: JsonRunner | undefined;

  private constructor(directory: string, runner?: JsonRunner) {
    this.directory = directory;
    this.#runner = runner;
    this.home = join(directory, 'home');
    this.work = join(directory, 'work');
  }

  /** An empty directory `work`, and no home yet. */
  static bare(t: TestContext, runner?: JsonRunner): TestNode {
    let home = '';
    // Before the directory is removed.
    t.after(() => endDaemonOf(home));
    const node = new TestNode(tempDir(t), runner);
    home = node.home;
    mkdirSync(node.work);
    return node;
  }

  /** A home that its device key opens, with the directory `work` as a folder. */
  static async make(t: TestContext, runner?: JsonRunner): Promise<TestNode> {
    const node = TestNode.bare(t, runner);
    await node.done('init', '--device-key', '--name', 'test node');
    await node.done('folder', 'add', node.work);
    return node;
  }

  /** Runs `vault …` without a passphrase, in the test's directory. */
  run(...args: readonly string[]): Promise<Ran> {
    return this.runWith({}, ...args);
  }

  runWith(options: Partial<RunOptions>, ...args: readonly string[]): Promise<Ran> {
    return runVault(
      { home: this.home, cwd: this.directory, passphrase: undefined, ...options },
      ...args,
    );
  }

  /** Runs it with `--json`, holds every line against the schemas, and expects this exit code. */
  async json(exit: number, ...args: readonly string[]): Promise<Line[]> {
    return this.jsonWith({}, exit, ...args);
  }

  async jsonWith(
    options: Partial<RunOptions>,
    exit: number,
    ...args: readonly string[]
  ): Promise<Line[]> {
    const { stdout, stderr, exit: found } = await this.#runJson(options, args);
    const said = `vault ${args.join(' ')}\n${stdout}${stderr}`;
    assert.equal(found, exit, said);
    const lines = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
    const two = args.slice(0, 2).join(' ');
    const command = names.has(two) ? two : (args[0] ?? '');
    for (const line of lines) assertMatchesSchema(command, line);
    (lines.at(-1)?.['type'] === 'summary' ? this.ended : this.refused).add(command);
    const types = lines.map(({ type }) => type);
    const isEnd = (type: unknown): boolean => type === 'summary' || type === 'error';
    assert.ok(isEnd(types.at(-1)), `the last line is summary or error\n${said}`);
    assert.equal(types.filter(isEnd).length, 1, `only the last line is one\n${said}`);
    // What was done although something is wrong ends in a summary; damage may leave nothing to do.
    if (exit !== 22)
      assert.equal(types.at(-1), exit === 0 || exit === 3 ? 'summary' : 'error', said);
    return lines;
  }

  async #runJson(
    options: Partial<RunOptions>,
    args: readonly string[],
  ): Promise<{ exit: number | null; stdout: string; stderr: string }> {
    const { home = this.home, cwd = this.directory, passphrase, env = {}, ...others } = options;
    if (this.#runner !== undefined && Object.keys(others).length === 0) {
      const variables = passphrase === undefined ? env : { ...env, VAULT_PASSPHRASE: passphrase };
      return this.#runner.runIn({ home, cwd, env: variables }, ...args);
    }
    const { exit, stdout, stderr } = await this.runWith(options, ...args, '--json');
    return { exit, stdout: stdout.toString('utf8'), stderr };
  }

  /** The summary of a command that succeeds. */
  async done(...args: readonly string[]): Promise<Line> {
    return (await this.json(0, ...args)).at(-1) ?? {};
  }

  /** The error line of a command that fails so. */
  async fails(exit: number, ...args: readonly string[]): Promise<Line> {
    return (await this.json(exit, ...args)).at(-1) ?? {};
  }
}
