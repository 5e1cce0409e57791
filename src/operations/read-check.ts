/** The reading half of `verify`: every stored value opened, every row of the index held against it. */

import { concat, equalBytes, mapKey } from '../bytes.ts';
import { parseHeader } from '../crypto/sealed-value.ts';
import type { CheckTableInput, CheckedTable } from '../folder/check-table.ts';
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
import type { TableFile } from '../store/table-file.ts';
import type { OperationContext } from './operation.ts';
import type { VerifyOptions } from './whole-folder-options.ts';
import { ReadFindings, type SeqSet } from './read-findings.ts';
import type { Session } from './session.ts';

const BATCH_BYTES = 512 * 1024;
const BATCH_VALUES = 512;
const ID_BYTES = 32;
/** Values that the tables tell of twice, read from the store at once. */
const CONTESTED_AT_ONCE = 16;

interface SeqValue {
  readonly seq: number;
  readonly value: Uint8Array;
}

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
  const { store } = folder;
  const last = await store.chunks.lastSeq();
  const isWhole = options.sample === undefined && options.maxDurationMs === undefined;
  const tables = isWhole ? await store.chunks.tables('all') : undefined;
  const progress = ({ values, bytes }: ReadFindings): void =>
    context.emit({ type: 'progress', phase: `verify ${folder.name}`, files: values, bytes });
  let found = new ReadFindings(last + 1);
  let complete = true;
  if (
    tables === undefined ||
    !(await readTables(session, folder, tables, found, context, progress))
  ) {
    found = new ReadFindings(last + 1);
    const deadline = session.environment.clock.monotonicMs() + (options.maxDurationMs ?? Infinity);
    const values =
      options.sample === undefined
        ? store.chunks.scan(0)
        : sampled(folder, options.sample, last, session.environment.random.bytes(4));
    complete = await readValues(session, folder, values, deadline, found, context, progress);
  }
  const { values, bytes, badValues } = found;
  if (!complete || options.sample !== undefined) {
    const bad = await idsOf(folder, badValues);
    return { values, bytes, badValues, bad, mended: 0, complete: false, hasStrayEntries: false };
  }
  const hasStrayEntries = await leadsAstray(folder, found.entries);
  const rows = await checkRows(folder, found);
  return { values, bytes, badValues, ...rows, complete, hasStrayEntries };
}

/**
 * Has the workers read the tables themselves: no value passes through this thread or is mapped into
 * its memory. False where a table cannot be read as one: then the store is to be asked for what is left.
 */
async function readTables(
  session: Session,
  folder: OpenFolder,
  tables: readonly TableFile[],
  found: ReadFindings,
  { signal }: OperationContext,
  progress: (found: ReadFindings) => void,
): Promise<boolean> {
  const { pool } = session.environment;
  const { store, secrets } = folder;
  const answers = new Set<Promise<void>>();
  const ask = (told: unknown): Promise<void> => {
    const answer = found.addTable(told as CheckedTable, store.meta).then(() => progress(found));
    answers.add(answer);
    return answer;
  };
  // All are waited for, also the answer to one that was given up: it must find the store open.
  const read = await Promise.allSettled(
    tables.map(({ path }) => {
      const input: CheckTableInput = { secrets, path };
      return pool.run<CheckTableInput, boolean>('checkTable', input, { signal, ask });
    }),
  );
  await Promise.allSettled(answers);
  for (const one of read) if (one.status === 'rejected') throw one.reason;
  const contested = found.takeContested();
  for (let at = 0; at < contested.length; at += CONTESTED_AT_ONCE) {
    const seqs = contested.slice(at, at + CONTESTED_AT_ONCE);
    const values = await store.getValues(seqs);
    const there = values.flatMap((value, index) =>
      value === undefined ? [] : [{ seq: seqs[index] ?? -1, value }],
    );
    await checkBatch(session, folder, there, found, signal);
  }
  return read.every((one) => one.status === 'fulfilled' && one.value);
}

/** Has the workers open values that the store gives. False where the time was over before the last. */
async function readValues(
  session: Session,
  folder: OpenFolder,
  values: AsyncIterable<SeqValue>,
  deadline: number,
  found: ReadFindings,
  { signal }: OperationContext,
  progress: (found: ReadFindings) => void,
): Promise<boolean> {
  const { clock, pool } = session.environment;
  const tasks = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const check = async (batch: readonly SeqValue[]): Promise<void> => {
    const task = checkBatch(session, folder, batch, found, signal)
      .then(() => progress(found))
      .catch((error: unknown) => {
        failures.push(error);
      })
      .finally(() => tasks.delete(task));
    tasks.add(task);
    while (tasks.size >= pool.lanes * 2) await Promise.race(tasks);
    if (failures.length > 0) throw failures[0];
  };

  let batch: SeqValue[] = [];
  let batchBytes = 0;
  let complete = true;
  try {
    for await (const value of values) {
      signal.throwIfAborted();
      batch.push(value);
      batchBytes += value.value.length;
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
  return complete;
}

async function checkBatch(
  session: Session,
  folder: OpenFolder,
  batch: readonly SeqValue[],
  found: ReadFindings,
  signal: AbortSignal,
): Promise<void> {
  if (batch.length === 0) return;
  const lengths = Uint32Array.from(batch, ({ value }) => value.length);
  const bytes = Buffer.concat(batch.map(({ value }) => value));
  const input: CheckValuesInput = { secrets: folder.secrets, bytes, lengths };
  const problems = await session.environment.pool.run<CheckValuesInput, (string | undefined)[]>(
    'checkValues',
    input,
    { signal },
  );
  const sound: SeqValue[] = [];
  problems.forEach((problem, index) => {
    const one = batch[index] as SeqValue;
    if (problem === undefined) sound.push(one);
    else found.addBad(one.seq, problem);
  });
  const headers = sound.map(({ value }) => parseHeader(value));
  await found.addSound(
    {
      seqs: Float64Array.from(sound, ({ seq }) => seq),
      types: Uint8Array.from(headers, ({ type }) => type),
      ids: concat(...headers.map(({ id }) => id)),
      lengths: Uint32Array.from(sound, ({ value }) => value.length),
    },
    folder.store.meta,
  );
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
  { good, badValues, strays }: ReadFindings,
): Promise<{ bad: Map<string, string>; mended: number }> {
  const bad = new Map<string, string>();
  const mended: MetaOperation[] = [];
  await dropDuplicates(folder, good, strays);
  for await (const { key, value } of folder.store.meta.scan(metaRange(metaKey(metaPrefix.chunk)))) {
    const id = key.subarray(1);
    // A damaged key of whatever row: of what it stood for the index knows by other means.
    if (id.length !== ID_BYTES) {
      mended.push({ type: 'delete', key });
      continue;
    }
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
): AsyncGenerator<SeqValue> {
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
