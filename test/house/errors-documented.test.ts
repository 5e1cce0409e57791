import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorCodes } from '../../src/errors.ts';
import { filesBelow, textOf } from './source-files.ts';

describe('error codes', () => {
  test('docs/errors.md explains exactly the codes there are, in their order', () => {
    const sections = textOf('docs/errors.md').split(/^## /m).slice(1);
    assert.deepEqual(
      sections.map((section) => section.split('\n', 1)[0]),
      [...errorCodes],
    );
    for (const section of sections) {
      const text = section.split('\n').slice(1).join(' ').trim();
      assert.ok(text.length > 60, `too short to explain anything: ${section}`);
    }
  });

  test('documents name no code that does not exist', () => {
    const known = new Set<string>(errorCodes);
    for (const path of [...filesBelow('docs', '.md'), 'README.md', 'CONTRIBUTING.md']) {
      for (const [, code] of textOf(path).matchAll(/`(VAULT_[A-Z_]+)`/g)) {
        if (code === undefined || environment.has(code)) continue;
        assert.ok(known.has(code), `${path} names ${code}`);
      }
    }
  });
});

/** Environment variables, which look the same. */
const environment = new Set([
  'VAULT_BIN',
  'VAULT_EXEC_PATH',
  'VAULT_FOLDER',
  'VAULT_HOME',
  'VAULT_JSON',
  'VAULT_PASSPHRASE',
  'VAULT_PASSPHRASE_COMMAND',
  'VAULT_PASSPHRASE_FILE',
  'VAULT_QUIET',
  'VAULT_SEED',
  'VAULT_SLOW',
]);
