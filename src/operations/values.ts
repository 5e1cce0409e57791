/** Answers workers that ask for sealed values. */

import type { ValuesAnswer, ValuesQuestion } from '../folder/restore-files.ts';
import type { FolderStore } from '../store/folder-store.ts';

/** The values of the ids in question, one after another in one new array. */
export async function answerValues(store: FolderStore, question: unknown): Promise<ValuesAnswer> {
  const { ids } = question as ValuesQuestion;
  const list: Uint8Array[] = [];
  for (let at = 0; at < ids.length; at += 32) list.push(ids.subarray(at, at + 32));
  const values = await store.getSealed(list);
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
