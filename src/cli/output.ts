/**
 * Where each thing goes. Results to standard output: text, or JSON lines with `--json`. Everything
 * else to standard error, the same in both modes: `vault: warning:`, `vault: error:`, `vault: hint:`.
 *
 * Lines are handed to the system in groups and synchronously, so that a slow reader slows the
 * command down instead of filling memory.
 */

import { systemCode } from '../errors.ts';
import type { OutputStream } from './context.ts';
import { printedBytes, visibleText } from './display-text.ts';
import type { Failure } from './failure.ts';
import { jsonLine } from './json-line.ts';
import type { Progress } from './progress.ts';
import type { Style } from './style.ts';

/** Bytes of lines gathered before they are written without waiting for the next turn. */
const GROUP_BYTES = 32 * 1024;

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
  readonly progress: Progress;
}

export class Output {
  readonly isJson: boolean;
  /** Styles for standard output. */
  readonly style: Style;
  /** Called once when standard output cannot be written: with undefined where its reader is gone. */
  onBroken: (error: unknown) => void = () => undefined;
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #options: OutputOptions;
  #lines: Uint8Array[] = [];
  #lineBytes = 0;
  #isBroken = false;
  /** Why standard output cannot be written, where it is not that its reader is gone. */
  brokenBy: unknown;

  constructor(stdout: OutputStream, stderr: OutputStream, options: OutputOptions) {
    this.isJson = options.json;
    this.style = options.style;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#options = options;
  }

  /** A name or other text from outside, as it can stand in a printed line. */
  name(text: string): string {
    return this.#stdout.isTerminal ? visibleText(text) : text;
  }

  /** A line of a result for people; nothing with `--json`. */
  print(line: string): void {
    if (!this.isJson) this.#add(line);
  }

  /** What was done, in a sentence: for people, and not with `--quiet`. */
  sum(line: string): void {
    if (!this.#options.quiet) this.print(line);
  }

  /** A line of a result for scripts; nothing without `--json`. */
  printJson(line: Readonly<Record<string, unknown>>): void {
    if (this.isJson) this.#add(jsonLine(line));
  }

  /** Content as it is. Only commands without `--json` have any. */
  content(bytes: Uint8Array): void {
    this.flush();
    if (this.#isBroken) return;
    this.#options.progress.clear();
    this.#guard(() => this.#stdout.write(bytes));
  }

  /** What happens, for people. */
  say(text: string): void {
    if (!this.#options.quiet) this.#message('vault:', text);
  }

  hint(text: string): void {
    if (!this.#options.quiet) {
      this.#message(`vault: ${this.#options.errorStyle('cyan', 'hint:')}`, text);
    }
  }

  /** Something that went wrong while the rest goes on. */
  warning(message: string, path?: string): void {
    const line = path === undefined ? { message } : { message, path };
    this.printJson({ type: 'warning', ...line });
    const label = `vault: ${this.#options.errorStyle('yellow', 'warning:')}`;
    this.#message(label, path === undefined ? message : `${message}: ${path}`);
  }

  /** What a command ends with when it fails; always the last line. */
  error(failure: Failure, causes: readonly string[] = []): void {
    const { code, message, hint, exit, details } = failure;
    this.printJson({
      type: 'error',
      code,
      message,
      hint: hint ?? null,
      exit,
      ...(details ? { details } : {}),
    });
    this.failed(failure, causes);
  }

  /** Tells people of a failure after which the command goes on. */
  failed(failure: Pick<Failure, 'message' | 'hint'>, causes: readonly string[] = []): void {
    this.#message(`vault: ${this.#options.errorStyle('red', 'error:')}`, failure.message);
    for (const cause of causes) this.#message('vault: cause:', cause);
    if (failure.hint !== undefined) {
      this.#message(`vault: ${this.#options.errorStyle('cyan', 'hint:')}`, failure.hint);
    }
  }

  /** Lines of help on standard error, as they are. */
  explain(text: string): void {
    this.flush();
    this.#options.progress.clear();
    this.#writeError(printedBytes(`${text}\n`));
  }

  /** A question on standard error, without a newline. */
  ask(text: string): void {
    this.#options.progress.clear();
    this.#writeError(printedBytes(visibleText(text)));
  }

  /** Ends the line a question began. */
  endAnswer(): void {
    this.#writeError(Buffer.from('\n'));
  }

  /** Hands all gathered lines to the system. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const bytes = Buffer.concat(this.#lines);
    this.#lines = [];
    this.#lineBytes = 0;
    if (this.#isBroken) return;
    // Whatever stands at the other end of a pipe may print on the same terminal.
    this.#options.progress.clear();
    this.#guard(() => this.#stdout.write(bytes));
  }

  #add(line: string): void {
    const bytes = printedBytes(`${line}\n`);
    if (this.#lines.length === 0) queueMicrotask(() => this.flush());
    this.#lines.push(bytes);
    this.#lineBytes += bytes.length;
    if (this.#lineBytes >= GROUP_BYTES) this.flush();
  }

  #message(label: string, text: string): void {
    this.flush();
    this.#options.progress.clear();
    const shown = this.#stderr.isTerminal ? visibleText(text) : text;
    this.#writeError(printedBytes(`${label} ${shown}\n`));
  }

  #writeError(bytes: Uint8Array): void {
    try {
      this.#stderr.write(bytes);
    } catch (error) {
      if (systemCode(error) === undefined) throw error; // nobody is left who could be told
    }
  }

  #guard(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#isBroken = true;
      if (systemCode(error) !== 'EPIPE') this.brokenBy = error;
      this.onBroken(this.brokenBy);
    }
  }
}
