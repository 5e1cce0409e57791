import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TestNode } from '../helpers/test-node.ts';
import { assertSameTree, treeOf } from '../helpers/tree.ts';
import { SampleTree } from './sample-tree.ts';

describe('revert and undo, as people call them', () => {
  test('a whole folder goes back and forth', async (t) => {
    const node = await TestNode.make(t);
    const tree = new SampleTree(node.work, 'change back');
    tree.plant(150);
    await node.done('snapshot', '--tag', 'first');
    const first = treeOf(node.work);
    tree.edit(40);
    // Not recorded before it is reverted.
    const second = treeOf(node.work);
    const dry = await node.json(0, 'revert', '-f', 'work', '--at', 'first', '-n');
    assertSameTree(treeOf(node.work), second, 'a dry run changes nothing');
    const real = await node.json(0, 'revert', '-f', 'work', '--at', 'first');
    assertSameTree(treeOf(node.work), first, 'reverted');
    assert.deepEqual(dry.slice(0, -1), real.slice(0, -1));
    const { before } = real.at(-1) ?? {};
    await node.done('undo', '-f', 'work');
    assertSameTree(treeOf(node.work), second, 'undone');
    await node.done('revert', '-f', 'work', '--at', 'first');
    await node.done('revert', '-f', 'work', '--at', String(before));
    assertSameTree(treeOf(node.work), second, 'by the snapshot that was named');
    assert.equal((await node.done('status'))['pending'], 0);
    assert.equal((await node.done('verify', '--read'))['damaged'], 0);
  });

  test('names that are no text, links and things made something else come back', async (t) => {
    const node = await TestNode.make(t);
    const at = (name: string): string => join(node.work, name);
    const raw = Buffer.concat([Buffer.from(at('raw ')), Buffer.from([0xe9])]);
    writeFileSync(raw, 'raw');
    mkdirSync(at('dir'));
    writeFileSync(at('dir/inner'), 'inner');
    symlinkSync('dir', at('link'));
    writeFileSync(at('run'), '#!/bin/sh\n');
    chmodSync(at('run'), 0o750);
    utimesSync(at('run'), 1_000_000_000, 1_000_000_000);
    await node.done('snapshot', '--tag', 'first');
    const first = treeOf(node.work);
    writeFileSync(raw, 'changed');
    rmSync(at('dir'), { recursive: true });
    writeFileSync(at('dir'), 'now a file');
    rmSync(at('link'));
    mkdirSync(at('link'));
    writeFileSync(at('link/below'), 'x');
    writeFileSync(at('run'), 'changed');
    chmodSync(at('run'), 0o640);
    const lines = await node.json(0, 'undo', node.work);
    assert.ok(lines.some((line) => 'pathBase64' in line));
    assertSameTree(treeOf(node.work), first, 'undone');
    assert.equal(
      statSync(at('run')).mode & 0o777,
      0o750,
      'the mode it had, with the bit it has now',
    );
  });

  test('people see what was done and how to go back', async (t) => {
    const node = await TestNode.make(t);
    writeFileSync(join(node.work, 'a'), '1');
    await node.done('snapshot');
    writeFileSync(join(node.work, 'a'), '2');
    const undone = await node.runWith({ cwd: node.work }, 'undo', 'a');
    assert.match(undone.stdout.toString(), /^changed {2}a\nundid the change of .*: 1 changed in/);
    const [, id] =
      /vault: hint: the state before: vault revert --at ([0-9a-f]{12})/.exec(undone.stderr) ?? [];
    assert.equal(readFileSync(join(node.work, 'a'), 'utf8'), '1');
    const back = await node.runWith({ cwd: node.work }, 'revert', '--at', id ?? '');
    assert.equal(back.exit, 0, back.stderr);
    assert.equal(readFileSync(join(node.work, 'a'), 'utf8'), '2');
    assert.equal((await node.run('revert', '-f', 'work')).exit, 2);
    assert.equal((await node.fails(10, 'revert', '-f', 'work', '--at', 'nothing'))['exit'], 10);
    renameSync(node.work, `${node.work} elsewhere`);
    await node.fails(23, 'undo', '-f', 'work');
  });
});
