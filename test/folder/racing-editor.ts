/**
 * A program that edits one file over and over: whenever it finds something there that it did not write,
 * it writes a content that it never wrote before, in place or by a rename. Ends after so many.
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
  if (now.startsWith('edit ')) continue;
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
