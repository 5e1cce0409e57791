import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { FileSystem } from '../../src/system/file-system.ts';
import type { StartWatch, TreeWatch, WatchTrouble } from '../../src/system/tree-watch.ts';
import { eventually } from '../helpers/wait.ts';

/** A way to watch, and a tree to watch. */
export interface WatchCase {
  readonly start: StartWatch;
  readonly fileSystem: FileSystem;
  /** An empty directory. */
  readonly root: string;
}

/** What a watch told. */
export class ToldHints {
  readonly hints = new Set<string>();
  readonly troubles: (WatchTrouble | undefined)[] = [];
  overflows = 0;

  /** Begins a watch that tells everything here. */
  watching(start: StartWatch, root: string): TreeWatch {
    return start(root, {
      onHint: (directory, name) => this.hints.add(`${directory}|${name ?? '*'}`),
      onOverflow: () => this.overflows++,
      onTrouble: (trouble) => this.troubles.push(trouble),
    });
  }

  has(directory: string, name: string): boolean {
    return this.hints.has(`${directory}|${name}`) || this.hints.has(`${directory}|*`);
  }

  /**
   * Does something, again and again for watches that need time to begin, until something in the directory
   * is told, for this name or any; then forgets all.
   */
  async comes(directory: string, name: string, act: (round: number) => void): Promise<void> {
    let round = 0;
    let next = 0;
    await eventually(`a hint at ${directory}/${name}`, () => {
      if (this.has(directory, name)) return true;
      if (performance.now() >= next) {
        act(++round);
        next = performance.now() + 200;
      }
      return this.has(directory, name);
    });
    this.hints.clear();
  }
}

/** Writes so many bytes to a file, made where it is missing. */
function write(fileSystem: FileSystem, path: string, bytes: number): void {
  const isThere = fileSystem.statIfPresent(path) !== undefined;
  const file = fileSystem.open(path, { mode: isThere ? 'write' : 'create' });
  file.write(new Uint8Array(bytes), 0);
  file.close();
}

/** Makes a directory where there is none, and removes it where there is. */
function toggle(fileSystem: FileSystem, path: string): void {
  if (fileSystem.statIfPresent(path) === undefined) fileSystem.makeDirectory(path);
  else fileSystem.removeTree(path);
}

/** What every watch must do. */
export function treeWatchContract(
  kind: string,
  make: (t: TestContext) => WatchCase,
  { isWhole = false }: { readonly isWhole?: boolean } = {},
): void {
  interface Running extends WatchCase {
    readonly watch: TreeWatch;
    readonly told: ToldHints;
  }
  const rule = (title: string, run: (one: Running) => Promise<void>): void =>
    void test(`${kind}: ${title}`, async (t) => {
      const one = make(t);
      const told = new ToldHints();
      const watch = told.watching(one.start, one.root);
      t.after(() => watch.close());
      watch.enter('');
      await run({ ...one, watch, told });
      assert.deepEqual(
        told.troubles.filter((trouble) => trouble !== undefined),
        [],
      );
    });

  rule('tells where a file is made, written, renamed and removed', async (one) => {
    const { told, fileSystem, root } = one;
    const [plan, later] = [`${root}/plan`, `${root}/later`];
    await told.comes('', 'plan', (round) => write(fileSystem, plan, round));
    await told.comes('', 'plan', (round) => write(fileSystem, plan, 100 + round));
    await told.comes('', 'later', (round) =>
      round % 2 === 1 ? fileSystem.rename(plan, later) : fileSystem.rename(later, plan),
    );
    await told.comes('', 'last', (round) => {
      write(fileSystem, `${root}/last`, round);
      fileSystem.removeFile(`${root}/last`);
      if (round % 2 === 0) write(fileSystem, `${root}/last`, round);
    });
  });

  rule('tells what changes in a directory that was just made and entered', async (one) => {
    const { watch, told, fileSystem, root } = one;
    await told.comes('', 'a', () => toggle(fileSystem, `${root}/a`));
    fileSystem.makeDirectories(`${root}/a/b/c`);
    for (const directory of ['a', 'a/b', 'a/b/c']) watch.enter(directory);
    await told.comes('a/b/c', 'plan', (round) => write(fileSystem, `${root}/a/b/c/plan`, round));
  });

  rule('follows a directory that is moved, once it is entered there', async (one) => {
    const { watch, told, fileSystem, root } = one;
    fileSystem.makeDirectories(`${root}/a/b`);
    for (const directory of ['a', 'a/b']) watch.enter(directory);
    const [a, moved] = [`${root}/a`, `${root}/moved`];
    await told.comes('', 'moved', (round) =>
      round % 2 === 1 ? fileSystem.rename(a, moved) : fileSystem.rename(moved, a),
    );
    if (fileSystem.statIfPresent(moved) === undefined) fileSystem.rename(a, moved);
    await told.comes('moved/b', 'plan', (round) => {
      for (const directory of ['moved', 'moved/b']) watch.enter(directory);
      write(fileSystem, `${moved}/b/plan`, round);
    });
  });

  rule('goes on in a directory that was removed and made again', async (one) => {
    const { watch, told, fileSystem, root } = one;
    for (let count = 0; count < 2; count++) {
      await told.comes('', 'a', () => toggle(fileSystem, `${root}/a`));
      fileSystem.makeDirectories(`${root}/a`);
      await told.comes('a', 'plan', (round) => {
        watch.enter('a');
        write(fileSystem, `${root}/a/plan`, round);
      });
      await told.comes('', 'a', () => toggle(fileSystem, `${root}/a`));
      fileSystem.removeTree(`${root}/a`);
    }
  });

  rule('takes a directory named like the one that holds it for what it is', async (one) => {
    const { watch, told, fileSystem, root } = one;
    const name = root.slice(root.lastIndexOf('/') + 1);
    fileSystem.makeDirectory(`${root}/other`);
    watch.enter('other');
    await told.comes('', name, () => toggle(fileSystem, `${root}/${name}`));
    await told.comes('other', 'plan', (round) => write(fileSystem, `${root}/other/plan`, round));
  });

  rule('tells nothing once it is closed', async (one) => {
    const { watch, told, fileSystem, root } = one;
    await watch.close();
    await watch.close();
    told.hints.clear();
    const other = new ToldHints();
    const second = other.watching(one.start, root);
    second.enter('');
    for (const name of ['', 'a']) {
      watch.enter(name);
      watch.prefer(name);
    }
    await other.comes('', 'plan', (round) => write(fileSystem, `${root}/plan`, round));
    await second.close();
    assert.deepEqual([...told.hints], []);
  });

  if (isWhole) return;
  rule('tells nothing of directories that were not entered', async (one) => {
    const { told, fileSystem, root } = one;
    await told.comes('', 'a', () => toggle(fileSystem, `${root}/a`));
    fileSystem.makeDirectories(`${root}/a`);
    await told.comes('', 'plan', (round) => {
      write(fileSystem, `${root}/a/plan`, round);
      write(fileSystem, `${root}/plan`, round);
    });
    assert.ok(!told.has('a', 'plan'));
  });
}
