import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDeviceKey, newDeviceKey, parseDeviceKey } from '../../src/crypto/device-key.ts';
import { seededRandom } from '../helpers/seeded.ts';

const key = newDeviceKey(seededRandom('device'));
const content = Buffer.from(formatDeviceKey(key));

test('a device key is one line of text and comes back', () => {
  assert.match(content.toString(), /^vault-device-key-1 [0-9a-f]{64} [0-9a-f]{8}\n$/);
  assert.deepEqual(parseDeviceKey(content), key);
  assert.deepEqual(parseDeviceKey(Buffer.from(content.toString().trimEnd())), key);
  assert.throws(() => formatDeviceKey(key.subarray(1)), RangeError);
});

test('a changed, cut or extended file is never another key', () => {
  const expected = (error: unknown): boolean =>
    error instanceof Error &&
    'code' in error &&
    ['VAULT_DAMAGED', 'VAULT_KEY_WRONG', 'VAULT_FORMAT_UNSUPPORTED'].includes(String(error.code));
  for (let at = 0; at < content.length - 1; at++) {
    const changed = Buffer.from(content);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => parseDeviceKey(changed), expected, `byte ${at}`);
    if (at < content.length - 1) {
      assert.throws(() => parseDeviceKey(content.subarray(0, at)), expected, `length ${at}`);
    }
  }
  const longer = Buffer.concat([content, Buffer.from('x')]);
  assert.throws(() => parseDeviceKey(longer), { code: 'VAULT_DAMAGED' });
});

test('another file is a wrong key, a newer one is unsupported, a damaged one damaged', () => {
  assert.throws(() => parseDeviceKey(Buffer.from('hello')), { code: 'VAULT_KEY_WRONG' });
  assert.throws(() => parseDeviceKey(Buffer.alloc(0)), { code: 'VAULT_KEY_WRONG' });
  const newer = Buffer.from(content.toString().replace('-1 ', '-2 '));
  assert.throws(() => parseDeviceKey(newer), { code: 'VAULT_FORMAT_UNSUPPORTED' });
  const digit = Buffer.from(content);
  digit[30] = digit[30] === 0x30 ? 0x31 : 0x30;
  assert.throws(() => parseDeviceKey(digit), { code: 'VAULT_DAMAGED' });
});
