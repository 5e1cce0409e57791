/** Somebody who has nothing yet but a directory with a file. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { runVault } from '../helpers/run-vault.ts';
import { TestNode } from '../helpers/test-node.ts';

/** No home, and `notes.txt` in the directory `work`. A daemon that comes to be in the background ends with the test. */
export function newUser(t: TestContext): TestNode {
  let home = '';
  // Before the directory is removed.
  t.after(async () => {
    const { exit, stderr } = await runVault({ home, passphrase: undefined, cwd: '/' }, 'stop');
    assert.equal(exit, 0, stderr);
  });
  const node = TestNode.bare(t);
  home = node.home;
  writeFileSync(join(node.work, 'notes.txt'), 'notes');
  return node;
}
