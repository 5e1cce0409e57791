/**
 * What a small edit of a huge file costs after a member was removed: on this disk, with real stores, a file of N MiB is
 * recorded, a member is removed, which begins a new epoch, and five bytes are inserted in the middle of the file.
 *
 *   node build/bench/removal.js [--mib 2048] [--scratch DIR]
 *
 * One line of JSON with the bytes newly stored by the snapshot after it. Exits with 1 where they are more than 512 KiB. The
 * file lies on the disk once in the clear and once sealed; all is removed.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemEnvironment } from '../src/home/system-environment.ts';
import { openVault, type Vault } from '../src/vault.ts';
import { makeConflict } from '../test/helpers/joined-in-memory.ts';
import { makeHome, operationContext } from '../test/helpers/test-home.ts';
import { writeInsertedFile } from './inputs/inserted-file.ts';

const MIB = 1024 * 1024;
const MOST_BYTES = 512 * 1024;
const FOLDER = 'work';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '2048' },
    scratch: { type: 'string', default: tmpdir() },
  },
});
const size = Number(values.mib) * MIB;
if (!Number.isSafeInteger(size) || size < MIB)
  throw new RangeError(`expected MiB, got ${values.mib}`);

/** Opens the home with its device key, does `work`, and closes it. */
async function inHome<T>(home: string, work: (vault: Vault) => Promise<T>): Promise<T> {
  const vault = await openVault({
    home,
    secret: () => Promise.resolve(undefined),
    waitLockMs: 0,
    signal: new AbortController().signal,
  });
  try {
    return await work(vault);
  } finally {
    await vault.close();
  }
}

/** Bytes that a snapshot stored. */
function stored(home: string): Promise<number> {
  return inHome(home, async (vault) => {
    const { storedBytes } = await vault.snapshot({ folders: [FOLDER] }, operationContext());
    return storedBytes;
  });
}

const scratch = mkdtempSync(join(values.scratch, 'removal-'));
try {
  const [home, root] = [join(scratch, 'home'), join(scratch, FOLDER)];
  mkdirSync(root);
  await makeHome(systemEnvironment(), home);
  await inHome(home, (vault) => vault.folderAdd({ path: root, name: FOLDER }, operationContext()));
  const path = join(root, 'huge');
  writeInsertedFile(path, { seed: 'removal', size, isInserted: false });
  const first = await stored(home);
  // Another node joins, and is removed again.
  await makeConflict(home, FOLDER, 'small');
  const removed = { folder: FOLDER, node: 'elsewhere', yes: true };
  await inHome(home, (vault) => vault.memberRemove(removed, operationContext()));
  writeInsertedFile(path, { seed: 'removal', size, isInserted: true });
  const inserted = await stored(home);
  process.stdout.write(`${JSON.stringify({ bytes: size, first, inserted, most: MOST_BYTES })}\n`);
  if (inserted > MOST_BYTES) process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
