import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { undo } from '../../src/operations/undo.ts';
import { FileError } from '../../src/system/file-system.ts';
import { inStep } from '../helpers/in-step.ts';
import { SharedNode } from '../helpers/shared-node.ts';
import type { MemoryEnvironmentOptions } from '../helpers/test-environment.ts';
import { operationContext } from '../helpers/test-home.ts';
import { passingTime } from './passing-time.ts';

/** A node that can hold every name, and one on a weaker disk. */
async function unlike(disk: MemoryEnvironmentOptions): Promise<[SharedNode, SharedNode]> {
  const [a] = await SharedNode.make('a');
  assert.ok(a);
  return [a, await SharedNode.joined('b', a, disk)];
}

const ignoringCase = { names: 'ignore-case' } as const;

/** A tree with the digits of aliases cut. */
function shape(node: SharedNode): Record<string, string> {
  const cut = (path: string): string => path.replaceAll(/ \(name [0-9a-f]+\)/g, ' (name)');
  return Object.fromEntries(Object.entries(node.tree()).map(([path, text]) => [cut(path), text]));
}

function aliasIn(node: SharedNode, start: string): string {
  const found = Object.keys(node.tree()).find((path) => path.startsWith(`${start} (name`));
  return found ?? assert.fail(`no alias of ${start}`);
}

const written = ({ folder }: SharedNode): number => folder.log.ownCount;

describe('names that this disk takes for one', () => {
  test('are both held, one under an alias, and nobody else hears of it', async () => {
    const [a, b] = await unlike(ignoringCase);
    a.put({ 'A.txt': 'upper', 'a.txt': 'lower', 'd/One': '1', 'd/one': '2', 'd/ONE': '3' });
    await a.record();
    const [tree, count] = [a.tree(), written(b)];
    await inStep([a, b]);
    assert.deepEqual(shape(b), {
      'A.txt': 'upper',
      'a (name).txt': 'lower',
      'd/': '',
      'd/ONE': '3',
      'd/One (name)': '1',
      'd/one (name)': '2',
    });
    await inStep([a, b]);
    assert.deepEqual([a.tree(), written(b)], [tree, count], 'no echo');
  });

  test('an edit, a removal and a new file under an alias are those of the true name', async () => {
    const [a, b] = await unlike(ignoringCase);
    a.put({ A: 'upper', a: 'lower', 'Dir/x': 'x', 'dir/y': 'y' });
    await a.record();
    await inStep([a, b]);
    b.put({ [aliasIn(b, 'a')]: 'edited', [`${aliasIn(b, 'dir').split('/')[0] ?? ''}/z`]: 'z' });
    await b.record();
    await inStep([a, b]);
    assert.deepEqual(a.tree(), {
      A: 'upper',
      'Dir/': '',
      'Dir/x': 'x',
      a: 'edited',
      'dir/': '',
      'dir/y': 'y',
      'dir/z': 'z',
    });
    b.remove(aliasIn(b, 'a'), `${aliasIn(b, 'dir').split('/')[0] ?? ''}/y`);
    await b.record();
    await inStep([a, b]);
    const left = { A: 'upper', 'Dir/': '', 'Dir/x': 'x', 'dir/': '', 'dir/z': 'z' };
    assert.deepEqual(a.tree(), left);
  });

  test('what is here keeps its name when its twin comes; alone again, each has its own', async () => {
    const [a, b] = await unlike(ignoringCase);
    b.put({ a: 'here first' });
    await b.record();
    await b.giveTo(a);
    await a.apply();
    const { inode } = b.fs.stat('/disk/a');
    a.put({ A: 'later' });
    await a.record();
    await inStep([a, b]);
    assert.deepEqual(shape(b), { 'A (name)': 'later', a: 'here first' });
    assert.equal(b.fs.stat('/disk/a').inode, inode);
    a.remove('a');
    await a.record();
    await inStep([a, b]);
    await inStep([a, b]);
    assert.deepEqual([a.tree(), b.tree()], [{ A: 'later' }, { A: 'later' }]);
  });

  test('Unicode twins are told apart by their bytes; the composed one has the name', async () => {
    const [a, b] = await unlike({ names: 'ignore-case-and-form' });
    a.put({ 'e\u0301': 'decomposed', '\u00e9': 'composed' });
    await a.record();
    const count = written(b);
    await inStep([a, b]);
    assert.deepEqual(shape(b), { '\u00e9': 'composed', 'e\u0301 (name)': 'decomposed' });
    b.put({ [aliasIn(b, 'e\u0301')]: 'edited' });
    await b.record();
    await inStep([a, b]);
    assert.deepEqual(a.tree(), { 'e\u0301': 'edited', '\u00e9': 'composed' });
    assert.equal(written(b), count + 1);
  });

  test('an undo finds what was done under an alias, and tells of it by its true name, also in a dry run', async () => {
    const [a, b] = await unlike(ignoringCase);
    a.put({ A: 'upper', a: 'lower' });
    await a.record();
    await inStep([a, b]);
    b.put({ [aliasIn(b, 'a')]: 'edited' });
    await b.record();
    const told = async (dryRun: boolean): Promise<unknown> => {
      const context = operationContext();
      const undone = undo(b.session, { paths: [], cwd: '/disk', dryRun }, context);
      await passingTime(b.environment.clock, undone);
      return context.items.map(({ change, path }) => [change, path]);
    };
    assert.deepEqual(await told(true), [['changed', 'a']]);
    assert.deepEqual(await told(false), [['changed', 'a']]);
    assert.equal(b.tree()[aliasIn(b, 'a')], 'lower');
  });

  test('a rename that changes case only is one here too, with no conflict', async () => {
    const [a, b] = await unlike(ignoringCase);
    a.put({ 'file.txt': 'content', 'dir/x': 'x' });
    await a.record();
    await inStep([a, b]);
    a.environment.clock.advance(60_000);
    a.fs.rename('/disk/file.txt', '/disk/File.TXT');
    await a.record();
    const count = written(b);
    await inStep([a, b]);
    assert.deepEqual(b.tree(), { 'File.TXT': 'content', 'dir/': '', 'dir/x': 'x' });
    assert.equal(written(b), count);
    b.environment.clock.advance(60_000);
    b.fs.rename('/disk/File.TXT', '/disk/FILE.txt');
    await b.record();
    await inStep([a, b]);
    assert.deepEqual(a.tree(), { 'FILE.txt': 'content', 'dir/': '', 'dir/x': 'x' });
  });

  test('a directory whose case changes keeps all that is in it, everywhere', async () => {
    const [a, b] = await unlike(ignoringCase);
    a.put({ 'dir/x': 'x', 'dir/e/y': 'y' });
    await a.record();
    await inStep([a, b]);
    a.environment.clock.advance(60_000);
    a.fs.rename('/disk/dir', '/disk/Dir');
    await a.record();
    await inStep([a, b]);
    await inStep([a, b]);
    const tree = { 'Dir/': '', 'Dir/e/': '', 'Dir/e/y': 'y', 'Dir/x': 'x' };
    assert.deepEqual(a.tree(), tree);
    const lower = (of: object): string[] => Object.keys(of).map((path) => path.toLowerCase());
    assert.deepEqual(lower(b.tree()), lower(tree));
  });
});

test('names that this disk refuses are held under aliases', async () => {
  const illegal = /[:*?"<>|]|[. ]$|^(con|nul)(\.|$)/i;
  const [a, b] = await unlike({});
  const allowed = (call: string, path: string): string => {
    if (illegal.test(path.slice(path.lastIndexOf('/') + 1))) {
      throw new FileError('EINVAL', call, path);
    }
    return path;
  };
  const { fs } = b;
  const [open, link, rename] = [fs.open.bind(fs), fs.link.bind(fs), fs.rename.bind(fs)];
  const makeDirectory = fs.makeDirectory.bind(fs);
  fs.open = (path, options) => open(allowed('open', path), options);
  fs.link = (from, to) => link(from, allowed('link', to));
  fs.rename = (from, to) => rename(from, allowed('rename', to));
  fs.makeDirectory = (path, mode) => makeDirectory(allowed('makeDirectory', path), mode);
  const names = ['12:30 notes.txt', 'con', 'nul.txt', 'trailing.', 'what?'];
  a.put(Object.fromEntries(names.map((name) => [name, `in ${name}`])));
  a.put({ 'a:b/c': 'below' });
  await a.record();
  const tree = a.tree();
  const count = written(b);
  await inStep([a, b]);
  const held = Object.entries(b.tree());
  assert.equal(held.length, names.length + 2, JSON.stringify(held));
  for (const name of names)
    assert.ok(
      held.some(([, text]) => text === `in ${name}`),
      name,
    );
  for (const [path] of held) {
    for (const name of path.split('/')) assert.doesNotMatch(name, illegal);
  }
  const [alias = ''] = held.find(([, text]) => text === 'in what?') ?? [];
  b.put({ [alias]: 'edited' });
  await b.record();
  await inStep([a, b]);
  assert.deepEqual(a.tree(), { ...tree, 'what?': 'edited' });
  assert.equal(written(b), count + 1, 'only the edit was written');
});
