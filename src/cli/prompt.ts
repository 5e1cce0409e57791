/** Questions on a terminal: passphrases without echo, and yes or no. */

import { deferred } from '../async.ts';
import { VaultError } from '../errors.ts';
import type { InputStream } from './context.ts';
import { LineEditor } from './line-editor.ts';
import type { Output } from './output.ts';
import { usageError } from './usage-error.ts';

export interface Prompter {
  readonly stdin: InputStream;
  readonly output: Output;
  readonly signal: AbortSignal;
}

const CREATION_TRIES = 3;

/** A passphrase or recovery code that opens something. Throws `VAULT_USAGE` where nothing was typed. */
export async function askSecret(prompter: Prompter, question: string): Promise<string> {
  const text = await readLine(prompter, `${question}: `, false);
  if (text === '') throw usageError('nothing was typed: an empty passphrase is refused');
  return text;
}

/** A new passphrase, typed twice the same. */
export async function askNewPassphrase(prompter: Prompter): Promise<string> {
  for (let attempt = 0; attempt < CREATION_TRIES; attempt++) {
    const first = await askSecret(prompter, 'new passphrase');
    const second = await readLine(prompter, 'the same again: ', false);
    if (first === second) return first;
    prompter.output.say('the two differ');
  }
  throw usageError('the passphrases typed differed every time');
}

/** True for `y` and `yes`; anything else is no. */
export async function askYes(prompter: Prompter, question: string): Promise<boolean> {
  const answer = await readLine(prompter, `${question} [y/N] `, true);
  return /^y(es)?$/i.test(answer.trim());
}

async function readLine(prompter: Prompter, question: string, echo: boolean): Promise<string> {
  const { stdin, output, signal } = prompter;
  signal.throwIfAborted();
  const editor = new LineEditor();
  const finished = deferred<void>();
  const onAbort = (): void => finished.resolve();
  const stop = stdin.listen(echo ? 'lines' : 'keys', (bytes) => {
    if (bytes === undefined) editor.state = 'ended';
    else editor.type(bytes);
    if (editor.state !== 'open') finished.resolve();
  });
  output.ask(`vault: ${question}`); // only now: what is typed at once is not echoed either
  signal.addEventListener('abort', onAbort);
  try {
    await finished.promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop();
    if (!echo || editor.state !== 'done') output.endAnswer();
  }
  signal.throwIfAborted();
  if (editor.state === 'interrupted') throw new VaultError('VAULT_INTERRUPTED', 'interrupted');
  if (editor.state === 'ended') throw usageError('the input ended before an answer was given');
  return editor.text;
}
