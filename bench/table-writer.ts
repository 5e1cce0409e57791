/**
 * Writes values to a chunk store, as snapshots do, in a process of its own: one side of the case
 * `many-tables`. Prints one line of JSON with the seconds it took to open the store and to write.
 *
 *   node build/bench/table-writer.js DIRECTORY BYTES
 */

import { randomBytes } from 'node:crypto';
import { LevelChunkStore } from '../src/store/level-chunk-store.ts';
import { keepHeapSmall } from '../src/system/frugal-heap.ts';
import { realFileSystem } from '../src/system/real-file-system.ts';

const VALUE_BYTES = 64 * 1024;
/** Values of one batch, and batches between two barriers. */
const BATCH = 16;
const BATCHES_PER_BARRIER = 256;

const [path, text] = process.argv.slice(2);
const batches = Math.ceil(Number(text) / (BATCH * VALUE_BYTES));
if (path === undefined || !(batches > 0)) throw new RangeError('expected a directory and bytes');
// The store compresses nothing and takes a copy: the same bytes will do each time.
const values = Array.from({ length: BATCH }, () => new Uint8Array(randomBytes(VALUE_BYTES)));

keepHeapSmall(); // as the program itself does
const started = performance.now();
const store = await LevelChunkStore.open(realFileSystem(), path);
const opened = performance.now();
let seq = (await store.lastSeq()) + 1;
for (let batch = 1; batch <= batches; batch++) {
  await store.write({ puts: values.map((value) => ({ seq: seq++, value })) }, { sync: false });
  if (batch % BATCHES_PER_BARRIER === 0 || batch === batches) await store.barrier();
}
const done = performance.now();
await store.close();
const line = { openSeconds: (opened - started) / 1000, writeSeconds: (done - opened) / 1000 };
process.stdout.write(`${JSON.stringify(line)}\n`);
