import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertMatchesSchema } from '../helpers/json-schema.ts';
import {
  areSame,
  diskNodes,
  sameTrees,
  shareFolder,
  tellAddresses,
  type OnlineNode,
} from '../helpers/online-nodes.ts';
import { runVault, type Ran } from '../helpers/run-vault.ts';

type Line = Record<string, unknown>;

function vault(node: OnlineNode, ...args: readonly string[]): Promise<Ran> {
  return runVault({ home: node.home, cwd: node.directory, passphrase: undefined }, ...args);
}

async function synced(node: OnlineNode, exit: number, ...args: string[]): Promise<readonly Line[]> {
  const ran = await vault(node, 'sync', '--json', ...args);
  assert.equal(ran.exit, exit, ran.stderr + ran.stdout.toString());
  const lines: readonly Line[] = ran.lines();
  for (const line of lines) assertMatchesSchema('sync', line);
  return lines;
}

test('sync gives and takes with a node that is online, and says with code 24 that nobody is', async (t) => {
  const [a, b] = await diskNodes(t, 'a', 'b');
  assert.ok(a && b);
  await shareFolder('notes', [a, b]);
  for (const node of [a, b]) {
    await node.inSession(({ home }) => Promise.resolve(home.set('listen', '127.0.0.1:0')));
  }
  b.put('notes', { 'of b.txt': 'written at b' });
  const { address = '' } = await a.start({ listen: '127.0.0.1:0' });
  await tellAddresses(b, [a], () => address);
  a.put('notes', { 'of a.txt': 'written at a' });
  await a.record('notes');
  const lines = await synced(b, 0);
  const [result, summary] = [lines.at(-2), lines.at(-1)];
  assert.deepEqual(
    [result?.['name'], result?.['peers'], result?.['added'], result?.['complete']],
    ['notes', 1, 1, true],
  );
  assert.deepEqual([summary?.['folders'], summary?.['peers']], [1, 1]);
  await sameTrees('notes', [a, b]);
  assert.deepEqual(a.tree('notes'), { 'of a.txt': 'written at a', 'of b.txt': 'written at b' });

  await a.stop();
  b.put('notes', { 'later.txt': 'recorded though nobody is there' });
  const [error, ...more] = await synced(b, 24, 'notes');
  assert.deepEqual(more, [], 'and that is all it says');
  assert.equal(error?.['code'], 'VAULT_NO_PEER');
  assert.equal(error['message'], 'no peer is reachable');
  const log = await vault(b, 'log', 'later.txt', '-f', 'notes', '--json');
  assert.equal(log.last()['versions'], 1);
});

test('two that sync at the same time find each other', async (t) => {
  const [a, b] = await diskNodes(t, 'a', 'b');
  assert.ok(a && b);
  await shareFolder('notes', [a, b]);
  // A port that is free now, and nobody else is likely to take.
  const { address = '' } = await a.start({ listen: '127.0.0.1:0' });
  await a.stop();
  await a.inSession(({ home }) => Promise.resolve(home.set('listen', address)));
  await b.inSession(({ home }) => Promise.resolve(home.set('listen', 'off')));
  await tellAddresses(b, [a], () => address);
  a.put('notes', { 'a.txt': 'a' });
  b.put('notes', { 'b.txt': 'b' });
  await Promise.all([synced(a, 0), synced(b, 0)]);
  assert.ok(areSame('notes', [a, b]));
  assert.deepEqual(Object.keys(a.tree('notes')), ['a.txt', 'b.txt']);
});
