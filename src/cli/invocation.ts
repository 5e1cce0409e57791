/** One run of one command: what it was given, and the ways to vault, to people and to scripts. */

import { resolve } from 'node:path';
import { isVaultError, VaultError } from '../errors.ts';
import type { VaultApi } from '../operations/api.ts';
import type {
  FolderArgument,
  Item,
  OperationContext,
  PathSelection,
} from '../operations/operation.ts';
import type { OpenOptions, Secret } from '../operations/home-options.ts';
import type { CliContext, ReachedDaemon, VaultModule } from './context.ts';
import type { Globals, SecretSource } from './globals.ts';
import type { Output } from './output.ts';
import type { ParsedArguments } from './parsed-arguments.ts';
import type { Progress } from './progress.ts';
import { askNewPassphrase, askSecret, askYes, type Prompter } from './prompt.ts';
import { checkNewPassphrase, looksMistyped, readSecret, secretFromText } from './secrets.ts';
import { usageError } from './usage-error.ts';

/** How often a passphrase may be typed. */
const TYPING_TRIES = 3;

const noSource =
  'give --passphrase-file, --passphrase-command or VAULT_PASSPHRASE, or run it on a terminal';

export interface InvocationParts {
  readonly context: CliContext;
  readonly globals: Globals;
  readonly given: ParsedArguments;
  readonly output: Output;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** As the command's definition says. */
  readonly heavy: boolean;
}

export class Invocation {
  readonly context: CliContext;
  readonly globals: Globals;
  readonly given: ParsedArguments;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Called where a command that reloads is asked to. */
  onReload: () => void = () => undefined;
  readonly #progress: Progress;
  readonly #heavy: boolean;
  /** What opened the home before, or came from the given source: neither is asked for again. */
  #opening: string | undefined;

  constructor(parts: InvocationParts) {
    this.context = parts.context;
    this.globals = parts.globals;
    this.given = parts.given;
    this.output = parts.output;
    this.signal = parts.signal;
    this.#progress = parts.progress;
    this.#heavy = parts.heavy;
  }

  /** Whether somebody can be asked. */
  get canAsk(): boolean {
    const { stdin, stderr } = this.context;
    return !this.globals.noInput && stdin.isTerminal && stderr.isTerminal;
  }

  /** An absolute path out of one as typed. */
  path(text: string): string {
    return resolve(this.context.cwd, text);
  }

  /**
   * A folder as typed: what is plainly a path (`.`, `..`, or with a separator) is made absolute;
   * names and ids stay as they are.
   */
  folderArgument(text: string): FolderArgument {
    const isPath = text === '.' || text === '..' || /[/\\]/.test(text);
    return isPath ? this.path(text) : text;
  }

  /**
   * The folders a command about whole folders means: its words, else -f or `VAULT_FOLDER`, else none.
   * Throws `VAULT_USAGE` for both words and -f.
   */
  folders(): FolderArgument[] {
    const { folder } = this.globals;
    const { words } = this.given;
    if (words.length === 0) return folder ? [this.folderArgument(folder.text)] : [];
    if (folder?.isOption) {
      throw usageError(`-f ${folder.text} and ${words[0] ?? ''}: name the folder one way`);
    }
    return words.map((word) => this.folderArgument(word));
  }

  /** The one folder a command must be given. */
  folder(): FolderArgument {
    const [folder] = this.folders();
    if (folder === undefined) throw usageError('a folder is needed: FOLDER or -f FOLDER');
    return folder;
  }

  /** Words as paths, with -f. */
  selection(): PathSelection {
    const { folder } = this.globals;
    return {
      ...(folder ? { folder: this.folderArgument(folder.text) } : {}),
      paths: this.given.words,
      cwd: this.context.cwd,
    };
  }

  /** What an operation reports to: items are printed as JSON lines, or handed to `render`. */
  operation(render: (item: Item) => void = () => undefined): OperationContext {
    return {
      signal: this.signal,
      emit: (event) => {
        if (event.type === 'progress') this.#progress.update(event);
        else if (event.type === 'warning') this.output.warning(event.message, event.path);
        else {
          this.output.printJson(event.item);
          render(event.item);
        }
      },
      confirm: async ({ text }) => {
        if (this.globals.yes) return true;
        if (!this.canAsk) return undefined;
        return askYes(this.#prompter(), text);
      },
    };
  }

  /** Loads vault and says so meanwhile. */
  async load(): Promise<VaultModule> {
    this.#progress.show('starting');
    return this.context.loadVault();
  }

  /** What the given source of a passphrase gives; undefined where none is given. Asks nobody. */
  async givenSecret(module: Pick<VaultModule, 'isRecoveryCode'>): Promise<Secret | undefined> {
    const { secretSource } = this.globals;
    if (secretSource === undefined) return undefined;
    return secretFromText(module, await readSecret(this.context, secretSource, this.signal));
  }

  /** Opens the home, does `work`, and closes it whatever happens. */
  async withVault<T>(work: (vault: VaultApi) => Promise<T>): Promise<T> {
    const vault = await this.#open();
    try {
      return await work(vault);
    } finally {
      this.#progress.clear();
      await vault.close();
    }
  }

  /**
   * A new passphrase from `source`, else typed twice; undefined where there is neither source nor
   * anybody to ask.
   */
  async newPassphrase(
    module: VaultModule,
    source: SecretSource | undefined,
  ): Promise<string | undefined> {
    let text: string | undefined;
    if (source) text = await readSecret(this.context, source, this.signal);
    else if (this.canAsk) text = await askNewPassphrase(this.#prompter());
    return text === undefined ? undefined : checkNewPassphrase(module, text);
  }

  /** As {@link newPassphrase}, but one there must be. */
  async demandNewPassphrase(
    module: VaultModule,
    source: SecretSource | undefined,
  ): Promise<string> {
    const text = await this.newPassphrase(module, source);
    if (text !== undefined) return text;
    throw usageError(
      'a new passphrase is needed, and there is nobody to ask',
      'give --new-passphrase-file or --new-passphrase-command, or run it on a terminal',
    );
  }

  /** What opens the home that was just made with it. */
  opensWith(passphrase: string): void {
    this.#opening = passphrase;
  }

  /** The daemon of the home, undefined where none runs. Throws as `findDaemon` of the context does. */
  findDaemon(): Promise<ReachedDaemon | undefined> {
    return this.context.findDaemon(this.globals.home);
  }

  /** The home that a daemon has, with what opens it where it waits for that. */
  openThrough(daemon: ReachedDaemon): Promise<VaultApi> {
    return this.#withTries(daemon, (opening) => daemon.open(opening));
  }

  async #open(): Promise<VaultApi> {
    this.#progress.show('starting');
    const daemon = await this.findDaemon();
    if (daemon !== undefined) return this.openThrough(daemon);
    const { home, waitLockMs } = this.globals;
    const module = await this.load();
    try {
      return await this.#withTries(module, (opening) =>
        module.openVault({ home, waitLockMs, heavy: this.#heavy, ...opening }),
      );
    } catch (error) {
      // A daemon may have begun meanwhile.
      const late = isVaultError(error, 'VAULT_LOCKED') ? await this.findDaemon() : undefined;
      if (late === undefined) throw error;
      return this.openThrough(late);
    }
  }

  /** Opens with what is given, or typed: that as often as allowed. */
  async #withTries(
    module: Pick<VaultModule, 'isRecoveryCode'>,
    open: (opening: Pick<OpenOptions, 'secret' | 'signal'>) => Promise<VaultApi>,
  ): Promise<VaultApi> {
    for (let attempt = 1; ; attempt++) {
      let tried = '';
      this.#progress.show('opening the home');
      try {
        return await open({
          signal: this.signal,
          secret: async ({ deviceKey }) => {
            const text = await this.#openingText(deviceKey);
            if (text === undefined) return undefined;
            tried = text;
            return secretFromText(module, text);
          },
        });
      } catch (error) {
        if (!isVaultError(error, 'VAULT_KEY_WRONG')) throw error;
        this.#opening = undefined;
        const hint = looksMistyped(module, tried) ? 'the recovery code is mistyped' : error.hint;
        const wasTyped = tried !== '' && this.globals.secretSource === undefined;
        if (!wasTyped || attempt === TYPING_TRIES) {
          throw new VaultError(error.code, error.message, {
            cause: error,
            ...(hint ? { hint } : {}),
          });
        }
        this.output.say(`${hint ?? error.message}; try again`);
      }
    }
  }

  async #openingText(deviceKey: boolean): Promise<string | undefined> {
    const { secretSource } = this.globals;
    if (secretSource) {
      this.#opening ??= await readSecret(this.context, secretSource, this.signal);
      return this.#opening;
    }
    if (deviceKey) return undefined;
    if (this.#opening !== undefined) return this.#opening;
    if (!this.canAsk) throw usageError('the home needs a passphrase', noSource);
    this.#opening = await askSecret(this.#prompter(), 'passphrase or recovery code');
    this.#progress.show('opening the home');
    return this.#opening;
  }

  #prompter(): Prompter {
    return { stdin: this.context.stdin, output: this.output, signal: this.signal };
  }
}
