import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MAX_PROCESS_CREDIT_BYTES } from '../../src/limits.ts';
import type { NamedLink } from '../../src/log/types.ts';
import { Channels } from '../../src/net/channels.ts';
import { CreditPool } from '../../src/net/credit-pool.ts';
import { MemoryNetwork } from '../../src/net/memory-network.ts';
import type { Connection } from '../../src/net/transport.ts';
import { openExchange, type Exchange } from '../../src/operations/exchange.ts';
import { setFolder } from '../../src/operations/folders.ts';
import { cat } from '../../src/operations/look.ts';
import { log } from '../../src/operations/log.ts';
import { restore } from '../../src/operations/restore.ts';
import { snapshot } from '../../src/operations/snapshot.ts';
import { verify } from '../../src/operations/verify.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { rejects } from '../helpers/rejects.ts';
import { SharedNode } from '../helpers/shared-node.ts';
import { operationContext } from '../helpers/test-home.ts';
import { textTree } from '../helpers/text-tree.ts';

const never = new AbortController().signal;

/** Nodes of one folder that are connected as they are told to be. */
class Nodes {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly exchanges = new Map<SharedNode, Exchange>();
  #names = 0;

  async open(node: SharedNode): Promise<void> {
    const { session, folder } = node;
    const world = { ...session, environment: { ...session.environment, clock: this.clock } };
    const exchange = await openExchange(
      world,
      new CreditPool(MAX_PROCESS_CREDIT_BYTES),
      {
        folder: folder.id,
        onFailed: (error) => assert.fail(String(error)),
        onEnded: (_peer, reason) => assert.equal(reason, 'done'),
      },
      () => undefined,
    );
    this.exchanges.set(node, exchange);
    this.network.crash(node.name);
    await this.network.transport(node.name).listen(node.name, (one) => this.#begin(node, one));
  }

  async connect(a: SharedNode, b: SharedNode): Promise<void> {
    const dialled = this.network.transport(a.name).dial(b.name, (one) => this.#begin(a, one));
    await this.pass();
    await dialled;
  }

  exchange(node: SharedNode): Exchange {
    return this.exchanges.get(node) ?? assert.fail('expected an open exchange');
  }

  async close(node: SharedNode): Promise<void> {
    await this.exchange(node).close();
    this.network.crash(node.name);
  }

  async pass(ms = 10_000): Promise<void> {
    const end = this.clock.monotonicMs() + ms;
    for (;;) {
      for (let count = 0; count < 60; count++) await turn();
      const next = this.clock.untilNext();
      if (next === undefined || this.clock.monotonicMs() + next > end) return;
      this.clock.advance(next);
    }
  }

  /** What `work` comes to, while time passes. */
  async while<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const done = work.finally(() => (isOver = true));
    done.catch(() => undefined);
    for (let round = 0; round < 50 && !isOver; round++) await this.pass(1000);
    assert.ok(isOver, 'it comes to an end');
    return done;
  }

  #begin(node: SharedNode, connection: Connection): Channels {
    const channels = new Channels(connection);
    this.exchange(node).connect(`${node.name}#${this.#names++}`, (events) =>
      channels.open(1, events),
    );
    return channels;
  }
}

async function keepsCurrent(node: SharedNode): Promise<void> {
  const settings = [{ key: 'history', value: 'current' }];
  await setFolder(node.session, { folder: node.folder.id, settings });
}

async function three(): Promise<[SharedNode, SharedNode, SharedNode]> {
  const [a, b, c] = await SharedNode.make('a', 'b', 'c');
  assert.ok(a && b && c);
  return [a, b, c];
}

/** `a` writes `f` three times, the first state as a snapshot. */
async function written(a: SharedNode, isPinned = false): Promise<string> {
  a.put({ f: 'one', same: 'same' });
  a.environment.clock.advance(60_000);
  const options = { folders: [a.folder.id], pin: isPinned, tags: ['first'] };
  const { snapshot: id } = await snapshot(a.session, options, operationContext());
  a.put({ f: 'two' });
  await a.record();
  a.put({ f: 'three' });
  await a.record();
  return id ?? assert.fail('expected a snapshot');
}

async function versionsOf(node: SharedNode): Promise<NamedLink[]> {
  const links = await node.folder.log.linksOf('f');
  return links.toSorted((x, y) => x.time - y.time);
}

async function catAt(node: SharedNode, at: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  const options = { folder: node.folder.id, paths: ['f'], cwd: '/', at };
  const write = (piece: Uint8Array): Promise<void> => {
    pieces.push(piece.slice());
    return Promise.resolve();
  };
  await cat(node.session, options, write, operationContext());
  return Buffer.concat(pieces).toString();
}

async function available(node: SharedNode): Promise<unknown[]> {
  const context = operationContext();
  await log(node.session, { folder: node.folder.id, paths: ['f'], cwd: '/' }, context);
  return context.items.map((item) => item['available']);
}

describe('a node that keeps what is current', () => {
  test('has no older contents, which are neither missing nor damage', async () => {
    const [a, b] = await three();
    await keepsCurrent(b);
    const first = await written(a);
    const nodes = new Nodes();
    for (const node of [a, b]) await nodes.open(node);
    await nodes.connect(a, b);
    assert.deepEqual(await available(b), [true, false, false], 'the newest first');
    assert.deepEqual(await available(a), [true, true, true]);
    const context = operationContext();
    const checked = await verify(b.session, { folders: [b.folder.id], read: true }, context);
    assert.deepEqual([checked.damaged, checked.mended], [0, 0]);
    assert.match(context.warnings.join(), /contents of 2 versions are not kept here/);
    const error = await rejects('VAULT_CHUNK_MISSING', () => catAt(b, first));
    assert.match(`${error.message} ${error.hint}`, /not here; it was written by a .*--fetch/);
    const told = operationContext();
    const options = { folder: b.folder.id, paths: [], cwd: '/', at: first, to: '/out' };
    const restored = await restore(b.session, options, told);
    assert.deepEqual([restored.files, restored.damaged], [1, 1]);
    assert.match(told.warnings.join(), /f: its content is not here; .*--fetch/);
    assert.equal(nodes.exchange(b).isQuiet, true);
  });

  test('has them from others when it asks, keeps them, and says where nobody has them', async () => {
    const [a, b, c] = await three();
    await keepsCurrent(b);
    await keepsCurrent(c);
    const first = await written(a);
    const nodes = new Nodes();
    for (const node of [a, b, c]) await nodes.open(node);
    await nodes.connect(a, b);
    await nodes.connect(b, c);
    const [one, two] = await versionsOf(b);
    assert.ok(one && two);
    // Only one that has not got it either is there.
    assert.equal(await nodes.while(nodes.exchange(c).fetch([one], never)), false);
    assert.equal(await nodes.while(nodes.exchange(b).fetch([one], never)), true);
    assert.equal(await catAt(b, first), 'one');
    assert.deepEqual(await available(b), [true, false, true], 'exactly what was asked for');
    await nodes.pass();
    assert.equal(await catAt(c, first), 'one', 'who still asks has it as soon as somebody does');
    await nodes.close(b);
    await b.reopen();
    assert.equal(await catAt(b, first), 'one');
    await nodes.open(b);
    await nodes.pass();
    assert.deepEqual(await available(b), [true, false, true]);
    // With nobody there it waits, until it is told not to.
    const ending = new AbortController();
    const waiting = nodes.exchange(b).fetch([two], ending.signal);
    await nodes.pass();
    ending.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
  });

  test('has what conflicts and pinned snapshots show', async () => {
    const [a, b, c] = await three();
    await keepsCurrent(c);
    const first = await written(a, true);
    b.put({ f: 'another' });
    await b.record();
    const nodes = new Nodes();
    for (const node of [a, b, c]) await nodes.open(node);
    await nodes.connect(a, b);
    await nodes.connect(a, c);
    await nodes.pass();
    assert.equal(await catAt(c, first), 'one', 'pinned');
    const contents = await c.folder.log.linksOf('f');
    assert.equal(contents.length, 4);
    const shown = (await available(c)).filter((one) => one === true).length;
    assert.equal(shown, 3, 'both rivals, and what is pinned; not what came between');
    await c.apply();
    const texts = Object.values(textTree(c.fs, '/disk')).toSorted();
    assert.deepEqual(texts, ['another', 'same', 'three']);
  });

  test('asks for all of history once it is to keep it', async () => {
    const [a, b] = await three();
    await keepsCurrent(b);
    await written(a);
    const nodes = new Nodes();
    for (const node of [a, b]) await nodes.open(node);
    await nodes.connect(a, b);
    await nodes.close(b);
    const settings = [{ key: 'history', value: 'all' }];
    await setFolder(b.session, { folder: b.folder.id, settings });
    await nodes.open(b);
    await nodes.connect(a, b);
    assert.deepEqual(await available(b), [true, true, true]);
    const wrong = [{ key: 'history', value: 'some' }];
    await rejects('VAULT_USAGE', () =>
      setFolder(b.session, { folder: b.folder.id, settings: wrong }),
    );
  });
});
