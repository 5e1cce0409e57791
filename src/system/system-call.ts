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
      const code = systemCode(error);
      if (code === 'EINTR') continue;
      if (code === undefined || error instanceof FileError) throw error;
      throw new FileError(code, operation, path, error);
    }
  }
}
