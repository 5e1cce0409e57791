/**
 * Folders of very many names: what a snapshot costs in time, processor time and memory, and how that
 * grows.
 *
 *   node build/bench/big.js [FILES …, default 100000] [--flat FILES] [--scratch DIR]
 *
 * For each number a tree of so many files of a few bytes, 100 to a directory and 50 directories to the
 * one above, is snapshot; then again with nothing changed, with one file changed, and with everything
 * moved into another directory. `--flat` does the same for one directory that holds so many files. A
 * line of JSON for each run, `peakMb` of the largest process. Needs GNU time; what it wrote is removed.
 */

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure, runCommand, type Command } from './harness/measure.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const FILES_PER_DIRECTORY = 100;
const DIRECTORIES_PER_DIRECTORY = 50;
const { signal } = new AbortController();

function makeTree(root: string, files: number): void {
  for (let made = 0; made < files; made += FILES_PER_DIRECTORY) {
    const number = made / FILES_PER_DIRECTORY;
    const above = Math.floor(number / DIRECTORIES_PER_DIRECTORY);
    const directory = join(root, `group ${above}`, `directory ${number}`);
    mkdirSync(directory, { recursive: true });
    for (let n = made; n < Math.min(files, made + FILES_PER_DIRECTORY); n++) {
      writeFileSync(join(directory, `file ${n}.txt`), `file ${n}\n`);
    }
  }
}

function makeFlat(root: string, files: number): void {
  mkdirSync(root, { recursive: true });
  for (let n = 0; n < files; n++) writeFileSync(join(root, `file ${n}.txt`), `file ${n}\n`);
}

async function run(scratch: string, shape: 'tree' | 'flat', files: number): Promise<void> {
  const place = mkdtempSync(join(scratch, 'vault-big-'));
  try {
    const work = join(place, 'work');
    mkdirSync(work);
    (shape === 'tree' ? makeTree : makeFlat)(join(work, 'files'), files);
    const env = { VAULT_HOME: join(place, 'home'), VAULT_PASSPHRASE: 'bench' };
    const vault = (...args: string[]): Command => {
      return { program: process.execPath, args: [main, '-q', ...args], env };
    };
    await runCommand(vault('init'), signal);
    await runCommand(vault('folder', 'add', work, '--name', 'big'), signal);
    const step = async (name: string): Promise<void> => {
      const measured = await measure(vault('snapshot', '--json', 'big'), {
        scratch: place,
        signal,
      });
      const { seconds, cpuSeconds, peakBytes, stdout } = measured;
      const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
      const { added, changed, removed, unchanged, newBytes } = summary;
      const counts = { added, changed, removed, unchanged, newBytes };
      const peakMb = Math.round(peakBytes / 1024 / 1024);
      console.log(
        JSON.stringify({ shape, files, step: name, seconds, cpuSeconds, peakMb, ...counts }),
      );
    };
    await step('first');
    await step('nothing changed');
    const one = shape === 'tree' ? 'files/group 0/directory 0/file 0.txt' : 'files/file 0.txt';
    writeFileSync(join(work, one), 'changed\n');
    await step('one changed');
    renameSync(join(work, 'files'), join(work, 'moved'));
    await step('all moved');
    await step('nothing changed after it');
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { flat: { type: 'string' }, scratch: { type: 'string', default: tmpdir() } },
});
const counts = positionals.length === 0 && values.flat === undefined ? ['100000'] : positionals;
for (const count of counts) await run(values.scratch, 'tree', Number(count));
if (values.flat !== undefined) await run(values.scratch, 'flat', Number(values.flat));
