/**
 * A tree in which programs work while snapshots of it are taken one after another: `git`, `npm install`,
 * a compiler, and writers in every manner. No snapshot may fail, and no version may show what never
 * was: a file that one of them replaces whole must be whole, any other a moment of it, unless the
 * version says that it changed while it was read. When they have ended, the next snapshot must be the
 * tree.
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectPath } from '../helpers/project.ts';
import { treeDifferences, treeOf } from '../helpers/tree.ts';
import { contentsOf, judge, type Verdict } from './busy-judge.ts';
import { CommandHost, type Commanded } from './command-host.ts';

export interface BusyOptions {
  /** An empty directory that the caller removes. */
  readonly directory: string;
  /** Packages of this project that `npm install` is to install. */
  readonly packages: readonly string[];
  /** The programs are stopped when so many snapshots were taken and so much time has passed. */
  readonly snapshots: number;
  readonly seconds: number;
  readonly onSnapshot?: (result: BusyResult) => void;
}

export interface BusyResult {
  snapshots: number;
  /** How often each program did its work. */
  readonly turns: Record<string, number>;
  /** Versions that the snapshots showed, each once, by what they are; `unstable` where they say so. */
  readonly versions: Record<Verdict | 'unstable' | 'untold', number>;
  /** Warnings of the snapshots by their kind. */
  readonly warnings: Record<string, number>;
  readonly failures: string[];
}

const PROGRAMS = ['replaced', 'rewritten', 'overwritten', 'git', 'npm', 'compiler'];
const child = fileURLToPath(new URL('./busy-program-child.js', import.meta.url));

/** Runs to its end; failures are gathered, not thrown, but for programs that cannot be run. */
export async function busyTree(options: BusyOptions): Promise<BusyResult> {
  const run = new BusyTree(options);
  try {
    await run.prepare();
    await run.scanWhileBusy();
    await run.judge();
  } finally {
    await run.close();
  }
  return run.result;
}

interface Running {
  readonly process: ChildProcess;
  /** Turns it made; throws where it failed. */
  readonly ended: Promise<number>;
}

class BusyTree {
  readonly result: BusyResult = {
    snapshots: 0,
    turns: {},
    versions: { whole: 0, moment: 0, torn: 0, unstable: 0, untold: 0 },
    warnings: {},
    failures: [],
  };
  readonly #options: BusyOptions;
  readonly #home: string;
  readonly #work: string;
  readonly #stop: string;
  readonly #host = new CommandHost();
  readonly #running = new Map<string, Running>();
  readonly #taken: string[] = [];
  #archives: string[] = [];

  constructor(options: BusyOptions) {
    this.#options = options;
    this.#home = join(options.directory, 'home');
    this.#work = join(options.directory, 'work');
    this.#stop = join(options.directory, 'stop');
  }

  async prepare(): Promise<void> {
    const { directory } = this.#options;
    mkdirSync(this.#work);
    mkdirSync(join(directory, 'archives'));
    const paths = this.#options.packages.map((name) => projectPath('node_modules', name));
    const to = ['--pack-destination', join(directory, 'archives')];
    const cache = ['--cache', join(directory, 'cache')];
    const packed = spawnSync(
      'npm',
      ['pack', '--json', '--offline', '--ignore-scripts', ...to, ...cache, ...paths],
      { encoding: 'utf8' },
    );
    if (packed.status !== 0) throw new Error(`npm pack: ${packed.stderr}`);
    this.#archives = (JSON.parse(packed.stdout) as { filename: string }[]).map(({ filename }) =>
      join(directory, 'archives', filename.replace('@', '').replace('/', '-')),
    );
    await this.#done('init', '--device-key', '--name', 'test');
    await this.#done('folder', 'add', this.#work);
  }

  /** Snapshots, one after another, while all programs are at work. */
  async scanWhileBusy(): Promise<void> {
    const { snapshots, seconds, onSnapshot } = this.#options;
    for (const name of PROGRAMS) this.#running.set(name, this.#start(name));
    const until = performance.now() + seconds * 1000;
    while (this.#taken.length < snapshots || performance.now() < until) {
      await this.#snapshot();
      onSnapshot?.(this.result);
      const dead = [...this.#running.values()].find(({ process }) => process.exitCode !== null);
      await dead?.ended;
    }
    writeFileSync(this.#stop, '');
    for (const [name, { ended }] of this.#running) this.result.turns[name] = await ended;
  }

  /** Looks at everything that the snapshots show. */
  async judge(): Promise<void> {
    await this.#snapshot();
    const installed = [...treeOf(join(this.#work, 'npm'))].flatMap(([path, { kind }]) =>
      kind === 'file' &&
      this.#options.packages.some((name) => path.startsWith(`node_modules/${name}/`))
        ? [path]
        : [],
    );
    const originals = contentsOf(join(this.#work, 'npm'), installed);
    const judged = new Map<string, Verdict | 'unstable' | 'untold'>();
    let notWhole = 0;
    for (const id of this.#taken) {
      const out = join(this.#options.directory, 'out');
      await this.#done('restore', '-f', 'work', '--at', id, '--to', out);
      const { lines } = await this.#run('ls', '-f', 'work', '-R', '--at', id);
      notWhole = 0;
      for (const { type, kind, path, version, unstable } of lines) {
        if (type !== 'entry' || kind !== 'file') continue;
        const key = String(version);
        let verdict = judged.get(key);
        if (verdict === undefined) {
          const content = readFileSync(join(out, String(path)));
          verdict = unstable === true ? 'unstable' : judge(String(path), content, originals);
          verdict ??= 'untold';
          judged.set(key, verdict);
          this.result.versions[verdict]++;
          if (verdict === 'torn') this.#fail(`${id}: ${String(path)}: never was like that`);
        }
        if (verdict === 'moment' || verdict === 'unstable') notWhole++;
      }
      if (id === this.#taken.at(-1)) this.#lookAtLast(out);
      rmSync(out, { recursive: true });
    }
    if (notWhole > 0) this.#fail(`${notWhole} files are shown at the end as they were meanwhile`);
    const verified = await this.#run('verify', '--read');
    if (verified.exit !== 0) this.#fail(`verify: ${verified.stdout}`);
  }

  async close(): Promise<void> {
    writeFileSync(this.#stop, '');
    await Promise.allSettled([...this.#running.values()].map(({ ended }) => ended));
    this.#host.close();
  }

  #lookAtLast(out: string): void {
    // A file that only was touched keeps the time of its version.
    const different = treeDifferences(treeOf(out), treeOf(this.#work)).filter(
      (text) => !text.includes(': mtime is off by '),
    );
    if (different.length > 0) this.#fail(`the last snapshot: ${different.slice(0, 5).join('; ')}`);
    const fsck = spawnSync('git', ['fsck', '--full', '--strict'], {
      cwd: join(out, 'git'),
      encoding: 'utf8',
    });
    if (fsck.status !== 0) this.#fail(`git fsck: ${fsck.stdout}${fsck.stderr}`);
  }

  async #snapshot(): Promise<void> {
    const ran = await this.#run('snapshot', '-v');
    const { snapshot } = ran.lines.at(-1) ?? {};
    // 3: something changed while it was read.
    if ((ran.exit !== 0 && ran.exit !== 3) || typeof snapshot !== 'string') {
      this.#fail(`snapshot: ${ran.died ?? ran.exit} ${ran.stdout}${ran.stderr}`);
      return;
    }
    this.#taken.push(snapshot);
    this.result.snapshots++;
    for (const [, warning = ''] of ran.stderr.matchAll(/warning: ([^:\n]*)/g)) {
      const kind = warning.replaceAll(/\d+/g, 'N');
      this.result.warnings[kind] = (this.result.warnings[kind] ?? 0) + 1;
    }
  }

  #start(name: string): Running {
    const more: Readonly<Record<string, readonly string[]>> = {
      npm: [join(this.#options.directory, 'cache'), ...this.#archives],
      compiler: [projectPath('node_modules/typescript/bin/tsc')],
    };
    const program = spawn(
      process.execPath,
      [child, name, join(this.#work, name), this.#stop, ...(more[name] ?? [])],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const output: Buffer[] = [];
    program.stdout.on('data', (data: Buffer) => output.push(data));
    program.stderr.on('data', (data: Buffer) => output.push(data));
    const ended = new Promise<number>((resolve, reject) => {
      program.on('error', reject);
      program.on('close', (code) => {
        const text = Buffer.concat(output).toString();
        if (code === 0) resolve(Number(text));
        else reject(new Error(`${name} ended with ${code}: ${text}`));
      });
    });
    // Looked at when all have ended.
    ended.catch(() => undefined);
    return { process: program, ended };
  }

  #run(...args: string[]): Promise<Commanded> {
    return this.#host.run(this.#home, this.#options.directory, ...args);
  }

  async #done(...args: string[]): Promise<void> {
    const { died, exit, stdout, stderr } = await this.#run(...args);
    if (exit !== 0) throw new Error(`vault ${args.join(' ')}: ${died ?? exit} ${stdout}${stderr}`);
  }

  #fail(failure: string): void {
    this.result.failures.push(failure.slice(0, 2000));
  }
}
