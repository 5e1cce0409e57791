import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readGate } from '../../src/home/gate-file.ts';
import {
  areSame,
  MemoryNodes,
  realNodes,
  sameTrees,
  shareFolder,
  tellAddresses,
  type OnlineNode,
} from '../helpers/online-nodes.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { eventually } from '../helpers/wait.ts';

describe('nodes that are online', () => {
  test('come in step over real sockets, and again after one was away', async (t) => {
    const [a, b] = await realNodes(t, 'a', 'b');
    assert.ok(a && b);
    await shareFolder('notes', [a, b]);
    const { address = '' } = await a.start({ listen: '127.0.0.1:0' });
    await tellAddresses(b, [a], () => address);
    a.put('notes', { 'one.txt': 'first', 'deep/two.txt': 'second' });
    await b.start();
    await eventually('a connection', () => a.online?.peers()[0]?.isConnected === true);
    await a.record('notes');
    await sameTrees('notes', [a, b]);
    assert.deepEqual(b.tree('notes'), {
      'one.txt': 'first',
      'deep/': '',
      'deep/two.txt': 'second',
    });
    await b.stop();
    b.put('notes', { 'three.txt': 'third' });
    await b.start();
    await b.record('notes');
    await sameTrees('notes', [a, b]);
    assert.equal(a.tree('notes')['three.txt'], 'third');
    assert.deepEqual([...a.troubles, ...b.troubles], []);
  });

  test('share each folder with its own members only, and see it paused and removed at once', async () => {
    const world = await MemoryNodes.make('a', 'b', 'c');
    const [a, b, c] = world.all;
    assert.ok(a && b && c);
    await shareFolder('x', [a, b, c]);
    await shareFolder('y', [b, c]);
    await world.startAll();
    await world.until('all connections', () =>
      world.all.every((node) => node.online?.peers().every(({ isConnected }) => isConnected)),
    );
    a.put('x', { 'a.txt': 'from a' });
    c.put('y', { 'c.txt': 'from c' });
    await world.during(a.record('x'));
    await world.during(c.record('y'));
    await world.until('x', () => areSame('x', world.all));
    await world.until('y', () => areSame('y', [b, c]));
    const idOf = (node: OnlineNode, name: string): string =>
      node.folderIds.get(name) ?? assert.fail(name);
    const talks = (node: OnlineNode, other: OnlineNode, name: string): boolean =>
      node.online
        ?.peers()
        .find(({ node: id }) => id === other.identity.id)
        ?.folders.includes(idOf(node, name)) === true;
    assert.ok(talks(b, c, 'y') && talks(b, a, 'x') && talks(b, c, 'x'));
    assert.deepEqual(
      a.online?.peers().flatMap(({ folders }) => folders),
      [idOf(a, 'x'), idOf(a, 'x')],
    );

    const setPaused = (value: string): Promise<unknown> =>
      world.during(
        b.vault?.folderSet(
          { folder: 'x', settings: [{ key: 'paused', value }] },
          operationContext(),
        ),
      );
    await setPaused('true');
    await world.until('silence about x', () => !talks(c, b, 'x') && !talks(a, b, 'x'));
    assert.ok(talks(c, b, 'y'), 'the connection and the other folder stay');
    a.put('x', { 'later.txt': 'while b paused' });
    await world.during(a.record('x'));
    await world.until('c', () => areSame('x', [a, c]));
    assert.equal(b.tree('x')['later.txt'], undefined);
    await setPaused('false');
    await world.until('b too', () => areSame('x', world.all));

    await world.during(b.vault?.folderRemove({ folder: 'y', yes: true }, operationContext()));
    await world.until('silence about y', () => !talks(c, b, 'y'));
    assert.ok(talks(c, b, 'x'));
    assert.deepEqual(
      world.all.flatMap(({ troubles }) => troubles),
      [],
    );
    await world.stopAll();
    assert.equal(world.clock.timers, 0, 'nothing is left waiting');
  });

  test('go on with a folder that failed, and with all others meanwhile', async () => {
    const world = await MemoryNodes.make('a', 'b');
    const [a, b] = world.all;
    assert.ok(a && b);
    await shareFolder('x', [a, b]);
    await shareFolder('y', [a, b]);
    await world.startAll();
    const x = a.folderIds.get('x');
    b.environment.fileSystem.rename(b.path('x'), `${b.path('x')} away`);
    for (const name of ['x', 'y']) {
      a.put(name, { 'f.txt': `in ${name}` });
      await world.during(a.record(name));
    }
    await world.until('y', () => areSame('y', [a, b]));
    const stateOf = (): string | undefined =>
      b.online?.folders().find(({ folder }) => folder === x)?.trouble;
    await world.until('the trouble', () => stateOf() !== undefined);
    assert.ok(b.troubles.some(({ folder }) => folder === x));
    b.environment.fileSystem.rename(`${b.path('x')} away`, b.path('x'));
    await world.until('x as well', () => areSame('x', [a, b]), 900);
    await world.until('no trouble any more', () => stateOf() === undefined);
    await world.stopAll();
  });

  test('are told what cannot be listened at, and that one process is online once', async (t) => {
    const [a, b] = await realNodes(t, 'a', 'b');
    assert.ok(a && b);
    const { address = '' } = await a.start({ listen: '127.0.0.1:0' });
    await rejects('VAULT_EXISTS', () => a.start());
    await rejects('VAULT_EXISTS', () => b.start({ listen: address }));
    await b.start({ listen: '127.0.0.1:0' });
    await b.online?.close();
    await b.start();
  });

  test('know after a restart which handshakes they accepted', async () => {
    const world = await MemoryNodes.make('a', 'b');
    const [a, b] = world.all;
    assert.ok(a && b);
    await shareFolder('x', [a, b]);
    await world.startAll();
    await world.until('a connection', () => a.online?.peers()[0]?.isConnected === true);
    await world.stopAll();
    const kept = await Promise.all(
      [a, b].map((node) =>
        node.inSession(({ environment, home }) =>
          Promise.resolve(readGate(environment.fileSystem, home.layout.gate, home.keys.homeKey)),
        ),
      ),
    );
    const [heard, sent] = [
      kept.reduce((sum, gate) => sum + gate.heard.size, 0),
      kept.reduce((sum, gate) => sum + gate.sent.size, 0),
    ];
    assert.ok(heard >= 1 && sent >= heard, `${heard} heard, ${sent} sent`);
  });

  test('lock out who is denied at once, from one folder or from all, until it is allowed', async () => {
    const world = await MemoryNodes.make('a', 'b');
    const [a, b] = world.all;
    assert.ok(a && b);
    await shareFolder('x', [a, b]);
    await shareFolder('y', [a, b]);
    await world.startAll();
    const folders = (node: OnlineNode): readonly string[] =>
      (node.online?.peers() ?? []).flatMap((peer) => peer.folders);
    await world.until('both folders', () => [a, b].every((node) => folders(node).length === 2));
    const x = a.folderIds.get('x') ?? '';

    await world.during(a.vault?.deny({ node: 'b', folder: 'y' }, operationContext()));
    assert.deepEqual(folders(a), [x], 'before deny came back');
    await world.until('b to lose y', () => folders(b).join() === x, 1);
    for (const name of ['x', 'y']) {
      a.put(name, { 'a.txt': name });
      b.put(name, { 'b.txt': name });
      await world.during(a.record(name));
      await world.during(b.record(name));
    }
    await world.until('x', () => areSame('x', [a, b]));
    await world.pass(10_000);
    assert.deepEqual(a.tree('y'), { 'a.txt': 'y' });
    assert.deepEqual(b.tree('y'), { 'b.txt': 'y' });
    const refused = await rejects('VAULT_NO_PEER', () =>
      world.during(b.vault?.sync({ folders: ['y'] }, operationContext())),
    );
    assert.equal(refused.message, 'no peer is reachable');

    await world.during(a.vault?.allow({ node: 'b' }, operationContext()));
    await world.until('y', () => areSame('y', [a, b]));
    assert.deepEqual(a.tree('y'), { 'a.txt': 'y', 'b.txt': 'y' });

    await world.during(a.vault?.deny({ node: b.identity.id.slice(0, 8) }, operationContext()));
    assert.deepEqual(a.online?.peers(), []);
    await world.until('b to be alone', () => b.online?.peers()[0]?.isConnected === false, 1);
    await world.pass(700_000);
    assert.equal(b.online?.peers()[0]?.isConnected, false, 'dialing again does not help');
    await world.during(b.vault?.snapshot({ folders: [], message: 'alone' }, operationContext()));
    await world.stopAll();
    const still = await a.inSession(({ home }) => Promise.resolve(home.peers.denials.length));
    assert.equal(still, 1, 'also after a restart');
  });
});
