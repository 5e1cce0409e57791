import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { FileError } from '../../src/system/file-system.ts';
import { snapshot } from '../../src/operations/snapshot.ts';
import { status } from '../../src/operations/status.ts';
import { LiveNode } from '../helpers/live-node.ts';
import { operationContext } from '../helpers/test-home.ts';

async function alone(t: TestContext): Promise<LiveNode> {
  const [node] = await LiveNode.make('a');
  assert.ok(node);
  t.after(() => node.live.close());
  return node;
}

async function two(t: TestContext): Promise<[LiveNode, LiveNode]> {
  const [a, b] = await LiveNode.make('a', 'b');
  assert.ok(a && b);
  t.after(() => Promise.all([a.live.close(), b.live.close()]));
  return [a, b];
}

describe('a folder kept live', () => {
  test('what lies in it is recorded at first', async (t) => {
    const node = await alone(t);
    await node.live.close();
    node.put({ plan: 'one', 'd/note': 'two' });
    await node.start();
    assert.equal((await node.versions('plan')).length, 1);
    assert.equal((await node.versions('d/note')).length, 1);
    assert.equal(node.recorded, 1);
    assert.equal(node.live.isQuiet, true);
  });

  test('a save is recorded 20 ms after, and peers are told once', async (t) => {
    const node = await alone(t);
    node.put({ plan: 'one' });
    await node.pass(19);
    assert.equal((await node.versions('plan')).length, 0);
    await node.pass(2);
    assert.equal((await node.versions('plan')).length, 1);
    assert.equal(node.recorded, 1);
    await node.pass(10_000);
    assert.equal(node.recorded, 1);
    assert.equal(node.live.isQuiet, true);
  });

  test('changes below directories that were just made are recorded', async (t) => {
    const node = await alone(t);
    node.put({ 'a/b/c/plan': 'one' });
    await node.pass(200);
    node.put({ 'a/b/c/plan': 'two', 'a/b/c/d/other': 'x' });
    await node.pass(3_000);
    assert.equal((await node.versions('a/b/c/plan')).length, 2);
    assert.equal((await node.versions('a/b/c/d/other')).length, 1);
  });

  test('a save by deleting and making again is one change, never a deletion', async (t) => {
    const node = await alone(t);
    node.put({ plan: 'one' });
    await node.pass(5_000);
    node.node.fs.removeFile('/disk/plan');
    await node.pass(600);
    node.put({ plan: 'two' });
    await node.pass(5_000);
    assert.deepEqual(
      (await node.versions('plan')).map(({ kind }) => kind),
      ['file', 'file'],
    );
  });

  test('a deletion is recorded after a second', async (t) => {
    const node = await alone(t);
    node.put({ plan: 'one', other: 'x' });
    await node.pass(5_000);
    node.node.fs.removeFile('/disk/plan');
    await node.pass(900);
    assert.equal((await node.versions('plan')).length, 1);
    await node.pass(200);
    assert.equal((await node.versions('plan')).at(-1)?.kind, 'deletion');
    assert.equal(node.live.isQuiet, true);
  });

  test('a file moved to another directory is recorded as moved, whichever end is hinted at first', async (t) => {
    const node = await alone(t);
    node.put({ 'a/plan': 'one', 'a/rest': 'x', 'b/rest': 'x' });
    await node.pass(5_000);
    let lost = 0;
    // The hint at where it went is lost; another one comes a moment later.
    node.node.environment.watches.isLost = () => lost++ === 1;
    node.node.fs.rename('/disk/a/plan', '/disk/b/plan');
    await node.pass(300);
    node.node.environment.watches.isLost = () => false;
    node.put({ 'b/rest': 'y' });
    await node.pass(3_000);
    const [before] = await node.versions('a/plan');
    const [after] = await node.versions('b/plan');
    assert.equal((await node.versions('a/plan')).length, 1, 'no deletion of its own');
    assert.equal(after?.parents[0]?.seq, before?.dot.seq);
  });

  test('a renamed directory costs no content, and its files are one version each', async (t) => {
    const node = await alone(t);
    node.put(Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`a/f${at}`, `${at}`])));
    await node.pass(5_000);
    node.node.fs.rename('/disk/a', '/disk/b');
    await node.pass(5_000);
    const [version] = await node.versions('b/f7');
    const [former] = await node.versions('a/f7');
    assert.equal(version?.parents[0]?.seq, former?.dot.seq);
    assert.equal((await node.versions('a/f7')).length, 1);
    node.put({ 'b/f7': 'more' });
    await node.pass(3_000);
    assert.equal((await node.versions('b/f7')).length, 2, 'it is watched under its new name');
  });

  test('a file that never rests is recorded now and then, and others beside it at once', async (t) => {
    const node = await alone(t);
    for (let at = 0; at < 400; at++) {
      node.put({ log: 'x'.repeat(at + 1) });
      if (at === 300) node.put({ plan: 'one' });
      await node.pass(50);
      if (at === 301) assert.equal((await node.versions('plan')).length, 1);
    }
    const count = (await node.versions('log')).length;
    assert.ok(count >= 3 && count <= 12, `${count} versions in 20 s`);
    await node.pass(2_500);
    const [last] = (await node.versions('log')).slice(-1);
    assert.ok(last);
    assert.equal((await (await node.folder()).log.body(last)).manifest?.size, 400);
  });

  test('one save among many files lists the directory it is in, and nothing else', async (t) => {
    const node = await alone(t);
    const files: Record<string, string> = {};
    for (let at = 0; at < 300; at++) files[`d${at % 30}/f${at}`] = `${at}`;
    node.put(files);
    await node.pass(10_000);
    const listed: string[] = [];
    const { fs } = node.node;
    const list = fs.list.bind(fs);
    fs.list = (path) => {
      listed.push(path);
      return list(path);
    };
    node.put({ 'd3/f3': 'more' });
    await node.pass(100);
    const below = listed.filter((path) => path.startsWith('/disk'));
    assert.deepEqual([...new Set(below)], ['/disk/d3']);
    assert.equal((await node.versions('d3/f3')).length, 2);
  });

  test('what is left out is not recorded, nor what lies below it', async (t) => {
    const node = await alone(t);
    node.put({
      '.vaultignore': 'build/\n*.tmp\n',
      'build/out': 'x',
      'a/x.tmp': 'x',
      'a/plan': 'one',
    });
    await node.pass(5_000);
    node.put({ 'build/out': 'y', 'a/x.tmp': 'y', 'a/plan': 'two' });
    await node.pass(5_000);
    assert.equal((await node.versions('build/out')).length, 0);
    assert.equal((await node.versions('a/x.tmp')).length, 0);
    assert.equal((await node.versions('a/plan')).length, 2);
  });

  test('what becomes ignored is not deleted, and what is ignored no more is recorded', async (t) => {
    const node = await alone(t);
    node.put({ 'a/plan': 'one' });
    await node.pass(5_000);
    node.put({ '.vaultignore': 'a/\n' });
    await node.pass(5_000);
    node.put({ 'a/plan': 'two' });
    await node.pass(5_000);
    assert.equal((await node.versions('a/plan')).length, 1);
    node.node.fs.removeFile('/disk/.vaultignore');
    await node.pass(5_000_000);
    const versions = await node.versions('a/plan');
    assert.deepEqual(
      versions.map(({ kind }) => kind),
      ['file', 'file'],
    );
  });

  test('hints that are lost, and lost hints that are told of, cost nothing but time', async (t) => {
    const node = await alone(t);
    node.node.environment.watches.isLost = () => true;
    node.put({ plan: 'one' });
    await node.pass(60_000);
    assert.equal((await node.versions('plan')).length, 0);
    await node.pass(3_600_000 * 1.25);
    assert.equal((await node.versions('plan')).length, 1);
    node.put({ plan: 'two' });
    node.node.environment.watches.overflow();
    await node.pass(100);
    assert.equal((await node.versions('plan')).length, 2);
  });

  test('where not all can be watched everything is looked at more often, and status says why', async (t) => {
    const node = await alone(t);
    const { watches } = node.node.environment;
    watches.trouble({ message: 'only 3 directories can be watched', remedy: 'sysctl' });
    assert.deepEqual(node.problems(), ['only 3 directories can be watched (sysctl)']);
    await node.pass(3_600_000 * 1.25);
    watches.isLost = () => true;
    node.put({ plan: 'one' });
    await node.pass(76_000);
    assert.equal((await node.versions('plan')).length, 1);
    const context = operationContext();
    await status(node.node.session, undefined, { folders: [] }, context);
    const item = context.items.find(({ type }) => type === 'folder');
    assert.deepEqual(item?.['problems'], ['only 3 directories can be watched (sysctl)']);
    watches.trouble(undefined);
    assert.deepEqual(node.problems(), []);
  });

  test('a working copy that is gone, or emptied, is a problem and no deletion, until it is back', async (t) => {
    const node = await alone(t);
    node.put({ plan: 'one', other: 'two', 'd/more': 'x' });
    await node.pass(5_000);
    const { fs } = node.node;
    const entries = await node.entries();
    fs.rename('/disk', '/elsewhere');
    await node.pass(4_600_000);
    assert.match(node.problems()[0] ?? '', /is not there/);
    fs.makeDirectory('/disk');
    await node.pass(120_000);
    assert.match(node.problems()[0] ?? '', /are gone|are not in it/);
    assert.equal(await node.entries(), entries);
    fs.removeDirectory('/disk');
    fs.rename('/elsewhere', '/disk');
    await node.pass(120_000);
    assert.deepEqual(node.problems(), []);
    node.put({ plan: 'two' });
    await node.pass(3_000);
    assert.equal((await node.versions('plan')).length, 2);
  });

  test('much of one directory may go where it is little of all', async (t) => {
    const node = await alone(t);
    const files: Record<string, string> = {};
    for (let at = 0; at < 1_100; at++) files[`d/f${at}`] = '';
    for (let at = 0; at < 1_300; at++) files[`e/f${at}`] = '';
    node.put(files);
    await node.pass(10_000);
    node.node.fs.removeTree('/disk/d');
    await node.pass(10_000);
    assert.deepEqual(node.problems(), []);
    assert.equal((await node.versions('d/f1')).at(-1)?.kind, 'deletion');
  });

  test('what cannot be read is told, and is no deletion', async (t) => {
    const node = await alone(t);
    node.put({ 'a/plan': 'one', 'a/rest': 'x' });
    await node.pass(5_000);
    const { fs } = node.node;
    const list = fs.list.bind(fs);
    fs.list = (path) => {
      if (path === '/disk/a') throw new FileError('EACCES', 'list', path);
      return list(path);
    };
    node.put({ 'a/plan': 'two' });
    await node.pass(5_000);
    fs.list = list;
    assert.equal((await node.versions('a/rest')).length, 1);
    assert.ok(node.events.some((event) => event.type === 'warning' && event.path === 'a'));
  });

  test('operations of users and live recording wait for each other', async (t) => {
    const node = await alone(t);
    for (let at = 0; at < 10; at++) node.put({ [`f${at}`]: `${at}` });
    const taken = snapshot(node.node.session, { folders: [], yes: true }, operationContext());
    await node.pass(1_000);
    assert.notEqual((await taken).snapshot, null);
    assert.equal((await node.versions('f3')).length, 1);
  });

  test('a paused folder is left alone, and looked at when it goes on', async (t) => {
    const node = await alone(t);
    const folder = await node.folder();
    folder.update({ paused: true });
    await node.live.foldersChanged();
    node.put({ plan: 'one' });
    await node.pass(5_000);
    assert.equal((await node.versions('plan')).length, 0);
    folder.update({ paused: false });
    await node.live.foldersChanged();
    await node.pass(100);
    assert.equal((await node.versions('plan')).length, 1);
  });

  test('nothing goes on once it is closed', async (t) => {
    const node = await alone(t);
    await node.live.close();
    node.put({ plan: 'one' });
    await node.pass(10_000_000);
    assert.equal((await node.versions('plan')).length, 0);
    assert.equal(node.clock.timers, 0);
  });
});

describe('what comes to a live folder', () => {
  test('is shown, watched, and never recorded as a change of its own', async (t) => {
    const [a, b] = await two(t);
    a.put({ plan: 'one', 'd/e/note': 'two' });
    await a.pass(1_000);
    await a.giveTo(b);
    await b.pass(3_000);
    assert.deepEqual(b.tree(), a.tree());
    const entries = await b.entries();
    await b.pass(60_000);
    assert.equal(await b.entries(), entries, 'own writes never echo');
    b.put({ 'd/e/note': 'three' });
    await b.pass(3_000);
    assert.equal((await b.versions('d/e/note')).length, 1);
  });

  test('changes, moves and goes, with directories that nothing is left in', async (t) => {
    const [a, b] = await two(t);
    a.put({ 'a/b/plan': 'one', 'a/b/c/deep': 'x', keep: 'y' });
    await a.pass(3_000);
    await a.giveTo(b);
    await b.pass(3_000);
    a.node.fs.rename('/disk/a/b/plan', '/disk/moved');
    a.node.fs.removeTree('/disk/a');
    await a.pass(5_000);
    await a.giveTo(b);
    await b.pass(3_000);
    assert.deepEqual(b.tree(), { moved: 'one', keep: 'y' });
    assert.deepEqual(b.tree(), a.tree());
  });

  test('costs what came, however much there is', async (t) => {
    const [a, b] = await two(t);
    const files: Record<string, string> = {};
    for (let at = 0; at < 300; at++) files[`d${at % 30}/f${at}`] = `${at}`;
    a.put(files);
    await a.pass(5_000);
    await a.giveTo(b);
    await b.pass(60_000);
    assert.deepEqual(b.tree(), a.tree());
    const listed = new Set<string>();
    const list = b.node.fs.list.bind(b.node.fs);
    b.node.fs.list = (path) => {
      if (!path.includes('.vault-')) listed.add(path);
      return list(path);
    };
    a.put({ 'd3/f3': 'more' });
    await a.pass(1_000);
    await a.giveTo(b);
    await b.pass(1_000);
    const below = [...listed].filter((path) => path.startsWith('/disk')).sort();
    assert.deepEqual(below, ['/disk/d3']);
    assert.equal(b.tree()['d3/f3'], 'more');
  });

  test('does not overwrite what was saved at the same time: both are there', async (t) => {
    const [a, b] = await two(t);
    a.put({ plan: 'one' });
    await a.pass(1_000);
    await a.giveTo(b);
    await b.pass(3_000);
    a.put({ plan: 'from a' });
    await a.pass(1_000);
    b.put({ plan: 'from b' });
    await a.giveTo(b);
    await b.pass(5_000);
    await b.giveTo(a);
    await a.pass(5_000);
    assert.deepEqual(Object.values(b.tree()).sort(), ['from a', 'from b']);
    assert.deepEqual(a.tree(), b.tree());
  });
});
