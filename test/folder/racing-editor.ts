/**
 * A program that edits one file over and over: whenever it finds a content there that is not its own, it
 * writes one that it never wrote before, in place or by a rename. Ends after so many. It never writes
 * over an edit of its own that it could have seen: one that is not found in the end was lost by another.
 */

import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';

const [path = '', how = '', count = '0', seed = ''] = process.argv.slice(2);

function contentNow(): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

for (let turn = 0; turn < Number(count);) {
  const now = contentNow();
  if (!now.startsWith('ours')) continue;
  const edit = `edit ${seed} ${turn++}`;
  if (how === 'in place') {
    const file = openSync(path, 'w');
    writeSync(file, edit);
    closeSync(file);
  } else {
    writeFileSync(`${path}~`, edit);
    renameSync(`${path}~`, path);
  }
}
