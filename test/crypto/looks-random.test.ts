import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { looksRandom } from '../../src/crypto/looks-random.ts';
import { projectPath } from '../helpers/project.ts';
import { seededRandom } from '../helpers/seeded.ts';

test('nearly all random contents look random, at every size from 8 KiB', () => {
  let yes = 0;
  for (let seed = 0; seed < 300; seed++) {
    if (looksRandom(seededRandom(seed).bytes(8192 + seed * 500))) yes++;
  }
  assert.ok(yes >= 290, `${yes} of 300`);
});

test('text, base64, zeros and bytes with one bit fixed do not', () => {
  const random = seededRandom('even').bytes(49_152);
  const lock = readFileSync(projectPath('package-lock.json'));
  assert.ok(!looksRandom(lock));
  assert.ok(!looksRandom(Buffer.from(Buffer.from(random).toString('base64'))));
  assert.ok(!looksRandom(new Uint8Array(65_536)));
  assert.ok(!looksRandom(random.map((byte) => byte & 0xfe)));
  assert.ok(!looksRandom(random.map((byte) => byte % 200)));
  assert.ok(looksRandom(random));
});

test('short contents are never taken for random', () => {
  assert.ok(!looksRandom(seededRandom('short').bytes(8191)));
  assert.ok(!looksRandom(new Uint8Array(0)));
});
