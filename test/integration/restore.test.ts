import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { startVault } from '../helpers/run-vault.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { TestNode } from '../helpers/test-node.ts';
import { assertSameTree, treeOf } from '../helpers/tree.ts';
import { eventually } from '../helpers/wait.ts';
import { CommandHost } from './command-host.ts';

// What commands do is tested here, not that each is a process.
const host = new CommandHost();
after(() => host.close());

function put(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** A folder with a snapshot of these files. */
async function kept(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<TestNode & { to: string }> {
  const node = await TestNode.make(t, host);
  put(node.work, files);
  await node.done('snapshot');
  return Object.assign(node, { to: join(node.directory, 'to') });
}

const temporaries = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.includes('.vault-'),
  );

test('restore never writes through a symlink of its destination', async (t) => {
  const node = await kept(t, { 'dir/file': 'kept', 'dir/deep/file': 'kept', top: 'kept' });
  symlinkSync('file', join(node.work, 'link'));
  await node.done('snapshot');
  const outside = join(node.directory, 'outside');
  put(outside, { file: 'theirs', 'deep/file': 'theirs', top: 'theirs' });
  mkdirSync(node.to);
  symlinkSync(outside, join(node.to, 'dir'));
  symlinkSync(join(outside, 'top'), join(node.to, 'top'));
  symlinkSync(join(outside, 'new'), join(node.to, 'link'));
  const before = treeOf(outside);
  const untouched = (): void => assertSameTree(treeOf(outside), before, 'outside of it');

  for (const mode of ['never', 'if-changed']) {
    const lines = await node.json(3, 'restore', '-f', 'work', '--to', node.to, '--overwrite', mode);
    assert.equal(lines.at(-1)?.['errors'], 1, mode);
    const warning = lines.find(({ type }) => type === 'warning');
    assert.equal(warning?.['path'], 'dir');
    untouched();
    assert.ok(lstatSync(join(node.to, 'dir')).isSymbolicLink());
  }
  // What was in the way of a file is replaced where that was allowed, itself and not its target.
  assert.ok(lstatSync(join(node.to, 'top')).isFile());

  await node.done('restore', '-f', 'work', '--to', node.to, '--overwrite', 'always');
  untouched();
  assertSameTree(treeOf(node.to), treeOf(node.work), 'all of it is there');

  // One chosen path below it is no way around.
  rmSync(join(node.to, 'dir'), { recursive: true });
  symlinkSync(outside, join(node.to, 'dir'));
  await node.json(3, 'restore', '-f', 'work', 'dir/deep/file', '--to', node.to);
  untouched();
});

test('a restore that was killed is finished by the next', async (t) => {
  const node = await TestNode.make(t, host);
  const random = seededRandom('killed restore');
  for (let index = 0; index < 200; index++)
    put(node.work, { [`small/${index}`]: `small ${index}` });
  for (let index = 0; index < 3; index++) {
    writeFileSync(join(node.work, `large ${index}`), random.bytes(12_000_000));
  }
  await node.done('snapshot');
  const to = join(node.directory, 'to');
  for (let round = 0; round < 3; round++) {
    const child = startVault(
      { home: node.home, passphrase: undefined },
      'restore',
      '-f',
      'work',
      '--to',
      to,
    );
    child.stdout.resume();
    child.stderr.resume();
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve());
    });
    await eventually('a temporary file', () => {
      return child.exitCode !== null || (existsSync(to) && temporaries(to).length > 0);
    });
    child.kill('SIGKILL');
    await ended;
  }
  const summary = await node.done('restore', '-f', 'work', '--to', to, '--verify');
  assert.equal(Number(summary['files']) + Number(summary['skipped']), 203);
  assert.deepEqual(temporaries(to), []);
  assertSameTree(treeOf(to), treeOf(node.work), 'after three kills');
});
