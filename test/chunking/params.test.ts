import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkChunkerParams, defaultChunkerParams } from '../../src/chunking/params.ts';
import { smallParams } from './contents.ts';

test('the default is keyed fastcdc with 16, 64 and 256 KiB', () => {
  assert.deepEqual(checkChunkerParams(defaultChunkerParams), {
    id: 1,
    min: 16_384,
    average: 65_536,
    max: 262_144,
  });
  assert.equal(checkChunkerParams(smallParams), smallParams);
});

test('an unknown chunker is a newer format, named', () => {
  assert.throws(() => checkChunkerParams({ ...smallParams, id: 2 }), {
    code: 'VAULT_FORMAT_UNSUPPORTED',
    message: 'unknown chunker 2',
  });
});

test('sizes the algorithm does not take are refused', () => {
  const wrong = [
    { min: 63 },
    { min: 256 },
    { min: 64.5 },
    { min: NaN },
    { average: 128 },
    { average: 300 },
    { average: 1024 },
    { max: 1000 },
    { max: 256 },
    { max: 1024 * 1024 + 1 },
  ];
  for (const change of wrong) {
    assert.throws(() => checkChunkerParams({ ...smallParams, ...change }), RangeError);
  }
});
