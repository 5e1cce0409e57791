import { runCommand } from './measure.ts';

/** Throws `Error` unless both directories hold the same names with the same contents. */
export async function sameTrees(one: string, other: string, signal: AbortSignal): Promise<void> {
  const args = ['-r', '--no-dereference', '--brief', one, other];
  await runCommand({ program: 'diff', args, env: {} }, signal);
}
