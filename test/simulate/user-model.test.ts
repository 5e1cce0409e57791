import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserModel } from './user-model.ts';
import { differences } from './working-tree.ts';

function changes(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): ReturnType<typeof differences> {
  return differences(new Map(Object.entries(before)), new Map(Object.entries(after)));
}

describe('what a node may record', () => {
  test('is what was written to a file that was just replaced, and then that is kept', () => {
    for (const isOurs of [true, false]) {
      const user = new UserModel();
      const scanned = user.beginScan();
      user.didAside('f', 'Fone', isOurs);
      user.endScan(scanned);
      assert.ok(user.explains('f', 'Fone'));
      assert.equal(user.kept.has('Fone'), isOurs);
    }
  });

  test('is what its users did, and nothing that vault brought', () => {
    const user = new UserModel();
    user.did(changes({}, { mine: 'Fone' }));
    user.brought(changes({}, { theirs: 'Ftwo' }));
    assert.ok(user.explains('mine', 'Fone'));
    assert.ok(!user.explains('theirs', 'Ftwo'));
    user.mishap();
    assert.ok(user.explains('theirs', 'Ftwo'), 'found again where something failed');
  });

  test('is what a power cut left of their own files, and not of those that vault brought', () => {
    const user = new UserModel();
    user.did(changes({}, { mine: 'Fone' }));
    user.brought(changes({}, { theirs: 'Ftwo', older: 'Fthree' }));
    user.mishap();
    const before = { mine: 'Fone', theirs: 'Ftwo', older: 'Fthree' };
    const after = { mine: 'Fo', theirs: 'Ft', older: 'Fone' };
    user.lost(changes(before, after), new Map(Object.entries(after)));
    assert.ok(user.explains('mine', 'Fo'));
    assert.ok(!user.explains('theirs', 'Ft'));
    assert.ok(
      user.explains('older', 'Fone'),
      'a name that was not durable leads to what it did before',
    );
  });

  test('is what vault brought to a directory that they moved meanwhile', () => {
    const user = new UserModel();
    const scanned = user.beginScan();
    user.did(changes({ d: 'D' }, { e: 'D' }));
    user.brought(changes({ d: 'D' }, { e: 'D', 'e/x': 'Fone', y: 'Fone' }));
    user.endScan(scanned);
    assert.ok(user.explains('e/x', 'Fone'));
    assert.ok(!user.explains('y', 'Fone'));
    assert.ok(user.explains('d/x', undefined), 'it is gone from where vault thought that it was');
    assert.ok(!user.explains('y', undefined));
  });
});
