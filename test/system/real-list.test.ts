import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { FileError, type DirectoryEntry } from '../../src/system/file-system.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { listOneByOne, realList } from '../../src/system/real-list.ts';
import { writeFile } from '../helpers/files.ts';
import { tempDir } from '../helpers/temp-dir.ts';

function sorted(entries: DirectoryEntry[]): DirectoryEntry[] {
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

test('both ways of listing give the same, whatever the names', (t) => {
  const files = realFileSystem();
  const directory = tempDir(t);
  const names = ['plain', 'é', '\ufffd', '😀 \u2028', 'line\nbreak', '\udcff', 'a\udc80\udc81b'];
  for (const name of names) {
    try {
      files.makeDirectory(`${directory}/${name}`);
    } catch (error) {
      // Some systems take UTF-8 only.
      if (!(error instanceof FileError && error.code === 'EILSEQ')) throw error;
      continue;
    }
    writeFile(files, `${directory}/${name}/file`, utf8(name.toWellFormed()));
    files.makeSymlink('nowhere', `${directory}/${name}/symlink`);
    for (const path of [directory, `${directory}/${name}`]) {
      assert.deepEqual(sorted(listOneByOne(path)), sorted(realList(path)), name);
    }
  }
  assert.ok(realList(directory).length >= 5);
});
