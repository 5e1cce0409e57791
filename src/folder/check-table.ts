/** Worker task: reads one table of the chunk store, opens its values and recomputes their ids. */

import { concat } from '../bytes.ts';
import { parseHeader } from '../crypto/sealed-value.ts';
import { isVaultError, systemCode } from '../errors.ts';
import { tableValues } from '../store/table-values.ts';
import type { OpenFile } from '../system/file-system.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import { contentCodec } from './content-codec.ts';

export interface CheckTableInput {
  readonly secrets: string;
  /** Path of the table. */
  readonly path: string;
}

/** What a stretch of a table holds. */
export interface CheckedTable {
  /** Of the sound values, in order. */
  readonly seqs: Float64Array;
  readonly types: Uint8Array;
  /** 32 bytes each. */
  readonly ids: Uint8Array;
  readonly lengths: Uint32Array;
  readonly bad: readonly { readonly seq: number; readonly problem: string }[];
  /** Sequence numbers whose value this table says was deleted. */
  readonly deleted: Float64Array;
}

/** Values told of at once. */
const AT_ONCE = 2048;

/**
 * Tells its caller of all values, some at a time. False where the table cannot be read as one, or
 * was removed: then what was told is only some of it.
 */
export async function checkTable(input: CheckTableInput, context: TaskContext): Promise<boolean> {
  const codec = await contentCodec(context.settings.get(input.secrets));
  let file: OpenFile;
  try {
    file = context.fileSystem.open(input.path, { mode: 'read' });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
  try {
    const values = tableValues(file);
    if (values === undefined) return false;
    let told = new Told();
    for (const { seq, value } of values) {
      if (value === undefined) told.deleted.push(seq);
      else {
        try {
          codec.check(value);
          told.add(seq, value);
        } catch (error) {
          if (!isVaultError(error)) throw error;
          told.bad.push({ seq, problem: error.message });
        }
      }
      if (told.size < AT_ONCE) continue;
      await context.ask(told.columns());
      told = new Told();
    }
    await context.ask(told.columns());
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  } finally {
    file.close();
  }
}

class Told {
  readonly deleted: number[] = [];
  readonly bad: { seq: number; problem: string }[] = [];
  readonly #seqs: number[] = [];
  readonly #types: number[] = [];
  readonly #ids: Uint8Array[] = [];
  readonly #lengths: number[] = [];

  get size(): number {
    return this.#seqs.length + this.deleted.length + this.bad.length;
  }

  add(seq: number, value: Uint8Array): void {
    const { type, id } = parseHeader(value);
    this.#seqs.push(seq);
    this.#types.push(type);
    this.#ids.push(id.slice());
    this.#lengths.push(value.length);
  }

  columns(): CheckedTable {
    return {
      seqs: Float64Array.from(this.#seqs),
      types: Uint8Array.from(this.#types),
      ids: concat(...this.#ids),
      lengths: Uint32Array.from(this.#lengths),
      bad: this.bad,
      deleted: Float64Array.from(this.deleted),
    };
  }
}
