/**
 * A program at work in a tree, over and over until the file `stop` is there:
 *
 *   node busy-program-child.js KIND DIRECTORY STOP [ARGUMENT …]
 *
 * Its last line of output says how many turns it made. What the kinds write can be judged by
 * `busy-judge.ts`.
 */

import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const [kind = '', directory = '', stop = '', ...rest] = process.argv.slice(2);

/** Lines that all name the turn they were written in. */
function lines(turn: number, count: number): string {
  const generation = String(turn).padStart(9, '0');
  return `export const turn_${generation} = ${JSON.stringify('x'.repeat(60))};\n`.repeat(count);
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  });
  if (status !== 0) {
    throw new Error(`${program} ${args.join(' ')}: ${status} ${String(error)} ${stdout}${stderr}`);
  }
}

/** So that others come to work, too. */
function rest20Ms(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
}

/** Writes a content in as many calls as it takes pieces of 4 KiB. */
function writeInPieces(path: string, flags: string, content: string): void {
  const file = openSync(path, flags);
  for (let at = 0; at < content.length; at += 4096) writeSync(file, content.slice(at, at + 4096));
  closeSync(file);
}

const turns: Readonly<Record<string, (turn: number) => void>> = {
  replaced(turn) {
    const path = join(directory, `replaced ${turn % 5}`);
    writeInPieces(`${path}~`, 'w', lines(turn, 1200));
    renameSync(`${path}~`, path);
    rest20Ms();
  },

  rewritten(turn) {
    writeInPieces(join(directory, `rewritten ${turn % 5}`), 'w', lines(turn, 1200));
    rest20Ms();
  },

  overwritten(turn) {
    const path = join(directory, `overwritten ${turn % 5}`);
    writeInPieces(path, existsSync(path) ? 'r+' : 'w', lines(turn, 40_000));
    rest20Ms();
  },

  git(turn) {
    if (turn === 0) {
      run('git', 'init', '-q');
      run('git', 'config', 'user.name', 'nobody');
      run('git', 'config', 'user.email', 'nobody@localhost');
      run('git', 'config', 'gc.auto', '0');
    }
    for (let at = 0; at < 20; at++) {
      const path = join(directory, `d${(turn + at) % 7}`);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, `file ${at}`), lines(turn, 20 + at));
    }
    run('git', 'add', '-A');
    run('git', 'commit', '-q', '-m', `turn ${turn}`);
    if (turn % 4 === 1) run('git', 'checkout', '-q', 'HEAD~1');
    if (turn % 4 === 1) run('git', 'checkout', '-q', '-');
    if (turn % 8 === 5) run('git', 'gc', '-q', '--prune=now');
  },

  npm() {
    rmSync(join(directory, 'node_modules'), { recursive: true, force: true });
    rmSync(join(directory, 'package-lock.json'), { force: true });
    writeFileSync(join(directory, 'package.json'), '{"name":"busy","version":"1.0.0"}');
    const [cache = '', ...archives] = rest;
    run('npm', 'install', '--offline', '--ignore-scripts', '--cache', cache, ...archives);
  },

  compiler(turn) {
    const source = join(directory, 'source');
    mkdirSync(source, { recursive: true });
    for (let at = 0; at < 20; at++) {
      // Names that differ, so that a program of them compiles.
      let line = 0;
      const text = lines(turn, 200).replaceAll('=', () => `, line_${line++} =`);
      writeFileSync(join(source, `module-${at}.ts~`), text.replaceAll(' , line', '__line'));
      renameSync(join(source, `module-${at}.ts~`), join(source, `module-${at}.ts`));
    }
    const [tsc = ''] = rest;
    const options = ['--outDir', join(directory, 'output'), '--target', 'esnext'];
    const files = Array.from({ length: 20 }, (_, at) => join(source, `module-${at}.ts`));
    run(process.execPath, tsc, '--types', '', ...options, '--declaration', ...files);
  },
};

const work = turns[kind];
if (work === undefined) throw new RangeError(`expected a kind of program, got ${kind}`);
mkdirSync(directory, { recursive: true });
let turn = 0;
while (!existsSync(stop)) work(turn++);
process.stdout.write(`${turn}\n`);
