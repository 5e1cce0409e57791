/** A small ext4 of the test's own, so that a disk can really be full. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemCode } from '../../src/errors.ts';
import { skipUnless } from './requires.ts';

export class SmallDisk {
  /** A directory outside of it, on a disk with room. */
  readonly outside: string;
  /** Where it is mounted. */
  readonly path: string;

  private constructor(outside: string) {
    this.outside = outside;
    this.path = join(outside, 'disk');
  }

  /** A disk of so many mebibytes, gone when the test ends; undefined where there can be none. */
  static make(t: TestContext, mebibytes: number): SmallDisk | undefined {
    const needs = {
      platforms: ['linux' as const],
      root: true,
      programs: ['mkfs.ext4', 'mount', 'umount'],
      conditions: { 'loop devices': existsSync('/dev/loop-control') },
    };
    if (!skipUnless(t, needs)) return undefined;
    const disk = new SmallDisk(mkdtempSync(join(tmpdir(), 'vault-test-')));
    t.after(() => {
      if (failureOf('umount', disk.path)) failureOf('umount', '-l', disk.path);
      rmSync(disk.outside, { recursive: true, force: true });
    });
    const image = join(disk.outside, 'image');
    writeFileSync(image, '');
    truncateSync(image, mebibytes * 1024 * 1024);
    mkdirSync(disk.path);
    assert.equal(failureOf('mkfs.ext4', '-q', '-m', '0', '-F', image), '');
    const refused = failureOf('mount', '-o', 'loop', image, disk.path);
    if (!skipUnless(t, { conditions: { [`permission to mount ${refused}`]: refused === '' } })) {
      return undefined;
    }
    return disk;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes all but `leave` bytes; with 0, until not even one more byte can be written. */
  fill(leave: number): void {
    const file = openSync(this.#filler, 'a');
    try {
      // What was promised to files is only counted once it was written out.
      for (let round = 0; round < 3; round++) {
        fsyncSync(file);
        for (let size = 1024 * 1024; size >= 1; size = size >> 1) {
          const piece = Buffer.alloc(size, 1);
          while ((leave === 0 || this.freeBytes > leave + size) && didWrite(file, piece));
        }
      }
    } finally {
      closeSync(file);
    }
  }

  /** Gives back what {@link fill} took. */
  free(): void {
    rmSync(this.#filler, { force: true });
    spawnSync('sync', ['-f', this.path]);
  }

  get #filler(): string {
    return join(this.path, 'filler');
  }
}

function didWrite(file: number, piece: Uint8Array): boolean {
  try {
    return writeSync(file, piece) === piece.length;
  } catch (error) {
    assert.equal(systemCode(error), 'ENOSPC');
    return false;
  }
}

function failureOf(program: string, ...args: string[]): string {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? '' : `(${program}: ${stderr.trim()})`;
}
