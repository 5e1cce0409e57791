import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isVaultError } from '../../src/errors.ts';
import { inStep } from '../helpers/in-step.ts';
import { SharedNode } from '../helpers/shared-node.ts';

const MIB = 1024 * 1024;

test('a disk is not filled by what others wrote; with room again it goes on', async () => {
  const [a] = await SharedNode.make('a');
  assert.ok(a);
  const b = await SharedNode.joined('b', a);
  a.put({ small: 'x'.repeat(1000), large: 'y'.repeat(2 * MIB) });
  await a.record();
  await a.giveTo(b);
  let free = 17 * MIB;
  b.fs.freeBytes = () => free;
  await assert.rejects(
    b.apply(),
    (error) => isVaultError(error, 'VAULT_NO_SPACE') && error.details?.['path'] === '/disk',
  );
  assert.deepEqual(b.tree(), {}, 'nothing half written is there');
  await b.reopen();
  // Removals need no room.
  a.remove('large');
  await a.record();
  free = 0;
  await a.giveTo(b);
  await assert.rejects(b.apply(), (error) => isVaultError(error, 'VAULT_NO_SPACE'));
  await b.reopen();
  free = 17 * MIB;
  await inStep([a, b]);
  assert.deepEqual(b.tree(), a.tree());
  assert.equal(b.tree()['small']?.length, 1000);
});

test('directories moved into each other at once end without a ring and without a loss', async () => {
  const [a, b] = await SharedNode.make('a', 'b');
  assert.ok(a && b);
  a.put({ 'x/in x': '1', 'y/in y': '2' });
  await a.record();
  await inStep([a, b]);
  for (const [node, from, to] of [
    [a, 'x', 'y/x'],
    [b, 'y', 'x/y'],
  ] as const) {
    node.environment.clock.advance(60_000);
    node.fs.rename(`/disk/${from}`, `/disk/${to}`);
    await node.record();
  }
  await inStep([a, b]);
  await inStep([a, b]);
  assert.deepEqual(a.tree(), b.tree());
  const texts = Object.values(a.tree()).filter((text) => text !== '');
  assert.deepEqual(texts.toSorted(), ['1', '2'], JSON.stringify(a.tree()));
});
