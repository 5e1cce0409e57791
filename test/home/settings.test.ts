import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../src/bytes.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { sealRow } from '../../src/crypto/row-seal.ts';
import {
  effectiveSetting,
  isLabel,
  parseSetting,
  readSettings,
  settingDefinitions,
  settingName,
  writeSettings,
  type SettingName,
} from '../../src/home/settings.ts';
import { writeTwin } from '../../src/store/twin-file.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { memoryEnvironment } from '../helpers/test-environment.ts';

const names = Object.keys(settingDefinitions) as SettingName[];
const key = secretKey(seededRandom('settings key').bytes(32));
const random = seededRandom('settings');

const isControl = (character: string): boolean => {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029;
};

describe('settings', () => {
  test('every default is a value of its setting, the name apart, which has none', () => {
    for (const name of names.filter((one) => one !== 'name')) {
      const value = effectiveSetting({}, name);
      assert.equal(parseSetting(name, value), value);
    }
  });

  test('values are taken at the ends of their range and refused beyond, naming the text', async () => {
    for (const [name, good, bad] of [
      ['compression', ['0', '19', '007'], ['-1', '20', '', ' 3', '3.0', '1e1', 'x']],
      ['workers', ['0', '64'], ['65', '-0', '٣']],
      ['reserve', ['0', '999999999'], ['1000000000', '8MB']],
      [
        'name',
        ['n', 'ein Name', 'x'.repeat(255)],
        ['', ' n', 'n ', 'a\u0000b', 'a\nb', 'x'.repeat(256)],
      ],
    ] as const) {
      for (const text of good) assert.equal(typeof parseSetting(name, text), 'string');
      for (const text of bad) {
        const error = await rejects('VAULT_USAGE', () => parseSetting(name, text));
        assert.ok(error.message.includes(JSON.stringify(text)));
      }
    }
    assert.equal(parseSetting('compression', '007'), '7');
  });

  test('an unknown setting is wrong usage, and the hint names those there are', async () => {
    for (const unknown of ['nme', '', 'toString', '__proto__']) {
      const error = await rejects('VAULT_USAGE', () => settingName(unknown));
      for (const name of names) assert.ok(error.hint?.includes(name));
    }
    assert.equal(settingName('workers'), 'workers');
  });

  test('a label has no control characters, line ends or outer blanks', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12, unit: 'binary' }), (text) => {
        const expected = text !== '' && text.trim() === text && !Array.from(text).some(isControl);
        assert.equal(isLabel(text), expected && text.isWellFormed());
      }),
    );
    assert.ok(!isLabel('\ud800'));
  });

  test('what was written is read, sealed under the key', async () => {
    const { fileSystem } = memoryEnvironment();
    assert.deepEqual(readSettings(fileSystem, '/settings', key), {});
    writeSettings(fileSystem, '/settings', key, random, { name: 'secret name', workers: '2' });
    assert.deepEqual(readSettings(fileSystem, '/settings', key), {
      name: 'secret name',
      workers: '2',
    });
    const bytes = Buffer.from(fileSystem.readFile('/settings.a'));
    assert.equal(bytes.includes('secret name'), false);
    const other = secretKey(seededRandom('another key').bytes(32));
    await rejects('VAULT_DAMAGED', () => readSettings(fileSystem, '/settings', other));
  });

  test('settings of a newer vault are passed over', () => {
    const { fileSystem } = memoryEnvironment();
    const text = JSON.stringify({ compression: '5', gravity: 'on' });
    writeTwin(fileSystem, '/settings', sealRow(key, utf8('vault v1 settings'), utf8(text), random));
    assert.deepEqual(readSettings(fileSystem, '/settings', key), { compression: '5' });
  });
});
