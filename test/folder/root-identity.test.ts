import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameRoot, rootIdentity } from '../../src/folder/root-identity.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';

const fs = new MemoryFileSystem({ clock: new VirtualClock() });
fs.makeDirectory('/root');
const root = { ...fs.stat('/root'), inode: 2n, device: 7n, bornNs: 99n };

test('a root is the same whatever changes in it and however its device is numbered', () => {
  assert.ok(isSameRoot(rootIdentity(root), { ...root, mtimeNs: 1n, ctimeNs: 2n, mode: 0o700 }));
  assert.ok(isSameRoot(rootIdentity(root), { ...root, device: 8n }));
});

test('another directory is another root, also the top of another drive with the same numbers', () => {
  assert.ok(!isSameRoot(rootIdentity(root), { ...root, inode: 3n }));
  assert.ok(!isSameRoot(rootIdentity(root), { ...root, bornNs: 100n }));
});

test('where no time of birth is known the device counts', () => {
  const old = { ...root, bornNs: 0n };
  for (const kept of [rootIdentity(old), '7:2']) {
    assert.ok(isSameRoot(kept, root));
    assert.ok(!isSameRoot(kept, { ...root, device: 8n }));
  }
  assert.ok(isSameRoot(rootIdentity(root), old));
  assert.ok(!isSameRoot(rootIdentity(root), { ...old, device: 8n }));
});
