import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scrypt as nobleScrypt } from '@noble/hashes/scrypt.js';
import libsodium from 'libsodium-wrappers';
import { toHex } from '../../src/bytes.ts';
import { newDeviceKey } from '../../src/crypto/device-key.ts';
import { formatRecoveryCode, newRecoveryBytes } from '../../src/crypto/recovery-code.ts';
import { SCRYPT_COST } from '../../src/crypto/scrypt.ts';
import { createSlot, openSlot, type Slot, type SlotSecret } from '../../src/crypto/slot.ts';
import { decodeSlots, encodeSlots } from '../../src/crypto/slots-file.ts';
import { addSlot, openSlots, removeSlot, replaceSlot } from '../../src/crypto/slots.ts';
import { loadSodium } from '../../src/crypto/sodium.ts';
import { MAX_LABEL, MAX_SLOTS } from '../../src/limits.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { named } from './fixtures.ts';

const sodium = await loadSodium();
const random = seededRandom('slots');
const tools = { sodium, random };
const cost = { log2N: 10, r: 8, p: 1 };
const root = named('root key');

const secrets = {
  passphrase: { kind: 'passphrase', passphrase: 'correct horse' },
  recovery: { kind: 'recovery-code', code: formatRecoveryCode(newRecoveryBytes(random)) },
  device: { kind: 'device-key', key: newDeviceKey(random) },
} as const satisfies Record<string, SlotSecret>;

function slot(secret: SlotSecret, of = root, label = 'a label'): Promise<Slot> {
  return createSlot(tools, { secret, root: of, label, createdMs: 1_750_000_000_000, cost });
}

const [byPassphrase, byRecovery, byDevice] = await Promise.all([
  slot(secrets.passphrase),
  slot(secrets.recovery),
  slot(secrets.device),
]);
const all = [byPassphrase, byRecovery, byDevice];
const file = decodeSlots(encodeSlots(all, root));

test('each kind of secret opens the root key, and says through which slot', async () => {
  for (const [secret, made] of [
    [secrets.passphrase, byPassphrase],
    [secrets.recovery, byRecovery],
    [secrets.device, byDevice],
  ] as const) {
    const opened = await openSlots(sodium, file, secret);
    assert.deepEqual(opened.root, root);
    assert.equal(opened.slot.id, made.id);
  }
});

test('a recovery code opens as it is typed, a passphrase as its characters compose', async () => {
  const code = secrets.recovery.code.toLowerCase().replaceAll('-', ' ');
  assert.deepEqual(await openSlot(sodium, byRecovery, { kind: 'recovery-code', code }), root);
  const composed = await slot({ kind: 'passphrase', passphrase: 'caf\u00e9' });
  const typed = { kind: 'passphrase', passphrase: 'cafe\u0301' } as const;
  assert.deepEqual(await openSlot(sodium, composed, typed), root);
});

test('a wrong secret is called wrong, of every kind', async () => {
  const wrong: SlotSecret[] = [
    { kind: 'passphrase', passphrase: 'Correct horse' },
    { kind: 'passphrase', passphrase: 'correct horse ' },
    { kind: 'recovery-code', code: formatRecoveryCode(named('x').subarray(12)) },
    { kind: 'recovery-code', code: secrets.recovery.code.slice(1) },
    { kind: 'device-key', key: named('another device') },
  ];
  for (const secret of wrong) {
    const open = openSlots(sodium, file, secret);
    await assert.rejects(open, { code: 'VAULT_KEY_WRONG' }, JSON.stringify(secret));
  }
});

test('a kind of secret that has no slot is wrong, and the hint names what has', async () => {
  const some = decodeSlots(encodeSlots([byRecovery, byDevice], root));
  await assert.rejects(openSlots(sodium, some, secrets.passphrase), {
    code: 'VAULT_KEY_WRONG',
    hint: 'open it with a recovery code or a device key',
  });
});

test('bad passphrases and labels are refused when a slot is made', async () => {
  for (const passphrase of ['', 'a\0b', '\ud800']) {
    const making = slot({ kind: 'passphrase', passphrase });
    await assert.rejects(making, { code: 'VAULT_USAGE' }, JSON.stringify(passphrase));
  }
  const long = slot(secrets.device, root, 'x'.repeat(MAX_LABEL + 1));
  await assert.rejects(long, { code: 'VAULT_USAGE' });
  await assert.rejects(slot(secrets.device, root, '\ud800'), { code: 'VAULT_USAGE' });
  await assert.rejects(slot(secrets.device, root.subarray(1)), RangeError);
});

test('without a cost given a slot takes the default one', async () => {
  const made = await createSlot(tools, {
    secret: secrets.passphrase,
    root,
    label: '',
    createdMs: 0,
  });
  assert.deepEqual(made.kdf, { name: 'scrypt', salt: made.kdf.salt, ...SCRYPT_COST });
  assert.deepEqual(await openSlot(sodium, made, secrets.passphrase), root);
});

test('a slot is what independent implementations make of the description', async () => {
  const { kdf } = byPassphrase;
  const password = new TextEncoder().encode('correct horse');
  const scalar = nobleScrypt(password, kdf.salt, { N: 1024, r: 8, p: 1, dkLen: 32 });
  const publicKey = libsodium.crypto_scalarmult_base(scalar);
  assert.deepEqual(byPassphrase.publicKey, publicKey);
  const opened = libsodium.crypto_box_seal_open(byPassphrase.sealedRoot, publicKey, scalar);
  assert.deepEqual(opened, root);
});

test('knowing only the slot, another root key can be sealed to its secret', async () => {
  const next = named('next root key');
  const sealedRoot = libsodium.crypto_box_seal(next, byDevice.publicKey);
  const again = decodeSlots(encodeSlots([{ ...byDevice, sealedRoot }], next));
  assert.deepEqual((await openSlots(sodium, again, secrets.device)).root, next);
});

test('the last slot is never removed, and an unknown one is not found', () => {
  const two = removeSlot(all, byRecovery.id);
  assert.deepEqual(two, [byPassphrase, byDevice]);
  assert.deepEqual(removeSlot(two, byPassphrase.id), [byDevice]);
  assert.throws(() => removeSlot([byDevice], byDevice.id), { code: 'VAULT_REFUSED' });
  assert.throws(() => removeSlot(two, byRecovery.id), { code: 'VAULT_NOT_FOUND' });
});

test('there is room for so many slots and no more', () => {
  let slots: readonly Slot[] = [byDevice];
  for (let at = 1; at < MAX_SLOTS; at++) {
    slots = addSlot(slots, { ...byDevice, id: at.toString(16).padStart(16, '0') });
  }
  assert.equal(decodeSlots(encodeSlots(slots, root)).slots.length, MAX_SLOTS);
  assert.throws(() => addSlot(slots, byPassphrase), { code: 'VAULT_LIMIT_EXCEEDED' });
  const tooMany = encodeSlots([...slots, byPassphrase], root);
  assert.throws(() => decodeSlots(tooMany), { code: 'VAULT_DAMAGED' });
});

test('a replaced slot opens, the old secret does not, the others stay', async () => {
  const secret = { kind: 'passphrase', passphrase: 'a new one' } as const;
  const next = { slot: await slot(secret), secret, root };
  const replaced = await replaceSlot(sodium, all, byPassphrase.id, next);
  assert.deepEqual(
    replaced.map(({ id }) => id),
    [next.slot.id, byRecovery.id, byDevice.id],
  );
  const read = decodeSlots(encodeSlots(replaced, root));
  assert.deepEqual((await openSlots(sodium, read, secret)).root, root);
  assert.deepEqual((await openSlots(sodium, read, secrets.device)).root, root);
  await assert.rejects(openSlots(sodium, read, secrets.passphrase), { code: 'VAULT_KEY_WRONG' });
});

test('a new slot that does not open the same root key takes nobody’s place', async () => {
  const secret = { kind: 'passphrase', passphrase: 'a new one' } as const;
  const good = await slot(secret);
  const cases: Slot[] = [
    await slot(secret, named('another root key')),
    { ...good, publicKey: named('x') },
    { ...good, sealedRoot: byDevice.sealedRoot },
    { ...good, kdf: byRecovery.kdf },
    { ...good, kind: 'recovery-code' },
  ];
  for (const made of cases) {
    const replacing = replaceSlot(sodium, all, byPassphrase.id, { slot: made, secret, root });
    await assert.rejects(replacing, { code: 'VAULT_DAMAGED' });
  }
  const lost = replaceSlot(sodium, all, '0000000000000000', { slot: good, secret, root });
  await assert.rejects(lost, { code: 'VAULT_NOT_FOUND' });
});

test('a slot damaged in its sealed root is damaged, not a wrong secret', async () => {
  const sealedRoot = byDevice.sealedRoot.slice();
  sealedRoot[40] = (sealedRoot[40] ?? 0) ^ 1;
  const broken = { ...byDevice, sealedRoot };
  await assert.rejects(openSlot(sodium, broken, secrets.device), { code: 'VAULT_DAMAGED' });
});

test('what somebody without the root key changed is shown once it opens', async () => {
  const relabelled = { ...byPassphrase, label: 'another label' };
  const forged: readonly (readonly Slot[])[] = [
    [relabelled, byRecovery, byDevice],
    [byRecovery, byDevice],
    [byRecovery, byPassphrase, byDevice],
    [...all, await slot(secrets.device, named('root of somebody else'))],
    [byPassphrase, byRecovery, { ...byDevice, createdMs: 0 }],
  ];
  for (const slots of forged) {
    const read = decodeSlots(encodeSlots(slots, named('root of somebody else')));
    await assert.rejects(openSlots(sodium, read, secrets.device), { code: 'VAULT_DAMAGED' });
  }
  assert.ok(file.isAuthentic(root));
  assert.ok(!file.isAuthentic(named('another root')));
  assert.equal(toHex(root).length, 64);
});
