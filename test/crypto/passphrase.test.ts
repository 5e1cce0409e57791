import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { passphraseBytes } from '../../src/crypto/passphrase.ts';

test('a passphrase typed in composed or decomposed characters is the same', () => {
  assert.deepEqual(passphraseBytes('Cafe\u0301 \u1100\u1161'), passphraseBytes('Caf\u00e9 \uac00'));
  assert.deepEqual(passphraseBytes('caf\u00e9'), utf8('caf\u00e9'));
});

test('nothing else about a passphrase is changed', () => {
  for (const text of [' leading', 'trailing ', 'UPPER', 'upper', '\ufb01', 'fi', 'a\nb', '0']) {
    assert.deepEqual(passphraseBytes(text), utf8(text));
  }
});

test('an empty passphrase, one with a NUL and one that is no text are refused', () => {
  for (const text of ['', '\0', 'a\0b', '\ud800', 'a\udfff']) {
    assert.throws(() => passphraseBytes(text), { code: 'VAULT_USAGE' }, JSON.stringify(text));
  }
});
