import { systemCode } from '../errors.ts';
import { FileError } from './file-system.ts';

/**
 * The result of `run`, tried again while a signal interrupts it (`EINTR`). A system error is thrown as
 * {@link FileError}; anything else (a path with a NUL in it, say) is a programming mistake and passes
 * through as it is.
 */
export function systemCall<T>(operation: string, path: string, run: () => T): T {
  for (;;) {
    try {
      return run();
    } catch (error) {
      throwUnlessInterrupted(error, operation, path);
    }
  }
}

/**
 * Throws what {@link systemCall} throws for `error`, and returns where the call is to be tried again.
 * Calls that every file needs use it themselves: a function made for each would be compiled time and
 * again.
 */
export function throwUnlessInterrupted(error: unknown, operation: string, path: string): void {
  const code = systemCode(error);
  if (code === 'EINTR') return;
  if (code === undefined || error instanceof FileError) throw error;
  throw new FileError(code, operation, path, error);
}
