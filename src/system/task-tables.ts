import type { TaskTable } from './worker-pool.ts';

/** All tasks in one table. Throws `TypeError` for a module without tasks and for a name given twice. */
export function mergeTaskTables(tables: readonly TaskTable[]): TaskTable {
  const merged: Record<string, TaskTable[string]> = {};
  for (const table of tables) {
    if (typeof table !== 'object') {
      throw new TypeError('expected a module that exports tasks, got one without');
    }
    for (const [name, task] of Object.entries(table)) {
      if (Object.hasOwn(merged, name)) {
        throw new TypeError(`expected one task named ${name}, got two`);
      }
      merged[name] = task;
    }
  }
  return merged;
}
