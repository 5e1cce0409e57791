import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of a file of the project, wherever the compiled test lies. */
export function projectPath(...parts: string[]): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json'))) {
    if (dirname(at) === at) throw new Error('no package.json above the test');
    at = dirname(at);
  }
  return join(at, ...parts);
}

/** Parsed content of a JSON file under `test/vectors`. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(projectPath('test', 'vectors', name), 'utf8'));
}
