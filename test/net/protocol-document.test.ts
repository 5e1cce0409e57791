import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as limits from '../../src/limits.ts';
import { tableOf } from '../house/source-files.ts';

test('the limits that docs/protocol.md names are those of the program', () => {
  const rows = tableOf('docs/protocol.md', 'limit');
  assert.ok(rows.length > 10);
  const actual = new Map<string, unknown>(Object.entries(limits));
  for (const [name = '', value] of rows) {
    assert.equal(Number(value), actual.get(name.replaceAll('`', '')), name);
  }
});
