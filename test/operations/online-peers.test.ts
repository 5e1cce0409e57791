import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromHex, utf8 } from '../../src/bytes.ts';
import { Door } from '../../src/net/door.ts';
import { PeerFolders } from '../../src/net/peer-folders.ts';
import {
  areSame,
  MemoryNodes,
  shareFolder,
  tellAddresses,
  type OnlineNode,
} from '../helpers/online-nodes.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { operationContext } from '../helpers/test-home.ts';

/** Lengths of all that `watcher` hears of `hub` while Y changes, with the times, and what its sync of Y says. */
async function whatIsHeard(isMember: boolean): Promise<readonly string[]> {
  const world = await MemoryNodes.make('hub', 'friend', 'watcher');
  const [hub, friend, watcher] = world.all;
  assert.ok(hub && friend && watcher);
  await shareFolder('x', [hub, friend, watcher]);
  await shareFolder('y', isMember ? [hub, friend, watcher] : [hub, friend]);
  for (const node of [friend, watcher]) await tellAddresses(node, [hub], () => 'hub:7420');
  if (isMember) {
    await hub.open();
    await world.during(
      hub.vault?.deny({ node: watcher.identity.id, folder: 'y' }, operationContext()),
    );
  }
  const heard: string[] = [];
  let beganMs = 0;
  world.web.onMessage = (from, to, bytes) => {
    if (from !== 'hub' || to !== 'watcher') return;
    beganMs ||= world.clock.monotonicMs();
    heard.push(`${bytes} at ${world.clock.monotonicMs() - beganMs}`);
  };
  await world.during(hub.start({ listen: '*:7420' }));
  await world.during(friend.start());
  await world.pass(10_000);
  await world.during(watcher.start());
  await world.pass(10_000);
  const change = async (node: OnlineNode, folder: string, bytes: number): Promise<void> => {
    node.put(folder, { [`${folder} ${bytes}`]: 'z'.repeat(bytes) });
    await world.during(node.record(folder));
    await world.pass(20_000 - (world.clock.monotonicMs() % 10_000));
  };
  await change(hub, 'x', 1000);
  beganMs = 0;
  const before = heard.length;
  assert.ok(before > 3, 'x is spoken of');
  for (const node of [hub, friend]) {
    for (const bytes of [10, 3000, 200_000]) await change(node, 'y', bytes);
  }
  assert.ok(areSame('y', [hub, friend]));
  await change(hub, 'x', 2000);
  await world.until('x', () => areSame('x', world.all));
  if (isMember) assert.deepEqual(watcher.tree('y'), {}, 'nothing of y came');
  world.web.onMessage = () => undefined;
  await world.stopAll();
  return heard.map((line) => line.replace(/ at .*/, ''));
}

/** A member whose program is not ours: it dials as often as told, and breaks a rule in `x` each time. */
async function mallory(world: MemoryNodes, node: OnlineNode, victim: OnlineNode) {
  const { identity, sodium } = await node.inSession(({ home }) => Promise.resolve(home));
  const counts = { dialed: 0, connected: 0, opened: 0 };
  let sentUs = world.clock.wallMs() * 1000;
  const door = new Door({
    network: world.web.network(node.name),
    clock: world.clock,
    party: { sodium, random: seededRandom('mallory'), own: identity },
    run: seededRandom('run of mallory').bytes(16),
    keeper: { judge: () => undefined, nextSent: () => Promise.resolve(++sentUs) },
    failed: (error) => assert.fail(String(error)),
  });
  const id = fromHex(node.folderIds.get('x') ?? '');
  const dial = async (): Promise<void> => {
    counts.dialed++;
    const callee = { peer: victim.identity.exchangeKey };
    await door
      .dial(`${victim.name}:7420`, callee, (connection) => {
        counts.connected++;
        const folders: PeerFolders = new PeerFolders({
          connection,
          random: seededRandom('tokens'),
          folders: [{ id, isShared: true }],
          opened: (_folder, open) => {
            counts.opened++;
            const nothing = { received: () => undefined, broken: () => undefined };
            const channel = open({ ...nothing, drained: () => undefined, closed: () => undefined });
            channel.send('control', { type: 'credit', total: 5 });
            world.clock.timer(500, () => folders.close());
            return () => undefined;
          },
          closed: () => undefined,
        });
        world.clock.timer(2000, () => folders.close());
        return folders;
      })
      .catch(() => undefined);
  };
  return { counts, dial };
}

describe('what peers can do to a node that is online', () => {
  test('a member that is denied hears what one who was never invited hears', async () => {
    const denied = await whatIsHeard(true);
    const never = await whatIsHeard(false);
    assert.deepEqual(denied, never);
  });

  test('one that breaks a rule loses its session, is named, and waits longer each time', async () => {
    const world = await MemoryNodes.make('a', 'b', 'm');
    const [a, b, m] = world.all;
    assert.ok(a && b && m);
    await shareFolder('x', [a, b, m]);
    await tellAddresses(b, [a], () => 'a:7420');
    const hostile = await mallory(world, m, a);
    await world.during(a.start({ listen: '*:7420' }));
    await world.during(b.start());
    await world.until('b', () => a.online?.peers().some(({ isConnected }) => isConnected) === true);
    for (let count = 0; count < 200; count++) {
      await world.during(hostile.dial());
      await world.pass(1000);
      if (count % 50 !== 0) continue;
      a.put('x', { [`${count}.txt`]: 'goes on' });
      await world.during(a.record('x'));
      await world.until('b', () => areSame('x', [a, b]));
    }
    const { dialed, connected, opened } = hostile.counts;
    assert.equal(dialed, 200);
    assert.ok(opened > 0 && opened < 10, `${opened} sessions of ${dialed} dials`);
    assert.ok(connected < 150, `${connected} connections of ${dialed} dials`);
    const named = a.online?.peers().find(({ node }) => node === m.identity.id);
    assert.equal(named?.trouble, 'out of order');
    assert.ok(
      a.troubles.some(({ node, folder }) => node === m.identity.id && folder !== undefined),
    );
    const context = operationContext();
    await world.during(a.vault?.status({ folders: [] }, context));
    const item = context.items.find(({ type, node }) => type === 'peer' && node === m.identity.id);
    assert.equal(item?.['trouble'], 'out of order');
    const honest = a.online?.peers().find(({ node }) => node === b.identity.id);
    assert.deepEqual([honest?.isConnected, honest?.trouble], [true, undefined]);
    await world.stopAll();
  });

  test('no frame that a peer opens holds an id or name of a folder that it has no part in', async () => {
    const world = await MemoryNodes.make('a', 'b', 'm');
    const [a, b, m] = world.all;
    assert.ok(a && b && m);
    await shareFolder('x', [a, b, m]);
    await shareFolder('kept to ourselves', [a, b]);
    await tellAddresses(b, [a], () => 'a:7420');
    const { identity, sodium } = await m.inSession(({ home }) => Promise.resolve(home));
    const kept = a.folderIds.get('kept to ourselves') ?? '';
    const secrets = await a.inSession(async ({ folders }) => {
      const { log, state } = await folders.open(folders.find('kept to ourselves', '/'));
      return [...log.heads.values()]
        .flatMap((head) => [fromHex(head.log), head.hash, head.signature])
        .concat([fromHex(kept), state.secret, utf8('kept to ourselves'), utf8('hidden')]);
    });
    await world.during(a.start({ listen: '*:7420' }));
    await world.during(b.start());
    const frames: Buffer[] = [];
    const door = new Door({
      network: world.web.network('m'),
      clock: world.clock,
      party: { sodium, random: seededRandom('m'), own: identity },
      run: seededRandom('run of m').bytes(16),
      keeper: {
        judge: () => undefined,
        nextSent: () => Promise.resolve(world.clock.wallMs() * 1000),
      },
      failed: (error) => assert.fail(String(error)),
    });
    const callee = { peer: a.identity.exchangeKey };
    await world.during(
      door.dial('a:7420', callee, (connection) => {
        const folders = new PeerFolders({
          connection,
          random: seededRandom('tokens'),
          folders: [fromHex(a.folderIds.get('x') ?? ''), fromHex(kept)].map((id) => ({
            id,
            isShared: true,
          })),
          opened: (_folder, open) => {
            const deaf = { received: () => undefined, broken: () => undefined };
            const channel = open({ ...deaf, drained: () => undefined, closed: () => undefined });
            channel.send('control', { type: 'hello', features: [], heads: [] });
            return () => channel.close();
          },
          closed: () => undefined,
        });
        return {
          frame(bytes) {
            frames.push(Buffer.from(bytes));
            folders.frame(bytes);
          },
          drained: () => folders.drained(),
          closed: (how) => folders.closed(how),
        };
      }),
    );
    for (const node of [a, b]) {
      node.put('kept to ourselves', { [`hidden by ${node.name}`]: 'hidden'.repeat(5000) });
      node.put('x', { [`shown by ${node.name}`]: 'shown' });
      await world.during(node.record('kept to ourselves'));
      await world.during(node.record('x'));
      await world.until('all of it', () => areSame('kept to ourselves', [a, b]));
      await world.pass(5000);
    }
    const x = fromHex(a.folderIds.get('x') ?? '');
    assert.ok(frames.length >= 3, 'tokens, hello and announcements came');
    assert.ok(
      frames.every((frame) => !frame.includes(Buffer.from(x))),
      'not even of the folder it shares',
    );
    for (const secret of secrets) {
      assert.ok(frames.every((frame) => !frame.includes(Buffer.from(secret))));
    }
    await world.stopAll();
  });

  test('what is wrong with one folder delays no other', async () => {
    const delays = new Map<string, number>();
    const cases = ['nothing', 'paused', 'root gone', 'moved', 'emptied'] as const;
    for (const one of cases) {
      const world = await MemoryNodes.make('a', 'b', 'c');
      const [a, b, c] = world.all;
      assert.ok(a && b && c);
      await shareFolder('x', [a, b, c]);
      await shareFolder('y', [a, b]);
      await world.startAll();
      const all = Array.from({ length: 12 }, (_, at) => [`${at}`, `${at} `.repeat(3000)] as const);
      a.put('x', Object.fromEntries(all));
      await world.during(a.record('x'));
      await world.until('x', () => areSame('x', world.all));
      const { fileSystem } = b.environment;
      if (one === 'paused') {
        const settings = [{ key: 'paused', value: 'true' }];
        await world.during(b.vault?.folderSet({ folder: 'x', settings }, operationContext()));
      }
      if (one === 'root gone') fileSystem.rename(b.path('x'), '/disk/away');
      if (one === 'moved') {
        const to = '/disk/elsewhere';
        await world.during(b.vault?.folderMove({ folder: 'x', path: to }, operationContext()));
      }
      if (one === 'emptied')
        for (const [name] of all) fileSystem.removeTree(`${b.path('x')}/${name}`);
      a.put('x', { more: 'more' });
      a.put('y', { 'y.txt': 'y' });
      await world.during(a.record('x'));
      const began = world.clock.monotonicMs();
      await world.during(a.record('y'));
      await world.until('y', () => areSame('y', [a, b]));
      delays.set(one, world.clock.monotonicMs() - began);
      await world.until('x at c', () => areSame('x', [a, c]));
      await world.stopAll();
    }
    const usual = delays.get('nothing') ?? 0;
    for (const [one, ms] of delays) assert.ok(ms <= 2 * usual, `${one}: ${ms} ms, else ${usual}`);
  });
});
