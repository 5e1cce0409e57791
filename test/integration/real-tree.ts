/** A tree such as people have, oddities included, and what they do to it. */

import {
  appendFileSync,
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../helpers/seeded.ts';

export const LARGE_BYTES = 20_000_000;
export const SPARSE_BYTES = 40 * 1024 * 1024;

const MIB = 1024 * 1024;
const LONG_NAME = `${'n'.repeat(250)}.text`;
/** As bytes: no text form of them exists. */
const rawNames = [
  Buffer.from([0xff, 0xfe, 0x41]),
  Buffer.from([0x63, 0x61, 0x66, 0xe9]),
  Buffer.from([0xed, 0xa0, 0x80]),
];

export function makeTree(root: string): void {
  const random = seededRandom('real tree');
  const at = (...parts: string[]): string => join(root, ...parts);
  for (const directory of ['src/deep/er/and/deeper', 'empty', 'docs', 'data', 'odd', 'types']) {
    mkdirSync(at(directory), { recursive: true });
  }
  for (let index = 0; index < 60; index++) {
    writeFileSync(at('src', `module-${index}.ts`), `export const n${index} = ${index};\n`);
  }
  writeFileSync(at('src/deep/er/and/deeper/leaf'), 'leaf');
  writeFileSync(at('docs/empty'), '');
  writeFileSync(at('docs/readme.md'), '# Read me\n'.repeat(5000));
  writeFileSync(at('docs/run.sh'), '#!/bin/sh\nexit 0\n');
  chmodSync(at('docs/run.sh'), 0o755);
  writeFileSync(at('docs/read-only'), 'only read me');
  chmodSync(at('docs/read-only'), 0o444);
  utimesSync(at('docs/read-only'), 12.345678, 0.000001);
  writeFileSync(at('docs/future'), 'later');
  utimesSync(at('docs/future'), 4_000_000_000, 4_000_000_000.5);

  symlinkSync('readme.md', at('docs/link'));
  symlinkSync('../src', at('docs/to-src'));
  symlinkSync('nowhere/to/be/found', at('docs/dangling'));
  symlinkSync('/etc/passwd', at('docs/outside'));
  symlinkSync('../../../../..', at('docs/up'));
  symlinkSync(Buffer.from([0x2e, 0x2f, 0xff, 0x80]), at('docs/raw-target'));

  writeFileSync(at('data/large'), random.bytes(LARGE_BYTES));
  writeFileSync(at('data/copy-1'), random.bytes(300_000));
  writeFileSync(at('data/copy-2'), readFileSync(at('data/copy-1')));
  linkSync(at('data/copy-1'), at('data/hard-link'));
  writeFileSync(
    at('data/zero-runs'),
    Buffer.concat([
      random.bytes(70_000),
      Buffer.alloc(5 * MIB),
      random.bytes(10),
      Buffer.alloc(MIB),
    ]),
  );
  makeSparse(at('data/sparse'), random.bytes(5000));

  const odd = [
    ' leading and trailing ',
    'two\nlines',
    '-rf',
    '😀 emoji',
    'e\u0301 decomposed',
    '\u00e9 composed',
    'back\\slash',
    'tab\tbell\u0007',
    'quote\'"`$(x)',
    '...',
    LONG_NAME,
  ];
  for (const name of odd) writeFileSync(at('odd', name), `content of ${name}`);
  for (const name of rawNames) {
    const path = Buffer.concat([Buffer.from(`${at('odd')}/`), name]);
    mkdirSync(path);
    writeFileSync(Buffer.concat([path, Buffer.from('/'), name]), name);
  }
  let deep = at('odd');
  for (let level = 0; level < 5; level++) deep = join(deep, 'd'.repeat(200));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'far down'), 'far down');

  writeFileSync(at('types/file-to-directory'), 'file');
  mkdirSync(at('types/directory-to-file/inside'), { recursive: true });
  writeFileSync(at('types/directory-to-file/inside/old'), 'old');
  mkdirSync(at('types/directory-to-symlink'));
  writeFileSync(at('types/directory-to-symlink/old'), 'old');
  symlinkSync('somewhere', at('types/symlink-to-file'));
  writeFileSync(at('types/file-to-symlink'), 'file');
}

/** Every kind of change there is. */
export function editTree(root: string): void {
  const at = (...parts: string[]): string => join(root, ...parts);
  writeFileSync(at('src/module-0.ts'), 'export const changed = true;\n');
  appendFileSync(at('docs/readme.md'), 'one more line\n');
  writeFileSync(at('docs/empty'), 'no more');
  writeFileSync(at('src/module-1.ts'), '');
  rmSync(at('src/module-2.ts'));
  rmSync(at('src/deep'), { recursive: true });
  renameSync(at('src/module-3.ts'), at('src/renamed.ts'));
  renameSync(at('odd', LONG_NAME), at('odd/short'));
  renameSync(at('data'), at('moved data'));
  chmodSync(at('src/module-4.ts'), 0o755);
  chmodSync(at('docs/run.sh'), 0o644);
  rmSync(at('docs/link'));
  symlinkSync('run.sh', at('docs/link'));
  mkdirSync(at('src/new/empty'), { recursive: true });
  writeFileSync(at('src/new/file'), 'new');
  rmSync(at('empty'), { recursive: true });

  rmSync(at('types/file-to-directory'));
  mkdirSync(at('types/file-to-directory/with'), { recursive: true });
  writeFileSync(at('types/file-to-directory/with/new'), 'new');
  rmSync(at('types/directory-to-file'), { recursive: true });
  writeFileSync(at('types/directory-to-file'), 'file now');
  rmSync(at('types/directory-to-symlink'), { recursive: true });
  symlinkSync('../docs', at('types/directory-to-symlink'));
  rmSync(at('types/symlink-to-file'));
  writeFileSync(at('types/symlink-to-file'), 'file now');
  rmSync(at('types/file-to-symlink'));
  symlinkSync('/', at('types/file-to-symlink'));
}

/** Puts bytes into the middle of a file, as an editor that rewrites it does. */
export function insertInto(path: string, offset: number, bytes: Uint8Array): void {
  const old = readFileSync(path);
  writeFileSync(path, Buffer.concat([old.subarray(0, offset), bytes, old.subarray(offset)]));
}

function makeSparse(path: string, piece: Uint8Array): void {
  const file = openSync(path, 'w');
  ftruncateSync(file, SPARSE_BYTES);
  for (const offset of [0, 20 * MIB + 77, SPARSE_BYTES - 10 * MIB]) {
    writeSync(file, piece, 0, piece.length, offset);
  }
  closeSync(file);
}
