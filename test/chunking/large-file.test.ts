import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Result {
  readonly event: string;
  readonly size: number;
  readonly sizeAfter: number;
  readonly depth: number;
  readonly depthAfter: number;
  readonly chunksAndNodes: number;
  readonly newChunks: number;
  readonly newChunkBytes: number;
  readonly newNodes: number;
  readonly peakRssMiB: number;
}

/** Runs the program that proves this on 64 GiB (bench/large-file.ts) on a part of that. */
async function run(size: number): Promise<Result> {
  const program = fileURLToPath(new URL('../../bench/large-file.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, String(size)], {
    timeout: 120_000 + size * 60_000,
  });
  const result = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Result;
  assert.equal(result.event, 'result');
  return result;
}

const gibibytes = process.env['VAULT_SLOW'] === '1' ? 64 : 0.25;

test(`five bytes inserted into ${gibibytes} GiB cost a few chunks and one path of nodes`, async () => {
  const result = await run(gibibytes);
  assert.equal(result.size, gibibytes * 2 ** 30);
  assert.equal(result.sizeAfter, result.size + 5);
  assert.ok(result.depth >= 2 && result.depthAfter === result.depth);
  assert.ok(result.chunksAndNodes > result.size / 131_072);
  assert.ok(result.newChunks >= 1 && result.newChunks <= 8, `${result.newChunks} new chunks`);
  assert.ok(result.newChunkBytes <= 1024 * 1024, `${result.newChunkBytes} new bytes`);
  assert.ok(
    result.newNodes >= result.depth && result.newNodes <= 2 * result.depth,
    `${result.newNodes} new nodes`,
  );
  assert.ok(result.peakRssMiB <= 300, `${result.peakRssMiB} MiB`);
});
