import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TestNode } from '../helpers/test-node.ts';
import { assertSameTree, treeOf } from '../helpers/tree.ts';
import { CommandHost } from './command-host.ts';

// What commands do is tested here, not that each is a process.
const host = new CommandHost();
after(() => host.close());

test('a folder whose files are all gone at once is not recorded as deleted', async (t) => {
  const node = await TestNode.make(t, host);
  for (const name of ['a', 'b', 'c/d']) {
    mkdirSync(join(node.work, name, '..'), { recursive: true });
    writeFileSync(join(node.work, name), name);
  }
  await node.done('snapshot');
  const away = join(node.directory, 'away');
  renameSync(node.work, away);

  const missing = await node.fails(23, 'snapshot');
  assert.equal(missing['code'], 'VAULT_REFUSED');
  assert.match(String(missing['message']), /is not there/);
  // An answer cannot make it right: there is nothing to look at.
  await node.fails(23, 'snapshot', '--yes');
  writeFileSync(node.work, 'a file');
  await node.fails(23, 'snapshot', '--yes');
  rmSync(node.work);

  mkdirSync(node.work);
  await node.fails(23, 'snapshot', '--no-input');
  const listed = await node.json(0, 'ls', '-f', 'work', '-R');
  assert.equal(listed.at(-1)?.['entries'], 4, 'nothing was recorded as deleted');
  const status = await node.json(3, 'status', '--check');
  assert.equal(status.at(-1)?.['pending'], 3);

  rmSync(node.work, { recursive: true });
  renameSync(away, node.work);
  const back = await node.done('snapshot');
  assert.deepEqual([back['added'], back['changed'], back['removed']], [0, 0, 0]);

  for (const name of ['a', 'b', 'c']) rmSync(join(node.work, name), { recursive: true });
  const emptied = await node.done('snapshot', '--yes');
  assert.deepEqual([emptied['files'], emptied['removed']], [0, 3]);
});

test('a deletion of more than half of a large folder asks first', async (t) => {
  const node = await TestNode.make(t, host);
  for (const [directory, count] of [
    ['many', 1100],
    ['few', 200],
  ] as const) {
    mkdirSync(join(node.work, directory));
    for (let index = 0; index < count; index++) {
      writeFileSync(join(node.work, directory, String(index)), `${index}`);
    }
  }
  await node.done('snapshot');
  rmSync(join(node.work, 'many'), { recursive: true });
  writeFileSync(join(node.work, 'new'), 'new');
  const refused = await node.fails(23, 'snapshot');
  assert.match(String(refused['message']), /1100 of 1300/);
  const summary = await node.done('snapshot', '--yes');
  // What the refused run had stored is compared with the last snapshot all the same.
  assert.deepEqual([summary['added'], summary['removed'], summary['files']], [1, 1100, 201]);
});

test('what is no file, directory or symlink is left out and said', async (t) => {
  const node = await TestNode.make(t, host);
  writeFileSync(join(node.work, 'file'), 'content');
  execFileSync('mkfifo', [join(node.work, 'pipe')]);
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(join(node.work, 'socket'), resolve);
  });
  try {
    const lines = await node.json(0, 'snapshot');
    const warned = lines.filter(({ type }) => type === 'warning').map(({ path }) => String(path));
    assert.deepEqual(warned.toSorted(), ['pipe', 'socket']);
    assert.deepEqual([lines.at(-1)?.['files'], lines.at(-1)?.['errors']], [1, 0]);
  } finally {
    server.close();
  }
  // A file that turned into one is gone.
  rmSync(join(node.work, 'file'));
  execFileSync('mkfifo', [join(node.work, 'file')]);
  writeFileSync(join(node.work, 'other'), 'other');
  assert.equal((await node.done('snapshot'))['removed'], 1);
});

test('a file that cannot be read is reported, and kept as it was', async (t) => {
  const user = process.getuid?.() === 0 ? 65_534 : undefined;
  const node = TestNode.bare(t, host);
  const secret = join(node.work, 'closed/file');
  mkdirSync(join(node.work, 'closed'));
  writeFileSync(secret, 'first');
  writeFileSync(join(node.work, 'open'), 'first');
  const own = (): void => {
    if (user !== undefined) execFileSync('chown', ['-R', String(user), node.directory]);
  };
  own();
  const as = (exit: number, ...args: string[]): Promise<Record<string, unknown>[]> =>
    node.jsonWith(user === undefined ? {} : { user }, exit, ...args);
  await as(0, 'init', '--device-key');
  await as(0, 'folder', 'add', node.work);
  const before = treeOf(node.work);
  await as(0, 'snapshot');

  for (const [path, errors] of [
    [secret, 1],
    [join(secret, '..'), 1],
  ] as const) {
    execFileSync('chmod', ['0', path]);
    writeFileSync(join(node.work, 'open'), `second ${path}`);
    own();
    const lines = await as(3, 'snapshot');
    const warning = lines.find(({ type }) => type === 'warning');
    assert.match(String(warning?.['message']), /EACCES/);
    const { errors: counted, removed, changed } = lines.at(-1) ?? {};
    // A changed mode is a changed stat: the file would have to be read again.
    assert.deepEqual([counted, removed, changed], [errors, 0, 1]);
  }
  execFileSync('chmod', ['755', join(secret, '..')]);
  execFileSync('chmod', ['644', secret]);
  const to = join(node.directory, 'to');
  await as(0, 'restore', '-f', 'work', 'closed', '--to', to);
  const closed = (tree: typeof before): typeof before =>
    new Map([...tree].filter(([path]) => path.startsWith('closed')));
  assertSameTree(closed(treeOf(to)), closed(before), 'as it was last seen');
});
