import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { branchLogId, folderId, logId, shortHash } from '../../src/log/log-id.ts';

const node = '11'.repeat(32);
const folder = new Uint8Array(32).fill(2);
const incarnation = new Uint8Array(16).fill(3);

function hash(...parts: (string | Uint8Array)[]): string {
  const sha = createHash('sha256');
  for (const part of parts) sha.update(part);
  return sha.digest('hex');
}

describe('log ids', () => {
  test('a log id hashes label, node, folder and incarnation', () => {
    const expected = hash('vault log v1', Buffer.from(node, 'hex'), folder, incarnation);
    assert.equal(logId(node, folder, incarnation), expected);
  });

  test('a branch id hashes label, log and first diverging entry', () => {
    const entry = new Uint8Array(32).fill(9);
    const expected = hash('vault log branch v1', Buffer.from(node, 'hex'), entry);
    assert.equal(branchLogId(node, entry), expected);
  });

  test('a folder id commits to its creator through the salt', () => {
    const salt = new Uint8Array(32).fill(5);
    const expected = hash('vault folder v1', Buffer.from(node, 'hex'), salt);
    assert.equal(Buffer.from(folderId(node, salt)).toString('hex'), expected);
    assert.notDeepEqual(folderId('22'.repeat(32), salt), folderId(node, salt));
  });

  test('node, folder and incarnation each change the log id', () => {
    const ids = new Set([
      logId(node, folder, incarnation),
      logId('22'.repeat(32), folder, incarnation),
      logId(node, new Uint8Array(32), incarnation),
      logId(node, folder, new Uint8Array(16)),
    ]);
    assert.equal(ids.size, 4);
  });

  test('parts of the wrong length are refused', () => {
    assert.throws(() => logId(node, folder.subarray(1), incarnation), RangeError);
    assert.throws(() => logId('11', folder, incarnation), RangeError);
    assert.throws(() => logId(node, folder, folder), RangeError);
    assert.throws(() => branchLogId(node, incarnation), RangeError);
    assert.throws(() => folderId(node, incarnation), RangeError);
  });

  test('a short hash is a copy of the first 8 bytes', () => {
    const full = Uint8Array.from({ length: 32 }, (_, at) => at);
    const short = shortHash(full);
    full.fill(0);
    assert.deepEqual([...short], [0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
