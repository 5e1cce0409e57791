/**
 * One run of the command line, from arguments to exit code.
 *
 * The first interrupt asks the operation to end soon, the second ends the run at once. A reader that
 * goes away ends a command that only prints, quietly; any other command does its work to the end.
 */

import { deferred } from '../async.ts';
import { isVaultError, VaultError } from '../errors.ts';
import { commands } from './commands.ts';
import type { CliContext, EndingSignal, Outcome } from './context.ts';
import type { CommandResult } from './definition.ts';
import { gravest } from './exit-codes.ts';
import { listExternals, runExternal } from './external.ts';
import { causesOf, describeFailure } from './failure.ts';
import type { Globals } from './globals.ts';
import { overviewText } from './help-text.ts';
import { Invocation } from './invocation.ts';
import { Output } from './output.ts';
import { planRun, type Plan } from './plan.ts';
import { Progress } from './progress.ts';
import { hasColor, styleFor } from './style.ts';
import { usageError } from './usage-error.ts';
import { version } from './version.ts';

type Presentation = Pick<Globals, 'json' | 'quiet' | 'verbose' | 'noColor' | 'noInput'>;
type Work = Extract<Plan, { readonly kind: 'work' }>;

const exitOfSignal: Readonly<Record<EndingSignal, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 143,
};

/** Runs what the command line asks for. Never throws: what went wrong has been said. */
export async function runCli(context: CliContext): Promise<Outcome> {
  let run = new Run(context, presentationBefore(context));
  try {
    const plan = planRun(context);
    run = new Run(context, plan.globals);
    return await run.do(plan);
  } catch (error) {
    return run.fail(error);
  }
}

/** How to speak while it is not yet known what was asked for. */
function presentationBefore(context: CliContext): Presentation {
  const end = context.argv.indexOf('--');
  const options = end < 0 ? context.argv : context.argv.slice(0, end);
  const variable = (context.env['VAULT_JSON'] ?? '').toLowerCase();
  const json =
    options.some((arg) => /^--json(=true)?$/.test(arg)) ||
    ['1', 'true', 'yes', 'on'].includes(variable);
  const noColor = options.includes('--no-color');
  return { json, quiet: false, verbose: false, noColor, noInput: true };
}

class Run {
  readonly #context: CliContext;
  readonly #presentation: Presentation;
  readonly #output: Output;
  readonly #progress: Progress;
  readonly #controller = new AbortController();
  #signal: EndingSignal | undefined;

  constructor(context: CliContext, presentation: Presentation) {
    const { stdout, stderr, env, clock } = context;
    const { json, quiet, noColor } = presentation;
    this.#context = context;
    this.#presentation = presentation;
    this.#progress = new Progress(stderr, clock, stderr.isTerminal && !json && !quiet);
    this.#output = new Output(stdout, stderr, {
      json,
      quiet,
      style: styleFor(hasColor(stdout.isTerminal, env, noColor)),
      errorStyle: styleFor(hasColor(stderr.isTerminal, env, noColor)),
      progress: this.#progress,
    });
  }

  /** Throws what the plan ends with, if not a result. */
  async do(plan: Plan): Promise<Outcome> {
    switch (plan.kind) {
      case 'version':
        this.#output.print(`vault ${version}`);
        return this.#finish({ summary: { version } });
      case 'bare':
        this.#output.explain(overviewText(commands, listExternals(this.#context)));
        if (plan.globals.json) throw usageError('no command given');
        return { exit: 2 };
      case 'external':
        return runExternal(this.#context, plan.globals, plan.file, plan.args);
      case 'work':
        return this.#work(plan);
    }
  }

  /** Says what went wrong; the exit code for it. */
  fail(error: unknown): Outcome {
    const isInterrupt = isVaultError(error, 'VAULT_INTERRUPTED');
    const failure = describeFailure(isInterrupt ? this.#interruption() : error);
    const exit = isInterrupt ? exitOfSignal[this.#signal ?? 'SIGINT'] : failure.exit;
    this.#progress.clear();
    const causes = this.#presentation.verbose ? causesOf(error) : [];
    this.#output.error({ ...failure, exit }, causes);
    this.#output.flush();
    return { exit };
  }

  async #work(plan: Work): Promise<Outcome> {
    const { globals, given } = plan;
    const ended = deferred<Outcome>();
    const stopSignals = this.#context.onSignal((signal) => {
      if (signal === 'SIGHUP' && plan.reloads && !this.#context.stderr.isTerminal) {
        invocation.onReload();
      } else if (this.#signal !== undefined) ended.reject(this.#interruption());
      else this.#interrupt(signal);
    });
    const stopUncaught = this.#context.onUncaught((error) => ended.reject(error));
    this.#output.onBroken = (error) => {
      if (error !== undefined) ended.reject(cannotWrite(error));
      else if (plan.onlyPrints) ended.resolve({ exit: 0 });
    };
    const invocation = new Invocation({
      context: this.#context,
      globals,
      given,
      output: this.#output,
      progress: this.#progress,
      signal: this.#controller.signal,
      heavy: plan.heavy,
    });
    try {
      return await Promise.race([this.#perform(plan, invocation), ended.promise]);
    } finally {
      stopSignals();
      stopUncaught();
      this.#progress.clear();
    }
  }

  async #perform(plan: Work, invocation: Invocation): Promise<Outcome> {
    try {
      return this.#finish(await plan.work(invocation));
    } catch (error) {
      // However an operation words its end, an interrupt is what ended it.
      const { signal } = this.#controller;
      const isAbort = error instanceof Error && error.name === 'AbortError';
      if (signal.aborted && isAbort && !isVaultError(error)) throw this.#interruption();
      throw error;
    }
  }

  #interrupt(signal: EndingSignal): void {
    this.#signal = signal;
    const again = signal === 'SIGINT' ? '; press Ctrl-C again to stop now' : '';
    this.#output.say(`${signal === 'SIGINT' ? 'interrupted' : 'terminated'}: ending soon${again}`);
    this.#controller.abort(this.#interruption());
  }

  #interruption(): VaultError {
    const word = (this.#signal ?? 'SIGINT') === 'SIGINT' ? 'interrupted' : 'terminated';
    return new VaultError('VAULT_INTERRUPTED', word, {
      hint: 'everything durable stays so; run the command again to go on',
    });
  }

  #finish(result: CommandResult): Outcome {
    this.#progress.clear();
    this.#output.printJson({ type: 'summary', ...result.summary });
    this.#output.flush();
    const { brokenBy } = this.#output;
    if (brokenBy !== undefined) throw cannotWrite(brokenBy);
    if (result.endedBy !== undefined) return { signal: result.endedBy };
    return { exit: gravest(result.exits ?? []) };
  }
}

function cannotWrite(cause: unknown): VaultError {
  return new VaultError('VAULT_IO', 'cannot write to standard output', { cause });
}
