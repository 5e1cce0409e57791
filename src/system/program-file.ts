/** Files of the program itself: read while it loads, never a user's, so no file system is handed in. */

import { readFileSync } from 'node:fs';

/** The bytes of the program's file at a `file:` URL from `import.meta.resolve`. Throws as `fs` does. */
export function readProgramFile(url: string): Uint8Array {
  return readFileSync(new URL(url));
}
