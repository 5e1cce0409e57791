/** The reading half of `verify`: every stored value opened, every row of the index held against it. */

import { equalBytes, mapKey } from '../bytes.ts';
import { parseHeader, valueTypes } from '../crypto/sealed-value.ts';
import { isVaultError } from '../errors.ts';
import type { CheckValuesInput } from '../folder/check-values.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import {
  chunkKey,
  decodeChunkRow,
  decodeSeq,
  encodeChunkRow,
  metaKey,
  metaPrefix,
  metaRange,
} from '../store/meta-keys.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import type { Session } from './session.ts';
import type { OperationContext, VerifyOptions } from './api.ts';

const BATCH_BYTES = 512 * 1024;
const BATCH_VALUES = 512;

export interface ReadCheck {
  /** Values that were opened. */
  readonly values: number;
  readonly bytes: number;
  /** By id (map key): what is wrong with the chunk or node. */
  readonly bad: ReadonlyMap<string, string>;
  /** Damaged values whose id cannot be told or that belong to the log: what is wrong, by sequence number. */
  readonly badValues: ReadonlyMap<number, string>;
  readonly mended: number;
  readonly complete: boolean;
  /** Sound entries are there that the index does not lead to. */
  readonly hasStrayEntries: boolean;
}

/** Reads all values, or a random sample of them, until the time is over. */
export async function readCheck(
  session: Session,
  folder: OpenFolder,
  options: VerifyOptions,
  context: OperationContext,
): Promise<ReadCheck> {
  const { clock, random, pool } = session.environment;
  const { chunks } = folder.store;
  const last = await chunks.lastSeq();
  const deadline = clock.monotonicMs() + (options.maxDurationMs ?? Infinity);
  const good = new SeqSet(last + 1);
  const entries: number[] = [];
  const badValues = new Map<number, string>();
  /** Sound values whose row is missing or names another place. */
  const strays = new Map<string, { seq: number; bytes: number }>();
  const tasks = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let values = 0;
  let bytes = 0;
  let complete = true;

  const check = async (batch: readonly { seq: number; value: Uint8Array }[]): Promise<void> => {
    const lengths = Uint32Array.from(batch, ({ value }) => value.length);
    const joined = Buffer.concat(batch.map(({ value }) => value));
    const input: CheckValuesInput = { secrets: folder.secrets, bytes: joined, lengths };
    const ids = await folder.store.meta.getMany(batch.map(({ value }) => rowKeyOf(value)));
    const task = pool
      .run<CheckValuesInput, (string | undefined)[]>('checkValues', input, {
        signal: context.signal,
      })
      .then((problems) => {
        problems.forEach((problem, index) => {
          const { seq, value } = batch[index] as (typeof batch)[number];
          if (problem !== undefined) {
            badValues.set(seq, problem);
            return;
          }
          good.add(seq);
          const header = parseHeader(value);
          if (header.type === valueTypes.entry) entries.push(seq);
          if (header.type >= valueTypes.entry) return;
          const row = ids[index];
          if ((row && decodeChunkRow(row))?.seq !== seq) {
            strays.set(mapKey(header.id), { seq, bytes: value.length });
          }
        });
        values += batch.length;
        bytes += joined.length;
        context.emit({ type: 'progress', phase: `verify ${folder.name}`, files: values, bytes });
      })
      .catch((error: unknown) => {
        failures.push(error);
      })
      .finally(() => tasks.delete(task));
    tasks.add(task);
    while (tasks.size >= pool.lanes * 2) await Promise.race(tasks);
    if (failures.length > 0) throw failures[0];
  };

  let batch: { seq: number; value: Uint8Array }[] = [];
  let batchBytes = 0;
  try {
    for await (const found of options.sample === undefined
      ? chunks.scan(0)
      : sampled(folder, options.sample, last, random.bytes(4))) {
      context.signal.throwIfAborted();
      batch.push(found);
      batchBytes += found.value.length;
      if (batchBytes < BATCH_BYTES && batch.length < BATCH_VALUES) continue;
      await check(batch);
      batch = [];
      batchBytes = 0;
      if (clock.monotonicMs() > deadline) {
        complete = false;
        break;
      }
    }
    if (batch.length > 0) await check(batch);
    while (tasks.size > 0) await Promise.race(tasks);
  } finally {
    await Promise.allSettled(tasks);
  }
  if (failures.length > 0) throw failures[0];
  if (options.sample !== undefined) complete = false;
  if (!complete) {
    const bad = await idsOf(folder, badValues);
    return { values, bytes, badValues, bad, mended: 0, complete, hasStrayEntries: false };
  }
  const hasStrayEntries = await leadsAstray(folder, entries);
  const rows = await checkRows(folder, good, badValues, strays);
  return { values, bytes, badValues, ...rows, complete, hasStrayEntries };
}

/** Whether the index leads to fewer than all of the entries that lie at these places. */
async function leadsAstray(folder: OpenFolder, entries: readonly number[]): Promise<boolean> {
  const indexed = new Set<number>();
  for await (const { value } of folder.store.meta.scan(metaRange(metaKey(metaPrefix.entry)))) {
    indexed.add(decodeSeq(value) ?? -1);
  }
  return entries.some((seq) => !indexed.has(seq));
}

/** Holds every row of the index against what was read; rows that have a sound value elsewhere are mended. */
async function checkRows(
  folder: OpenFolder,
  good: SeqSet,
  badValues: Map<number, string>,
  strays: Map<string, { seq: number; bytes: number }>,
): Promise<{ bad: Map<string, string>; mended: number }> {
  const bad = new Map<string, string>();
  const mended: MetaOperation[] = [];
  await dropDuplicates(folder, good, strays);
  for await (const { key, value } of folder.store.meta.scan(metaRange(metaKey(metaPrefix.chunk)))) {
    const id = key.subarray(1);
    const row = decodeChunkRow(value);
    if (strays.has(mapKey(id)) || (row !== undefined && good.has(row.seq))) continue;
    bad.set(mapKey(id), (row && badValues.get(row.seq)) ?? 'missing');
    if (row !== undefined) badValues.delete(row.seq);
  }
  for (const [id, row] of strays) {
    const key = chunkKey(Buffer.from(id, 'latin1'));
    mended.push({ type: 'put', key, value: encodeChunkRow(row) });
  }
  if (mended.length > 0) await folder.store.meta.write(mended, { sync: true });
  return { bad, mended: mended.length };
}

/** Leaves out values of which the index has an equally sound one. */
async function dropDuplicates(
  folder: OpenFolder,
  good: SeqSet,
  strays: Map<string, { seq: number; bytes: number }>,
): Promise<void> {
  for (const key of strays.keys()) {
    const id = Buffer.from(key, 'latin1');
    const row = await folder.store.meta.get(chunkKey(id));
    const seq = (row && decodeChunkRow(row))?.seq;
    if (seq === undefined || !good.has(seq)) continue;
    const [value] = await folder.store.getValues([seq]);
    if (value !== undefined && equalBytes(parseHeader(value).id, id)) strays.delete(key);
  }
}

/** Which chunks the damaged values were, where only some values were read. */
async function idsOf(
  folder: OpenFolder,
  badValues: Map<number, string>,
): Promise<Map<string, string>> {
  const bad = new Map<string, string>();
  if (badValues.size === 0) return bad;
  for await (const { key, value } of folder.store.meta.scan(metaRange(metaKey(metaPrefix.chunk)))) {
    const seq = decodeChunkRow(value)?.seq ?? -1;
    const problem = badValues.get(seq);
    if (problem === undefined) continue;
    bad.set(mapKey(key.subarray(1)), problem);
    badValues.delete(seq);
  }
  return bad;
}

async function* sampled(
  folder: OpenFolder,
  count: number,
  last: number,
  seed: Uint8Array,
): AsyncGenerator<{ seq: number; value: Uint8Array }> {
  let state = new DataView(seed.buffer, seed.byteOffset).getUint32(0);
  const seen = new Set<number>();
  const wanted = Math.min(count, last + 1);
  for (let tries = 0; seen.size < wanted && tries < wanted * 20; tries++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const seq = Math.floor((state / 0x1_0000_0000) * (last + 1));
    if (seen.has(seq)) continue;
    seen.add(seq);
    const [value] = await folder.store.getValues([seq]);
    if (value !== undefined) yield { seq, value };
  }
}

function rowKeyOf(value: Uint8Array): Uint8Array {
  try {
    return chunkKey(parseHeader(value).id);
  } catch (error) {
    if (!isVaultError(error)) throw error;
    return metaKey(metaPrefix.chunk);
  }
}

/** A set of sequence numbers, one bit each. */
class SeqSet {
  readonly #bits: Uint8Array;

  constructor(size: number) {
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  add(seq: number): void {
    const at = Math.floor(seq / 8);
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (seq % 8));
  }

  has(seq: number): boolean {
    return ((this.#bits[Math.floor(seq / 8)] ?? 0) & (1 << (seq % 8))) !== 0;
  }
}
