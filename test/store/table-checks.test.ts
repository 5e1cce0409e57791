import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TableChecks } from '../../src/store/table-checks.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { tempDir } from '../helpers/temp-dir.ts';

test('a log that a closed database had and is gone is missed, an outdated one is not', (t) => {
  const path = tempDir(t);
  const logs = ['000008.log', '000010.log'];
  for (const name of logs) writeFileSync(`${path}/${name}`, 'rows');
  new TableChecks(realFileSystem(), path, true).note('closing');

  const checks = new TableChecks(realFileSystem(), path, true);
  assert.deepEqual(checks.unsound([], false), []);
  assert.equal(checks.lacksLog(logs, 8), false);
  assert.equal(checks.lacksLog(['000008.log'], 8), true);
  assert.equal(checks.lacksLog(['000010.log'], 8), true);
  assert.equal(checks.lacksLog(['000010.log'], 10), false);
});

test('after an unclean stop no log is missed: there may be others by now', (t) => {
  const path = tempDir(t);
  writeFileSync(`${path}/000008.log`, 'rows');
  const before = new TableChecks(realFileSystem(), path, true);
  before.note('closing');
  before.note('opening');

  const checks = new TableChecks(realFileSystem(), path, true);
  checks.unsound([], false);
  assert.equal(checks.lacksLog([], 0), false);
});
