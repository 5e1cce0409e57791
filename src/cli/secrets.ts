/** Where passphrases and recovery codes come from. None is ever an argument. */

import type { Secret } from '../operations/home-options.ts';
import { VaultError } from '../errors.ts';
import { splitWords } from './command-words.ts';
import type { CliContext, VaultModule } from './context.ts';
import type { SecretSource } from './globals.ts';
import { usageError } from './usage-error.ts';

/** Longest passphrase accepted, in bytes. */
const MAX_SECRET_BYTES = 64 * 1024;

/**
 * The passphrase or recovery code a source gives: its first line without the newline (LF or CR LF)
 * and without a byte order mark. Throws `VAULT_USAGE` where that is empty, not UTF-8, too long or
 * holds NUL, and where the file cannot be read; `VAULT_FAILED` where the program fails.
 */
export async function readSecret(
  context: Pick<CliContext, 'machine'>,
  source: SecretSource,
  signal: AbortSignal,
): Promise<string> {
  const { bytes, subject } = await readSource(context, source, signal);
  const newline = bytes.indexOf(0x0a);
  const line = newline < 0 ? bytes : bytes.subarray(0, newline);
  if (line.length > MAX_SECRET_BYTES) throw usageError(`${subject}: the first line is too long`);
  if (line.includes(0)) {
    throw usageError(`${subject}: the first line holds a NUL`, 'the file must be text in UTF-8');
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(line);
  } catch {
    throw usageError(`${subject}: the first line is not UTF-8`);
  }
  text = text.replace(/\r$/, '');
  if (text === '') throw usageError(`${subject}: an empty passphrase is refused`);
  return text;
}

async function readSource(
  context: Pick<CliContext, 'machine'>,
  source: SecretSource,
  signal: AbortSignal,
): Promise<{ bytes: Uint8Array; subject: string }> {
  switch (source.kind) {
    case 'variable':
      return { bytes: Buffer.from(source.text, 'utf8'), subject: 'VAULT_PASSPHRASE' };
    case 'file': {
      const subject = `passphrase file ${source.path === '-' ? 'on standard input' : source.path}`;
      try {
        const bytes = await context.machine.readFirstLine(source.path, MAX_SECRET_BYTES + 1);
        return { bytes, subject };
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new VaultError('VAULT_USAGE', `${subject}: ${reason}`, { cause });
      }
    }
    case 'command':
      return runCommand(context, source.command, signal);
  }
}

async function runCommand(
  context: Pick<CliContext, 'machine'>,
  command: string,
  signal: AbortSignal,
): Promise<{ bytes: Uint8Array; subject: string }> {
  const words = splitWords(command, 'passphrase command');
  const subject = `passphrase command ${words[0] ?? ''}`;
  let ended;
  try {
    ended = await context.machine.capture(words, MAX_SECRET_BYTES + 1, signal);
  } catch (cause) {
    signal.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VaultError('VAULT_FAILED', `${subject}: ${reason}`, { cause });
  }
  signal.throwIfAborted();
  if (ended.code !== 0) {
    const how = ended.signal === null ? `exit code ${ended.code}` : `signal ${ended.signal}`;
    throw new VaultError('VAULT_FAILED', `${subject} ended with ${how}`);
  }
  return { bytes: ended.output, subject };
}

/** A text that opens: a recovery code where its check symbols are right, else a passphrase. */
export function secretFromText(vault: Pick<VaultModule, 'isRecoveryCode'>, text: string): Secret {
  return vault.isRecoveryCode(text)
    ? { kind: 'recovery-code', code: text }
    : { kind: 'passphrase', passphrase: text };
}

/** Whether a text is written like a recovery code (nine groups of four) although it is none. */
export function looksMistyped(vault: Pick<VaultModule, 'isRecoveryCode'>, text: string): boolean {
  return /^\s*([0-9A-Z]{4}[-\s]){8}[0-9A-Z]{4}\s*$/i.test(text) && !vault.isRecoveryCode(text);
}

/** Refuses a new passphrase that would always be taken for a recovery code. */
export function checkNewPassphrase(
  vault: Pick<VaultModule, 'isRecoveryCode'>,
  text: string,
): string {
  if (vault.isRecoveryCode(text)) {
    throw usageError('a recovery code cannot be used as a passphrase');
  }
  return text;
}
