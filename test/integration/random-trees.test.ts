import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { describeTree, OTHER } from '../helpers/file-system-tree.ts';
import {
  memoryEnvironment,
  realEnvironment,
  type TestEnvironment,
} from '../helpers/test-environment.ts';
import { skipUnless } from '../helpers/requires.ts';
import { runSeed } from '../helpers/seeded.ts';
import { inVault, makeHome, operationContext } from '../helpers/test-home.ts';
import { applyEdit, stories, type Edit, type EditedTree } from './random-edits.ts';

const seed = runSeed();
const isLong = process.env['VAULT_SLOW'] === '1';

/** A description without the times of files that only were touched: those keep their version's. */
function withoutTimes(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).map(([path, text]) => [path, text.replace(/, -?\d+$/, '')]),
  );
}

/** What can be stored, and the paths of what cannot. */
function storable(tree: Record<string, string>): {
  tree: Record<string, string>;
  others: string[];
} {
  const entries = Object.entries(tree);
  const others = entries.filter(([, text]) => text === OTHER).map(([path]) => path);
  return { tree: Object.fromEntries(entries.filter(([, text]) => text !== OTHER)), others };
}

async function everyStateRestores(
  environment: TestEnvironment,
  root: string,
  edits: readonly (readonly Edit[])[],
  makeOther: EditedTree['makeOther'],
  pass: () => void,
): Promise<void> {
  const { fileSystem: fs } = environment;
  const [work, home, out] = [`${root}/work`, `${root}/home`, `${root}/out`];
  fs.makeDirectories(work);
  await makeHome(environment, home);
  const states: { snapshot: string; tree: Record<string, string> }[] = [];
  await inVault(environment, home, (vault) => vault.folderAdd({ path: work }, operationContext()));
  for (const changes of edits) {
    for (const change of changes) applyEdit({ fs, root: work, makeOther }, change);
    pass();
    const context = operationContext();
    const result = await inVault(environment, home, (vault) =>
      vault.snapshot({ folders: [], yes: true }, context),
    );
    const { tree, others } = storable(describeTree(fs, work));
    assert.equal(result.errors, 0);
    // Each of them is told once.
    assert.deepEqual(
      context.warnings.toSorted(),
      others.map((path) => `${path}: not a file, directory or symlink`).toSorted(),
    );
    const kinds = Object.values(tree);
    const dirs = kinds.filter((text) => text === 'directory').length;
    assert.deepEqual([result.files, result.dirs], [kinds.length - dirs, dirs]);
    states.push({ snapshot: result.snapshot ?? '', tree });
  }
  for (const { snapshot, tree } of states) {
    fs.removeTree(out);
    const result = await inVault(environment, home, (vault) =>
      vault.restore(
        { folder: 'work', paths: [], cwd: '/', to: out, at: snapshot, verify: true },
        operationContext(),
      ),
    );
    assert.equal(result.errors + result.damaged + result.skipped, 0);
    assert.deepEqual(withoutTimes(describeTree(fs, out)), withoutTimes(tree));
  }
  // Of a first snapshot no file was only touched since. A real disk rounds times.
  if (states.length === 1 && fs instanceof MemoryFileSystem) {
    assert.deepEqual(describeTree(fs, out), states[0]?.tree);
  }
  const verified = await inVault(environment, home, (vault) =>
    vault.verify({ folders: [], read: true }, operationContext()),
  );
  assert.deepEqual([verified.damaged, verified.mended], [0, 0]);
}

test('whatever is done to a folder, every snapshot of it restores', async (t) => {
  t.diagnostic(`seed ${seed}`);
  await fc.assert(
    fc.asyncProperty(stories, fc.boolean(), async (edits, timeStandsStill) => {
      const environment = memoryEnvironment();
      let made = 0;
      const makeOther = (directory: string): void =>
        environment.fileSystem.makeOther(`${directory}/other ${made++}`);
      await everyStateRestores(environment, '/t', edits, makeOther, () => {
        if (!timeStandsStill) environment.clock.advance(10_000);
      });
    }),
    { numRuns: isLong ? 1500 : 80, seed },
  );
});

test('whatever is done to a folder on the real disk, every snapshot of it restores', async (t) => {
  if (!skipUnless(t, { programs: ['mkfifo'] })) return;
  t.diagnostic(`seed ${seed}`);
  let run = 0;
  const environment = realEnvironment(t);
  let made = 0;
  const makeOther = (directory: string): void => {
    const name = `other ${made++}`;
    execFileSync('mkfifo', [`${environment.directory}/${name}`]);
    environment.fileSystem.rename(`${environment.directory}/${name}`, `${directory}/${name}`);
  };
  await fc.assert(
    fc.asyncProperty(stories, (edits) =>
      everyStateRestores(
        environment,
        `${environment.directory}/${run++}`,
        edits,
        makeOther,
        () => undefined,
      ),
    ),
    { numRuns: isLong ? 400 : 25, seed },
  );
});
