import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat } from '../../src/bytes.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';
import { isTemporaryName } from '../../src/folder/look.ts';
import type { FileSystem } from '../../src/system/file-system.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { seededRandom } from '../../src/system/seeded-random.ts';
import { describeTree } from '../helpers/file-system-tree.ts';
import {
  memoryEnvironment,
  realEnvironment,
  type TestEnvironment,
} from '../helpers/test-environment.ts';
import { inVault, makeHome, operationContext } from '../helpers/test-home.ts';

/** A piece of a file: bytes no compressor shortens, text, or zeros. */
type Piece = readonly ['random' | 'text' | 'zeros', number, number];

type Edit =
  | {
      readonly do: 'write';
      readonly at: number;
      readonly name: string;
      readonly pieces: readonly Piece[];
    }
  | { readonly do: 'insert'; readonly at: number; readonly where: number; readonly piece: Piece }
  | { readonly do: 'directory' | 'remove' | 'mode'; readonly at: number; readonly name: string }
  | { readonly do: 'symlink'; readonly at: number; readonly name: string; readonly target: string }
  | { readonly do: 'rename'; readonly at: number; readonly to: number; readonly name: string }
  | { readonly do: 'touch'; readonly at: number; readonly mtimeNs: bigint };

const bytesName = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => pathFromBytes(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x41 : byte))));
const name = fc
  .oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom('a', 'b', 'c', 'A', 'é', 'e\u0301', '😀', ' ', '-', '\n'),
    },
    { weight: 2, arbitrary: bytesName },
    { weight: 1, arbitrary: fc.constantFrom('n'.repeat(255), '.vaultignore2', 'a:b', '\\', '...') },
  )
  .filter((text) => text !== '.' && text !== '..' && !isTemporaryName(text));
const piece: fc.Arbitrary<Piece> = fc.tuple(
  fc.constantFrom('random', 'text', 'zeros'),
  fc.oneof({ weight: 4, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.nat(300_000) }),
  fc.nat(5),
);
/** Which of the names there are, by position. */
const at = fc.nat(1_000_000);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      at,
      name,
      pieces: fc.array(piece, { maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('insert' as const), at, where: at, piece }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('directory', 'remove', 'mode'), at, name }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('symlink' as const),
      at,
      name,
      target: fc.oneof(fc.constantFrom('a', '..', '/etc', 'no/where'), bytesName),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('rename' as const), at, to: at, name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('touch' as const),
      at,
      mtimeNs: fc
        .bigInt({ min: 0n, max: 4_000_000_000_000_000_000n })
        .map((ns) => ns - (ns % 1000n)),
    }),
  },
);
/** Edits between two snapshots, any number of times. */
const story = fc.array(fc.array(edit, { maxLength: 12 }), { minLength: 1, maxLength: 4 });

/** Unlikely edits are no edits: nothing is there to be removed, or something is in the way. */
function apply(fs: FileSystem, root: string, change: Edit): void {
  const { directories, others } = namesBelow(fs, root);
  const directory = directories[change.at % directories.length] ?? root;
  const entry = others[change.at % Math.max(1, others.length)];
  switch (change.do) {
    case 'write': {
      const path = `${directory}/${change.name}`;
      if (fs.statIfPresent(path)?.kind === 'directory') return;
      replace(fs, path, concat(...change.pieces.map(bytesOf)));
      return;
    }
    case 'directory':
      if (!fs.statIfPresent(`${directory}/${change.name}`)) {
        fs.makeDirectory(`${directory}/${change.name}`);
      }
      return;
    case 'symlink':
      if (!fs.statIfPresent(`${directory}/${change.name}`)) {
        fs.makeSymlink(change.target, `${directory}/${change.name}`);
      }
      return;
    case 'rename': {
      const target = `${directories[change.to % directories.length] ?? root}/${change.name}`;
      if (entry === undefined || `${target}/`.startsWith(`${entry}/`)) return;
      if (fs.statIfPresent(target) === undefined) fs.rename(entry, target);
      return;
    }
    case 'remove':
      if (entry !== undefined) fs.removeTree(entry);
      return;
    case 'mode':
      if (entry !== undefined && fs.stat(entry).kind === 'file') {
        fs.setMode(entry, fs.stat(entry).mode ^ 0o100);
      }
      return;
    case 'insert': {
      if (entry === undefined || fs.stat(entry).kind !== 'file') return;
      const old = fs.readFile(entry);
      const where = change.where % (old.length + 1);
      replace(
        fs,
        entry,
        concat(old.subarray(0, where), bytesOf(change.piece), old.subarray(where)),
      );
      return;
    }
    case 'touch':
      if (entry !== undefined) fs.setModified(entry, change.mtimeNs);
  }
}

function replace(fs: FileSystem, path: string, content: Uint8Array): void {
  if (fs.statIfPresent(path)) fs.removeFile(path);
  const file = fs.open(path, { mode: 'create' });
  file.write(content, 0);
  file.close();
}

function bytesOf([kind, length, seed]: Piece): Uint8Array {
  if (kind === 'random') return seededRandom(`piece ${seed}`).bytes(length);
  return new Uint8Array(length).fill(kind === 'zeros' ? 0 : 0x61 + seed);
}

function namesBelow(fs: FileSystem, root: string): { directories: string[]; others: string[] } {
  const directories = [root];
  const others: string[] = [];
  const walk = (directory: string): void => {
    const entries = fs.list(directory).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = `${directory}/${entry.name}`;
      others.push(path);
      if (entry.kind !== 'directory') continue;
      directories.push(path);
      walk(path);
    }
  };
  walk(root);
  return { directories, others };
}

/** A description without the times of files that only were touched: those keep their version's. */
function withoutTimes(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tree).map(([path, text]) => [path, text.replace(/, -?\d+$/, '')]),
  );
}

async function everyStateRestores(
  environment: TestEnvironment,
  root: string,
  edits: readonly (readonly Edit[])[],
  pass: () => void,
): Promise<void> {
  const { fileSystem: fs } = environment;
  const [work, home, out] = [`${root}/work`, `${root}/home`, `${root}/out`];
  fs.makeDirectories(work);
  await makeHome(environment, home);
  const states: { snapshot: string; tree: Record<string, string> }[] = [];
  await inVault(environment, home, (vault) => vault.folderAdd({ path: work }, operationContext()));
  for (const changes of edits) {
    for (const change of changes) apply(fs, work, change);
    pass();
    const context = operationContext();
    const result = await inVault(environment, home, (vault) =>
      vault.snapshot({ folders: [], yes: true }, context),
    );
    assert.deepEqual([result.errors, context.warnings], [0, []]);
    const tree = describeTree(fs, work);
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

test('whatever is done to a folder, every snapshot of it restores', async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.boolean(), async (edits, timeStandsStill) => {
      const environment = memoryEnvironment();
      await everyStateRestores(environment, '/t', edits, () => {
        if (!timeStandsStill) environment.clock.advance(10_000);
      });
    }),
    { numRuns: 80 },
  );
});

test('whatever is done to a folder on the real disk, every snapshot of it restores', async (t) => {
  let run = 0;
  const environment = realEnvironment(t);
  await fc.assert(
    fc.asyncProperty(story, (edits) =>
      everyStateRestores(environment, `${environment.directory}/${run++}`, edits, () => undefined),
    ),
    { numRuns: 12 },
  );
});
