/** What worker lanes can do for folders: the module they load. */

import type { TaskTable } from '../system/worker-pool.ts';
import { checkEntry } from './check-entry.ts';
import { checkTable } from './check-table.ts';
import { checkValues } from './check-values.ts';
import { lookDirectories } from './look-directories.ts';
import { restoreFiles } from './restore-files.ts';
import { restorePart } from './restore-part.ts';
import { storeFiles } from './store-files.ts';
import { storeNodes } from './store-nodes.ts';
import { storeStretch } from './store-stretch.ts';

export const tasks: TaskTable = {
  checkEntry,
  checkTable,
  checkValues,
  lookDirectories,
  restoreFiles,
  restorePart,
  storeFiles,
  storeNodes,
  storeStretch,
};
