/**
 * The drop set: what this node pruned, forgot or squashed and therefore does not want again. Only an
 * explicit fetch takes something off it. The latest statement about a version or snapshot decides, in
 * whatever order the statements are read; of two at one time, the one that keeps.
 */

import { mapKey } from '../bytes.ts';
import type { Dot, DropSetRecord, HybridTime } from './types.ts';

interface Statement {
  readonly time: HybridTime;
  readonly isDrop: boolean;
}

export class DropSet {
  readonly #statements = new Map<string, Statement>();

  /** Takes in one record; the same again changes nothing. */
  apply(record: DropSetRecord): void {
    const statement = { time: record.time, isDrop: record.action === 'drop' };
    for (const dot of record.dots) this.#state(dotKey(dot), statement);
    for (const snapshot of record.snapshots) this.#state(snapshotKey(snapshot), statement);
  }

  /** Whether the body of this version is not wanted. */
  hasVersion(dot: Dot): boolean {
    return this.#statements.get(dotKey(dot))?.isDrop === true;
  }

  /** Whether this snapshot is not wanted. */
  hasSnapshot(id: Uint8Array): boolean {
    return this.#statements.get(snapshotKey(id))?.isDrop === true;
  }

  #state(key: string, statement: Statement): void {
    const other = this.#statements.get(key);
    if (other === undefined || isLater(statement, other)) this.#statements.set(key, statement);
  }
}

function isLater(a: Statement, b: Statement): boolean {
  return a.time > b.time || (a.time === b.time && b.isDrop && !a.isDrop);
}

function dotKey({ log, seq, index }: Dot): string {
  return `version ${log}/${seq}/${index}`;
}

function snapshotKey(id: Uint8Array): string {
  return `snapshot ${mapKey(id)}`;
}
