/**
 * Everything the command line touches of the machine, handed in: the real one is in
 * `process-context.ts`, tests hand in their own.
 */

import type { Clock } from '../clock.ts';
import type { VaultApi } from '../operations/api.ts';
import type { OperationContext } from '../operations/operation.ts';
import type {
  DoctorOptions,
  DoctorResult,
  InitOptions,
  InitResult,
  OpenOptions,
  Secret,
} from '../operations/home-options.ts';

export interface OutputStream {
  readonly isTerminal: boolean;
  /** Columns of the terminal, where there is one; 0 where it does not tell. */
  readonly columns: number | undefined;
  /** Returns once all bytes are handed over. Throws `EPIPE` where nobody reads any more. */
  write(bytes: Uint8Array): void;
}

export interface InputStream {
  readonly isTerminal: boolean;
  /**
   * Gives what is typed to `listener` until the returned function is called; undefined at the end of
   * the input. `lines`: the terminal echoes and edits; `keys`: it does neither, and Ctrl-C is a byte.
   */
  listen(mode: 'lines' | 'keys', listener: (bytes: Uint8Array | undefined) => void): () => void;
}

export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** How a program that was run ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Other programs and the few files the command line reads itself. */
export interface Machine {
  /** At most `limit` bytes from the start of a file, up to and with its first newline. `-` is standard input. */
  readFirstLine(path: string, limit: number): Promise<Uint8Array>;
  /** Names in a directory; none where it cannot be read. */
  list(directory: string): readonly string[];
  isExecutable(path: string): boolean;
  isDirectory(path: string): boolean;
  isFile(path: string): boolean;
  /** Writes a file whole, in the place of one that is there, with the directories it needs. Throws as `fs` does. */
  writeFile(path: string, content: Uint8Array): void;
  /** Throws as `fs` does. */
  removeFile(path: string): void;
  /** Runs a program and collects at most `limit` bytes of its standard output; ends it on abort. */
  capture(
    words: readonly string[],
    limit: number,
    signal: AbortSignal,
  ): Promise<Ended & { readonly output: Uint8Array }>;
  /**
   * Starts vault anew with these arguments, in a session of its own and the given directory, without input; resolves
   * with the first line it prints. Where it ends without one, `errors` is what it said.
   */
  launch(
    program: string,
    args: readonly string[],
    options: {
      readonly directory: string;
      readonly environment: Readonly<Record<string, string | undefined>>;
    },
  ): Promise<{ readonly line: string; readonly errors: string }>;
  /** Runs a program in our place: same streams, signals passed on to it. */
  run(
    file: string,
    args: readonly string[],
    environment: Readonly<Record<string, string | undefined>>,
  ): Promise<Ended>;
}

/** What `vault.ts` gives to the command line. */
export interface VaultModule {
  /** Whether there is a home; where there is none, throws what would keep `folder` from being its first. */
  hasHome(options: { readonly home: string; readonly folder: string }): boolean;
  /** Path of the device key file inside a home; null where there is none. Throws `VAULT_NOT_FOUND` for no home. */
  deviceKeyOf(home: string): string | null;
  initHome(options: InitOptions): Promise<InitResult>;
  openVault(options: OpenOptions): Promise<VaultApi>;
  examine(options: DoctorOptions, context: OperationContext): Promise<DoctorResult>;
  /** Whether a text is a recovery code, its check symbols included. */
  isRecoveryCode(text: string): boolean;
}

/** A running daemon, as `src/api` gives it to the command line. */
export interface ReachedDaemon extends Pick<VaultModule, 'isRecoveryCode'> {
  /** Whether it waits for something that opens the home. */
  readonly isLocked: boolean;
  /** The home it has open. Throws `VAULT_KEY_WRONG`, `VAULT_FORMAT_UNSUPPORTED`. */
  open(options: Pick<OpenOptions, 'secret' | 'signal'>): Promise<VaultApi>;
  /** Tells of what happens, as items, until it is interrupted or the daemon ends. */
  events(context: OperationContext): Promise<void>;
  /** Has it end; resolves once it has. */
  stop(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** A daemon in this process. */
export interface ServingDaemon {
  readonly isLocked: boolean;
  /** Where it takes connections of other nodes; undefined where it takes none. */
  readonly address: string | undefined;
  /** Looks again at what it reads. */
  reload(): Promise<void>;
  /** Resolves when a command asks for the end. */
  readonly stopAsked: Promise<void>;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Absolute. */
  readonly home: string;
  readonly waitLockMs: number;
  readonly signal: AbortSignal;
  /** What opens the home; undefined: its device key where it has one, else it waits locked. */
  readonly secret: Secret | undefined;
  /** The user's runtime directory, where there is one. */
  readonly runtimeDirectory: string | undefined;
  /** Where to take connections of other nodes; undefined: as the setting says. */
  readonly listen: string | undefined;
  /** Record what changes in folders as it does. */
  readonly watch: boolean;
  /** Takes lines of the log; undefined: they go to files in the home. */
  readonly log: ((line: string) => void) | undefined;
}

export interface CliContext {
  /** Without node and script. Bytes that are not UTF-8 stand as lone surrogates (`path-bytes.ts`). */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  /** The user's own directory. */
  readonly homeDirectory: string;
  /** Path of the Node that runs this. */
  readonly node: string;
  /** Path by which vault can be run again. */
  readonly program: string;
  readonly processId: number;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly clock: Clock;
  readonly machine: Machine;
  /** Calls `handler` instead of ending on a signal, until the returned function is called. */
  onSignal(handler: (signal: EndingSignal) => void): () => void;
  /** Calls `handler` for an error nobody caught, until the returned function is called. */
  onUncaught(handler: (error: unknown) => void): () => void;
  /** Loads what is heavy, when a command needs it. */
  loadVault(): Promise<VaultModule>;
  /**
   * The daemon of a home, undefined where none runs. Throws `VAULT_LOCKED` where it does not answer,
   * `VAULT_REFUSED` where who answers cannot read the home.
   */
  findDaemon(home: string): Promise<ReachedDaemon | undefined>;
  /** Begins to be the daemon of a home. */
  startDaemon(options: ServeOptions): Promise<ServingDaemon>;
}

/** How the process is to end: with a code, or by the signal that ended the program run in our place. */
export type Outcome = { readonly exit: number } | { readonly signal: NodeJS.Signals };
