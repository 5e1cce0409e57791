import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { CommandRunner, commands } from './file-system-commands.ts';

test('the simulated file system does what Linux does, whatever the commands', (t) => {
  if (!skipUnless(t, { platforms: ['linux'] })) return;
  const umask = process.umask(0o022);
  t.after(() => process.umask(umask));
  const real = realFileSystem();
  const directory = tempDir(t);
  let run = 0;
  fc.assert(
    fc.property(commands, (list) => {
      const bottom = `${directory}/${run++}`;
      real.makeDirectories(bottom + DEEP);
      const memory = new MemoryFileSystem({ clock: new VirtualClock() });
      memory.makeDirectories(DEEP);
      const ofReal = new CommandRunner(real, bottom + DEEP);
      const ofMemory = new CommandRunner(memory, DEEP);
      try {
        for (const [index, command] of list.entries()) {
          const actual = ofMemory.run(command);
          // What would leave the directory by `..` must never reach the real disk.
          if (!isUntouchedAbove(memory)) return;
          const expected = ofReal.run(command);
          assert.deepEqual(actual, expected, `command ${index}: ${JSON.stringify(command)}`);
        }
        assert.deepEqual(ofMemory.tree(), ofReal.tree());
      } finally {
        ofReal.end();
        ofMemory.end();
        real.removeTree(bottom);
      }
    }),
    { numRuns: process.env['VAULT_SLOW'] === '1' ? 20_000 : 1000 },
  );
});

/** The commands work at the end of this path: deeper than any of them can climb by reading. */
const DEEP = '/1/2/3/4/5/6/7/8';

function isUntouchedAbove(memory: MemoryFileSystem): boolean {
  for (let at = DEEP; at !== ''; at = dirname(at).replace(/\/$/, '')) {
    const [only, ...others] = memory.list(dirname(at));
    if (only?.name !== basename(at) || only.kind !== 'directory' || others.length > 0) return false;
  }
  return true;
}
