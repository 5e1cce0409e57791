import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areSame, MemoryNodes, type OnlineNode } from '../helpers/online-nodes.ts';
import { operationContext } from '../helpers/test-home.ts';

/** Has one node join a folder of another by a line, while both are online. */
async function joins(
  world: MemoryNodes,
  joiner: OnlineNode,
  issuer: OnlineNode,
  folder: string,
): Promise<void> {
  const made = await issuer.vault?.invite({ folder, role: 'manage' }, operationContext());
  assert.deepEqual(made?.addresses, [`${issuer.name}:7420`]);
  const options = { invite: made.invite, path: joiner.path(folder), cwd: '/', name: folder };
  await world.during(joiner.vault?.join(options, operationContext()));
}

test('a joiner that is online finds the content, and others through it', async () => {
  const world = await MemoryNodes.make('a', 'b', 'c');
  const [a, b, c] = world.all;
  assert.ok(a && b && c);
  for (const node of world.all) await world.during(node.start({ listen: '*:7420' }));
  a.environment.fileSystem.makeDirectories(a.path('notes'));
  await a.vault?.folderAdd({ path: a.path('notes'), name: 'notes' }, operationContext());
  a.put('notes', { 'one.txt': 'first', 'deep/two.txt': 'second' });
  await world.during(a.record('notes'));

  await joins(world, b, a, 'notes');
  await world.until('the content at b', () => areSame('notes', [a, b]));
  // A manager that joined admits others in turn.
  await joins(world, c, b, 'notes');
  await world.until('the content at c', () => areSame('notes', world.all));
  c.put('notes', { 'three.txt': 'third' });
  await world.during(c.record('notes'));
  await world.until('what c wrote', () => areSame('notes', world.all));
  assert.equal(a.tree('notes')['three.txt'], 'third');
  for (const node of world.all) assert.deepEqual(node.troubles, []);
  await world.stopAll();
});

test('a joiner that was not online finds the issuer when it is, after both began anew', async () => {
  const world = await MemoryNodes.make('a', 'b');
  const [a, b] = world.all;
  assert.ok(a && b);
  await world.during(a.start({ listen: '*:7420' }));
  a.environment.fileSystem.makeDirectories(a.path('notes'));
  await a.vault?.folderAdd({ path: a.path('notes'), name: 'notes' }, operationContext());
  a.put('notes', { 'one.txt': 'first' });
  await world.during(a.record('notes'));
  await b.open();
  await joins(world, b, a, 'notes');
  await world.stopAll();
  await world.during(a.start({ listen: '*:7420' }));
  await world.during(b.start());
  await world.until('the content at b', () => areSame('notes', [a, b]));
  for (const node of world.all) assert.deepEqual(node.troubles, []);
  await world.stopAll();
});
