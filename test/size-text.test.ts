import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeFromText } from '../src/size-text.ts';

test('sizes are read in bytes and in powers of 1024, or of 1000 where they say so', () => {
  for (const [text, bytes] of [
    ['0', 0],
    ['4096', 4096],
    ['12B', 12],
    ['500k', 512_000],
    ['10M', 10_485_760],
    ['10MiB', 10_485_760],
    ['10mb', 10_000_000],
    ['1.5G', 1_610_612_736],
    ['0.0001k', 0],
    ['2T', 2 ** 41],
    ['1p', 2 ** 50],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ] as const) {
    assert.equal(sizeFromText(text), bytes, text);
  }
});

test('anything else is no size', () => {
  const others = [
    '',
    'k',
    '-1',
    '+1',
    '1.5',
    '1.',
    '.5k',
    '1 k',
    '1kk',
    '1iB',
    '1e3',
    '0x10',
    '٣',
    '8P1',
  ];
  for (const text of [...others, '9007199254740992', '8192P', 'Infinity']) {
    assert.equal(sizeFromText(text), undefined, text);
  }
});
