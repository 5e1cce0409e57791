/**
 * Takes snapshots of a tree in which `git`, `npm install`, a compiler and other programs are at work, and
 * judges every version: see `test/integration/busy-tree.ts`.
 *
 *   node build/bench/busy-tree.js [seconds, default 120]
 *
 * JSON lines: `progress` every 10 snapshots, then one `summary`. Exits with 1 where anything failed.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyTree } from '../test/integration/busy-tree.ts';

const seconds = Number(process.argv[2] ?? 120);
if (!Number.isSafeInteger(seconds) || seconds <= 0) {
  throw new RangeError(`expected a positive whole number of seconds, got ${process.argv[2]}`);
}
const directory = mkdtempSync(join(tmpdir(), 'vault-busy-'));
const say = (line: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
try {
  const result = await busyTree({
    directory,
    packages: ['cborg', '@noble/hashes', 'diff'],
    snapshots: 1,
    seconds,
    onSnapshot: ({ snapshots, warnings, failures }) => {
      if (snapshots % 10 === 0) say({ type: 'progress', snapshots, warnings, failures });
    },
  });
  say({ type: 'summary', ...result });
  if (result.failures.length > 0) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
