/** A command line context in memory: what was printed, who types, which programs there are. */

import type {
  CliContext,
  Ended,
  EndingSignal,
  Outcome,
  ReachedDaemon,
  ServingDaemon,
  VaultModule,
} from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/run.ts';

export interface FakeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly platform?: NodeJS.Platform;
  /** Standard input and error are a terminal. */
  readonly isTerminal?: boolean;
  /** Standard output is a terminal. */
  readonly isOutputTerminal?: boolean;
  /** Typed as soon as each question is asked, one text for each. */
  readonly typed?: readonly string[];
  readonly vault?: Partial<VaultModule>;
  /** A daemon that has the home. */
  readonly daemon?: ReachedDaemon;
  /** What this process is when it is to be the daemon. */
  readonly serving?: ServingDaemon;
  /** Path → content, for passphrase files. */
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  /** Path → content, of files that it can write. */
  readonly written?: ReadonlyMap<string, Buffer>;
  /** Path of each executable → what running it does. */
  readonly programs?: Readonly<Record<string, Ended & { readonly output?: string }>>;
  /** Bytes standard output takes before its reader goes away. */
  readonly outputLimit?: number;
  /** What standard output throws instead of writing. */
  readonly outputError?: Error;
}

export interface ProgramRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export class FakeContext {
  readonly context: CliContext;
  readonly runs: ProgramRun[] = [];
  /** Files that it can write, by path. */
  readonly written: Map<string, Buffer>;
  /** For each question: how the terminal was read, and what was printed before it was. */
  readonly listened: { readonly mode: 'lines' | 'keys'; readonly before: string }[] = [];
  /** Milliseconds of the monotonic clock. */
  now = 0;
  readonly timers: { readonly at: number; readonly run: () => void }[] = [];
  readonly #out: Uint8Array[] = [];
  readonly #err: Uint8Array[] = [];
  readonly #typed: string[];
  #signalHandler: ((signal: EndingSignal) => void) | undefined;
  #uncaughtHandler: ((error: unknown) => void) | undefined;

  constructor(argv: readonly string[], options: FakeOptions = {}) {
    this.written = new Map(options.written);
    this.#typed = [...(options.typed ?? [])];
    const isTerminal = options.isTerminal === true;
    const programs = options.programs ?? {};
    this.context = {
      argv,
      env: { TERM: 'xterm', ...options.env },
      cwd: '/place/here',
      platform: options.platform ?? 'linux',
      homeDirectory: '/users/me',
      node: '/opt/node/bin/node',
      program: '/opt/vault/bin/vault',
      processId: 4711,
      stdin: {
        isTerminal,
        listen: (mode, listener) => {
          this.listened.push({ mode, before: this.err });
          return this.#listen(listener);
        },
      },
      stdout: {
        isTerminal: options.isOutputTerminal === true,
        columns: 80,
        write: (bytes) => this.#write(bytes, options),
      },
      stderr: { isTerminal, columns: 80, write: (bytes) => void this.#err.push(bytes.slice()) },
      clock: {
        wallMs: () => 0,
        monotonicMs: () => this.now,
        timer: (ms, run) => {
          const timer = { at: this.now + ms, run };
          this.timers.push(timer);
          return () => this.timers.splice(this.timers.indexOf(timer), 1);
        },
      },
      machine: {
        async readFirstLine(path, limit) {
          const content = options.files?.[path];
          if (content === undefined) throw new Error('ENOENT: no such file');
          await Promise.resolve();
          return Buffer.from(content).subarray(0, limit);
        },
        list: (directory) =>
          Object.keys(programs)
            .filter((path) => path.startsWith(`${directory}/`))
            .map((path) => path.slice(directory.length + 1)),
        isExecutable: (path) => Object.hasOwn(programs, path),
        isDirectory: () => false,
        isFile: (path) => this.written.has(path),
        writeFile: (path, content) => void this.written.set(path, Buffer.from(content)),
        removeFile: (path) => void this.written.delete(path),
        launch: () => Promise.reject(new Error('no launch in this test')),
        capture: async ([file = '', ...args]) => {
          await Promise.resolve();
          const { output, ...ended } = this.#find(file, programs);
          this.runs.push({ file, args, env: {} });
          return { ...ended, output: Buffer.from(output ?? '') };
        },
        run: async (file, args, env) => {
          await Promise.resolve();
          this.runs.push({ file, args, env });
          const { code, signal } = this.#find(file, programs);
          return { code, signal };
        },
      },
      onSignal: (handler) => {
        this.#signalHandler = handler;
        return () => (this.#signalHandler = undefined);
      },
      onUncaught: (handler) => {
        this.#uncaughtHandler = handler;
        return () => (this.#uncaughtHandler = undefined);
      },
      loadVault: async () => {
        await Promise.resolve();
        return {
          hasHome: () => {
            throw new Error('no hasHome in this test');
          },
          deviceKeyOf: () => {
            throw new Error('no deviceKeyOf in this test');
          },
          initHome: () => Promise.reject(new Error('no initHome in this test')),
          openVault: () => Promise.reject(new Error('no openVault in this test')),
          examine: () => Promise.reject(new Error('no examine in this test')),
          isRecoveryCode: (text) => text === RECOVERY_CODE,
          ...options.vault,
        };
      },
      findDaemon: () => Promise.resolve(options.daemon),
      startDaemon: () =>
        options.serving === undefined
          ? Promise.reject(new Error('no startDaemon in this test'))
          : Promise.resolve(options.serving),
    };
  }

  run(): Promise<Outcome> {
    return runCli(this.context);
  }

  get out(): string {
    return this.outBytes.toString('utf8');
  }

  get outBytes(): Buffer {
    return Buffer.concat(this.#out);
  }

  get err(): string {
    return Buffer.concat(this.#err).toString('utf8');
  }

  /** Standard output as JSON lines; anything else on it fails. */
  get lines(): Record<string, unknown>[] {
    return this.out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  signal(name: EndingSignal): void {
    if (!this.#signalHandler) throw new Error('nobody listens to signals');
    this.#signalHandler(name);
  }

  uncaught(error: unknown): void {
    if (!this.#uncaughtHandler) throw new Error('nobody listens to uncaught errors');
    this.#uncaughtHandler(error);
  }

  #listen(listener: (bytes: Uint8Array | undefined) => void): () => void {
    const text = this.#typed.shift();
    let isOpen = true;
    queueMicrotask(() => {
      if (isOpen) listener(text === undefined ? undefined : Buffer.from(text));
    });
    return () => (isOpen = false);
  }

  #write(bytes: Uint8Array, options: FakeOptions): void {
    if (options.outputError) throw options.outputError;
    const written = this.#out.reduce((sum, part) => sum + part.length, 0);
    if (written + bytes.length > (options.outputLimit ?? Infinity)) {
      throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    }
    this.#out.push(bytes.slice());
  }

  #find(
    file: string,
    programs: NonNullable<FakeOptions['programs']>,
  ): Ended & { readonly output?: string } {
    const found = programs[file];
    if (!found) throw Object.assign(new Error(`spawn ${file} ENOENT`), { code: 'ENOENT' });
    return found;
  }
}

/** The one text that the fake takes for a recovery code. */
export const RECOVERY_CODE = 'AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG-HHHH-JJJJ';
