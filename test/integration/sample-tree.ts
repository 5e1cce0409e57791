/** A small tree on the real disk and seeded changes to it. */

import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { RandomSource } from '../../src/random.ts';
import { randomInteger, seededRandom } from '../../src/system/seeded-random.ts';

export class SampleTree {
  readonly root: string;
  readonly #random: RandomSource;
  /** Files by their path below the root. */
  readonly #files: string[] = [];
  #made = 0;

  constructor(root: string, seed: string) {
    this.root = root;
    this.#random = seededRandom(`sample tree ${seed}`);
  }

  /** Makes the tree: small files in directories, some of many chunks, one of mostly zeros, symlinks. */
  plant(files: number): void {
    mkdirSync(join(this.root, 'empty directory'), { recursive: true });
    for (let index = 0; index < files; index++) this.#add();
    for (const size of [150_000, 420_000, 900_000]) {
      this.#write(`large ${size}`, this.#random.bytes(size));
    }
    this.#write('zeros', this.#random.bytes(5000));
    truncateSync(join(this.root, 'zeros'), 3_000_000);
    symlinkSync('zeros', join(this.root, 'link'));
    symlinkSync('nowhere', join(this.root, 'dangling'));
  }

  /** Adds, changes, moves and removes files and directories. */
  edit(changes: number): void {
    for (let change = 0; change < changes; change++) this.#change();
  }

  #below(limit: number): number {
    return randomInteger(this.#random, limit);
  }

  #pick(): string {
    return this.#files[this.#below(this.#files.length)] ?? '';
  }

  #forget(path: string): void {
    this.#files.splice(this.#files.indexOf(path), 1);
  }

  #change(): void {
    const path = this.#pick();
    const place = join(this.root, path);
    switch (this.#below(8)) {
      case 0:
      case 1:
        this.#add();
        return;
      case 2:
        appendFileSync(place, this.#random.bytes(1 + this.#below(20_000)));
        return;
      case 3:
        rmSync(place);
        this.#forget(path);
        return;
      case 4: {
        const name = `moved ${this.#made++}`;
        renameSync(place, join(this.root, name));
        this.#forget(path);
        this.#files.push(name);
        return;
      }
      case 5:
        chmodSync(place, this.#below(2) === 0 ? 0o755 : 0o644);
        return;
      case 6:
        rmSync(join(this.root, 'link'), { force: true });
        symlinkSync(`${this.#pick()} ${this.#made++}`, join(this.root, 'link'));
        return;
      default:
        writeFileSync(place, this.#content());
    }
  }

  #add(): void {
    const directory = ['', 'a/', 'a/b/', 'a/b/c/', 'd/', `e/${this.#below(5)}/`][this.#below(6)];
    const path = `${directory ?? ''}file ${this.#made++}`;
    if (!existsSync(join(this.root, path))) this.#write(path, this.#content());
  }

  #content(): Uint8Array {
    const size = this.#below(12_000);
    // No two are equal, so that a changed file has changed.
    const first = Buffer.from(`${this.#made++}\n`);
    if (this.#below(3) === 0) return Buffer.concat([first, this.#random.bytes(size)]);
    const line = Buffer.from(`line ${this.#below(1000)} of some text that compresses well\n`);
    return Buffer.concat([first, Buffer.alloc(size, line)]);
  }

  #write(path: string, content: Uint8Array): void {
    const place = join(this.root, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
    this.#files.push(path);
  }
}
