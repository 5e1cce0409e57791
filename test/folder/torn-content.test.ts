import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { isTorn } from '../../src/folder/torn-content.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';

const whole = 'a content of some length';

async function judged(found: string): Promise<boolean> {
  const files = new MemoryFileSystem({ clock: new VirtualClock() });
  const file = files.open('/f', { mode: 'create' });
  file.write(utf8(found), 0);
  async function* pieces(): AsyncGenerator<{ offset: number; plain: Uint8Array }> {
    for (let offset = 0; offset < whole.length; offset += 5) {
      yield await Promise.resolve({ offset, plain: utf8(whole.slice(offset, offset + 5)) });
    }
  }
  return isTorn(file, pieces());
}

test('a beginning, zeros in any place and both are torn; so is what is whole', async () => {
  for (const found of [
    '',
    'a con',
    'a content o',
    '\0'.repeat(9),
    `a con${'\0'.repeat(8)}`,
    whole,
  ]) {
    assert.equal(await judged(found), true, JSON.stringify(found));
  }
  assert.equal(await judged(whole.replace('tent', '\0\0\0\0')), true);
});

test('one byte of another content is an edit, and so is one byte more', async () => {
  for (const found of ['b', 'a Content', `${whole}\0`, whole.replace('h', 'H')]) {
    assert.equal(await judged(found), false, JSON.stringify(found));
  }
});
