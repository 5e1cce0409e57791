import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { FastCdc, findGearTable } from '../../src/chunking/fastcdc.ts';
import { GEAR_TABLE_BYTES, publicGearTable } from '../../src/chunking/gear-table.ts';
import { KEYED_FASTCDC, defaultChunkerParams } from '../../src/chunking/params.ts';
import { readVectors } from '../helpers/project.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { seededTable, smallParams } from './contents.ts';
import { referenceCuts } from './reference-fastcdc.ts';

/** One case of `chunking-cuts.json`. */
interface CutVector {
  readonly name: string;
  readonly params: { readonly min: number; readonly average: number; readonly max: number };
  /** ChaCha20 key stream of the seed (test/helpers/seeded.ts), the piece repeated up to `length`. */
  readonly input: { readonly seed: string; readonly piece: number; readonly length: number };
  readonly inputSha256: string;
  /** The public table, or the seed of a keyed one. */
  readonly table: string;
  readonly tableSha256: string;
  readonly ends: readonly number[];
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function inputOf({ input }: CutVector): Uint8Array {
  const piece = seededRandom(input.seed).bytes(input.piece);
  const bytes = new Uint8Array(input.length);
  for (let at = 0; at < bytes.length; at += piece.length) {
    bytes.set(piece.subarray(0, Math.min(piece.length, bytes.length - at)), at);
  }
  return bytes;
}

function cutsOf(engine: FastCdc, content: Uint8Array): number[] {
  engine.window.set(content);
  return [...engine.cuts(0, content.length)];
}

const vectors = readVectors('chunking-cuts.json') as readonly CutVector[];

test('there are golden cuts for keyed and public tables', () => {
  assert.ok(vectors.some((vector) => vector.table === 'public'));
  assert.ok(vectors.some((vector) => vector.table !== 'public'));
});

for (const vector of vectors) {
  test(`golden cuts: ${vector.name}`, () => {
    const input = inputOf(vector);
    assert.equal(sha256(input), vector.inputSha256);
    const table = vector.table === 'public' ? publicGearTable : seededTable(vector.table);
    assert.equal(sha256(table), vector.tableSha256);
    const params = { id: KEYED_FASTCDC, ...vector.params };
    assert.deepEqual(cutsOf(new FastCdc(params, table, input.length), input), vector.ends);
    assert.deepEqual(referenceCuts(params, table, input), vector.ends);
  });
}

test('with the public table the cuts are those of the package itself', () => {
  const wrapper = createRequire(import.meta.url)('fastcdc-wasm') as {
    get_chunks(bytes: Uint8Array, min: number, average: number, max: number): Uint32Array;
  };
  const content = seededRandom('wrapper').bytes(3_000_000);
  const { min, average, max } = defaultChunkerParams;
  const starts = [...wrapper.get_chunks(content.slice(), min, average, max)];
  const engine = new FastCdc(defaultChunkerParams, publicGearTable, content.length);
  assert.deepEqual([0, ...cutsOf(engine, content)], starts);
});

test('each instance has its own table, and none changes the package', () => {
  const content = seededRandom('instances').bytes(50_000);
  const tables = [seededTable('a'), seededTable('b'), publicGearTable];
  const engines = tables.map((table) => new FastCdc(smallParams, table, content.length));
  const cuts = engines.map((engine) => cutsOf(engine, content));
  assert.deepEqual(
    cuts,
    tables.map((table) => referenceCuts(smallParams, table, content)),
  );
  assert.notDeepEqual(cuts[0], cuts[1]);
  assert.notDeepEqual(cuts[0], cuts[2]);
});

test('the top bit of every table word is ignored', () => {
  const table = seededTable('top bits');
  const flipped = table.map((byte, i) => (i % 4 === 3 ? byte ^ 0x80 : byte));
  const content = seededRandom('top bits').bytes(20_000);
  assert.deepEqual(
    cutsOf(new FastCdc(smallParams, flipped, content.length), content),
    cutsOf(new FastCdc(smallParams, table, content.length), content),
  );
});

test('cuts of a part of the window are told as places in the window', () => {
  const table = seededTable('part');
  const content = seededRandom('part').bytes(10_000);
  const engine = new FastCdc(smallParams, table, 20_000);
  engine.window.set(content, 7_777);
  const expected = referenceCuts(smallParams, table, content).map((end) => end + 7_777);
  assert.deepEqual([...engine.cuts(7_777, 17_777)], expected);
});

test('the window keeps its bytes when the memory grows and moves', () => {
  const table = seededTable('grow');
  const content = seededRandom('grow').bytes(4_000_000);
  const engine = new FastCdc(smallParams, table, content.length);
  const before = engine.window;
  before.set(content);
  const ends = [...engine.cuts(0, content.length)];
  assert.equal(before.length, 0, 'thousands of cuts were meant to grow the memory');
  assert.equal(Buffer.compare(engine.window, content), 0);
  assert.deepEqual(ends, referenceCuts(smallParams, table, content));
  assert.deepEqual([...engine.cuts(0, content.length)], ends);
});

test('a table of another size is refused', () => {
  for (const length of [0, GEAR_TABLE_BYTES - 1, GEAR_TABLE_BYTES + 1, 2 * GEAR_TABLE_BYTES]) {
    assert.throws(() => new FastCdc(smallParams, new Uint8Array(length), 4096), RangeError);
  }
});

test('a memory without the public table, or with two, is refused', () => {
  const memory = new Uint8Array(10_000);
  const absent = {
    code: 'VAULT_FAILED',
    message: "the chunker's table is absent from fastcdc-wasm",
  };
  assert.throws(() => findGearTable(memory), absent);
  memory.set(publicGearTable, 3_000);
  assert.equal(findGearTable(memory), 3_000);
  memory.set(publicGearTable, 5_000);
  assert.throws(() => findGearTable(memory), {
    code: 'VAULT_FAILED',
    message: "the chunker's table is more than once in fastcdc-wasm",
  });
  memory.fill(0, 5_000);
  memory[3_000 + GEAR_TABLE_BYTES - 1] = 0xff;
  assert.throws(() => findGearTable(memory), absent);
});
