/** Numbers that stand for logs in rows of `meta/`; local to one store and made anew with it. */

import { fromHex, toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_LOGS } from '../limits.ts';
import { metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaOperation, MetaReader } from '../store/meta-store.ts';
import type { LogNumbers } from './path-index.ts';
import type { LogId } from './types.ts';

export class LogNumberTable implements LogNumbers {
  readonly #logs: LogId[] = [];
  readonly #numbers = new Map<LogId, number>();

  /** The table as it is stored. Throws `VAULT_DAMAGED` where rows are missing or malformed. */
  static async load(meta: MetaReader): Promise<LogNumberTable> {
    const table = new LogNumberTable();
    for await (const { key, value } of meta.scan(metaRange(metaKey(metaPrefix.logNumber)))) {
      const number = key.length === 3 ? (key[1] ?? 0) * 256 + (key[2] ?? 0) : -1;
      if (number !== table.#logs.length || value.length !== 32) {
        throw new VaultError('VAULT_DAMAGED', 'the numbers of logs are damaged');
      }
      table.#push(toHex(value));
    }
    return table;
  }

  /** Gives `log` a number if it has none; the rows that record it. */
  add(log: LogId): MetaOperation[] {
    if (this.#numbers.has(log)) return [];
    if (this.#logs.length >= MAX_LOGS) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', `more than ${MAX_LOGS} logs in one folder`);
    }
    const number = this.#push(log);
    const key = metaKey(metaPrefix.logNumber, Uint8Array.of(number >> 8, number & 0xff));
    return [{ type: 'put', key, value: fromHex(log) }];
  }

  has(log: LogId): boolean {
    return this.#numbers.has(log);
  }

  number(log: LogId): number {
    const number = this.#numbers.get(log);
    if (number === undefined) throw new RangeError('expected a log that was added');
    return number;
  }

  log(number: number): LogId | undefined {
    return this.#logs[number];
  }

  /** The log whose id begins with `prefix`. Throws `VAULT_DAMAGED` where there is none. */
  byPrefix(prefix: string): LogId {
    const found = this.#logs.find((log) => log.startsWith(prefix));
    if (found === undefined) throw new VaultError('VAULT_DAMAGED', 'a row names an unknown log');
    return found;
  }

  #push(log: LogId): number {
    this.#numbers.set(log, this.#logs.length);
    return this.#logs.push(log) - 1;
  }
}
