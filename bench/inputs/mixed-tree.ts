/** A generated home directory: photos and films that do not compress, mail and documents that do. */

import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seededNumbers } from './seeded-numbers.ts';
import { writeRandomFile } from './random-file.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** How many files of a kind there are at full scale, and between which sizes. */
export interface MixedKind {
  readonly directory: string;
  readonly extension: string;
  readonly files: number;
  readonly least: number;
  readonly most: number;
  readonly text: boolean;
}

const mixedKinds: readonly MixedKind[] = [
  { directory: 'photos', extension: 'jpg', files: 250, least: 2 * MIB, most: 6 * MIB, text: false },
  { directory: 'films', extension: 'mp4', files: 3, least: 80 * MIB, most: 120 * MIB, text: false },
  { directory: 'mail', extension: 'mbox', files: 12, least: 8 * MIB, most: 24 * MIB, text: true },
  { directory: 'documents', extension: 'txt', files: 4000, least: KIB, most: 60 * KIB, text: true },
];

/** Files of one subdirectory. */
const PER_DIRECTORY = 100;

/** Writes the tree into the new directory `root`: `scale` times as many files, at least one a kind. */
export function writeMixedTree(
  root: string,
  scale: number,
  kinds: readonly MixedKind[] = mixedKinds,
): void {
  for (const kind of kinds) {
    const numbers = seededNumbers(`mixed tree: ${kind.directory}`);
    const text = kind.text ? words(seededNumbers('mixed tree: words')) : undefined;
    for (let at = 0; at < Math.max(1, Math.round(kind.files * scale)); at++) {
      const group = String(Math.floor(at / PER_DIRECTORY)).padStart(3, '0');
      const name = `${String(at).padStart(5, '0')}.${kind.extension}`;
      const path = join(root, kind.directory, group, name);
      if (at % PER_DIRECTORY === 0) mkdirSync(dirname(path), { recursive: true });
      const size = kind.least + Math.floor(numbers() * (kind.most - kind.least));
      if (text === undefined) writeRandomFile(path, { seed: `${kind.directory} ${at}`, size });
      else writeTextFile(path, size, numbers, text);
    }
  }
}

/** A vocabulary in which early words are frequent, much as in a language. */
function words(numbers: () => number): string[] {
  const letters = 'etaoinshrdlucmfwypvbgkjqxz';
  return Array.from({ length: 6000 }, () => {
    const length = 2 + Math.floor(numbers() ** 2 * 9);
    const one = (): string => letters[Math.floor(numbers() ** 2 * letters.length)] ?? 'e';
    return Array.from({ length }, one).join('');
  });
}

function writeTextFile(
  path: string,
  size: number,
  numbers: () => number,
  vocabulary: readonly string[],
): void {
  const piece = (length: number): Buffer => {
    const parts: string[] = [];
    for (let bytes = 0; bytes < length;) {
      const word = vocabulary[Math.floor(numbers() ** 3 * vocabulary.length)] ?? 'the';
      const between = numbers() < 0.08 ? '\n' : ' ';
      parts.push(word, between);
      bytes += word.length + 1;
    }
    return Buffer.from(parts.join('')).subarray(0, length);
  };
  if (size <= MIB) {
    writeFileSync(path, piece(size), { flag: 'wx' });
    return;
  }
  const file = openSync(path, 'wx');
  try {
    for (let at = 0; at < size; at += MIB) writeSync(file, piece(Math.min(MIB, size - at)));
  } finally {
    closeSync(file);
  }
}
