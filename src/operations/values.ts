/** Answers workers that ask for sealed values, or where they lie. */

import type {
  PlacesQuestion,
  ValuePlaces,
  ValuesAnswer,
  ValuesQuestion,
} from '../folder/value-source.ts';
import type { FolderStore } from '../store/folder-store.ts';
import type { TableMap } from '../store/table-file.ts';

/** Of fewer values in one table, reading its index costs more than asking for them. */
const VALUES_PER_TABLE = 4;
/** Tables that one answer names: each is an open file of its lane. */
const MOST_TABLES = 32;

/** The answer to a question of a `ValueSource`; about places only where there are `tables`. */
export async function answerValues(
  store: FolderStore,
  question: unknown,
  tables?: TableMap,
): Promise<ValuesAnswer | ValuePlaces> {
  const { ask, ids } = question as ValuesQuestion | PlacesQuestion;
  const list: Uint8Array[] = [];
  for (let at = 0; at < ids.length; at += 32) list.push(ids.subarray(at, at + 32));
  if (ask === 'values') return sealedValues(store, list);
  if (tables === undefined)
    throw new TypeError('expected a question for values, got one for places');
  return placesOf(store, list, tables);
}

/** Where these values lie, and the tables worth reading for them. Throws as `FolderStore.placesOf`. */
export async function placesOf(
  store: FolderStore,
  ids: readonly Uint8Array[],
  tables: TableMap,
): Promise<ValuePlaces> {
  const seqs = Float64Array.from(await store.placesOf(ids));
  return { seqs, tables: tables.covering(seqs, VALUES_PER_TABLE, MOST_TABLES) };
}

/** The values one after another in one new array. */
async function sealedValues(store: FolderStore, ids: readonly Uint8Array[]): Promise<ValuesAnswer> {
  const values = await store.getSealed(ids);
  const lengths = Uint32Array.from(values, (value) => value?.length ?? 0);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const value of values) {
    if (value === undefined) continue;
    bytes.set(value, at);
    at += value.length;
  }
  return { bytes, lengths };
}
