import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, fromHex, toHex, utf8 } from '../../src/bytes.ts';
import { encode, type CborValue } from '../../src/codec.ts';
import type { Slot, SlotKdf } from '../../src/crypto/slot.ts';
import { decodeSlots, encodeSlots } from '../../src/crypto/slots-file.ts';
import { named } from './fixtures.ts';
import { derive, mac } from './independent.ts';

const root = named('root key');
const damaged = { code: 'VAULT_DAMAGED' };

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
/** fast-check also makes records without a prototype, which compare unlike those of a literal. */
const plainObject = (slot: Slot): Slot => ({ ...slot, kdf: { ...slot.kdf } });
const scrypt: fc.Arbitrary<SlotKdf> = fc.record({
  name: fc.constant('scrypt' as const),
  log2N: fc.integer({ min: 10, max: 20 }),
  r: fc.integer({ min: 1, max: 8 }),
  p: fc.integer({ min: 1, max: 4 }),
  salt: bytes(32),
});
const common = {
  id: bytes(8).map(toHex),
  label: fc.string({ maxLength: 255 }),
  createdMs: fc.maxSafeNat(),
  publicKey: bytes(32),
  sealedRoot: bytes(80),
};
const anySlot: fc.Arbitrary<Slot> = fc.oneof(
  fc.record({
    ...common,
    kind: fc.constantFrom('passphrase' as const, 'recovery-code' as const),
    kdf: scrypt,
  }),
  fc.record({
    ...common,
    kind: fc.constant('device-key' as const),
    kdf: fc.record({ name: fc.constant('hkdf' as const), salt: bytes(32) }),
  }),
);
const anySlots = fc.uniqueArray(anySlot.map(plainObject), {
  minLength: 1,
  maxLength: 32,
  selector: ({ id }) => id,
});

/** A slot as it stands in the file, for edits that no encoder would make. */
const plainSlot = (): CborValue[] => [
  fromHex('0102030405060708'),
  1,
  'label',
  1000,
  [1, 17, 8, 1, named('salt')],
  named('public key'),
  new Uint8Array(80),
];

function fileOf(parts: CborValue): Uint8Array {
  const body = encode(parts);
  return concat(body, new Uint8Array(createHash('sha256').update(body).digest()));
}

test('any slots come back, authentic under their root key only', () => {
  fc.assert(
    fc.property(anySlots, (slots) => {
      const read = decodeSlots(encodeSlots(slots, root));
      assert.deepEqual(read.slots, slots);
      assert.ok(read.isAuthentic(root));
      assert.ok(!read.isAuthentic(named('another root')));
    }),
    { numRuns: 40 },
  );
});

test('the bytes are those the format describes', () => {
  const list = [plainSlot()];
  const key = derive(root, 'vault v1 slots key');
  const expected = fileOf([1, list, mac(key, utf8('vault slots v1'), encode(list))]);
  const read = decodeSlots(expected);
  assert.ok(read.isAuthentic(root));
  assert.deepEqual(encodeSlots(read.slots, root), expected);
  assert.equal(read.slots[0]?.kind, 'passphrase');
});

test('any flipped bit, any cut and anything added is damage', () => {
  const good = fileOf([1, [plainSlot()], named('mac')]);
  decodeSlots(good);
  for (let bit = 0; bit < good.length * 8; bit++) {
    const changed = good.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => decodeSlots(changed), damaged, `bit ${bit}`);
  }
  for (let length = 0; length < good.length; length++) {
    assert.throws(() => decodeSlots(good.subarray(0, length)), damaged, `length ${length}`);
  }
  assert.throws(() => decodeSlots(concat(good, Uint8Array.of(0))), damaged);
});

test('a file that is whole but not as described is damaged', () => {
  const withSlot = (at: number, value: CborValue): Uint8Array => {
    const slot = plainSlot();
    slot[at] = value;
    return fileOf([1, [slot], named('mac')]);
  };
  const cases: readonly Uint8Array[] = [
    fileOf([]),
    fileOf(['x']),
    fileOf([1, [], named('mac')]),
    fileOf([1, [plainSlot()]]),
    fileOf([1, [plainSlot()], named('mac').subarray(1)]),
    fileOf([1, [plainSlot(), plainSlot()], named('mac')]),
    fileOf([1, [plainSlot().slice(1)], named('mac')]),
    withSlot(0, new Uint8Array(7)),
    withSlot(2, 'x'.repeat(256)),
    withSlot(3, -1),
    withSlot(4, [2, named('salt')]),
    withSlot(4, [1, 17, 8, 1, new Uint8Array(31)]),
    withSlot(4, [1, 17, 8, 1]),
    withSlot(5, new Uint8Array(31)),
    withSlot(6, new Uint8Array(79)),
    concat(encode([1]), new Uint8Array(32)),
  ];
  cases.forEach((bytesOf, at) => assert.throws(() => decodeSlots(bytesOf), damaged, `case ${at}`));
});

test('a newer format, kind or key derivation is named', () => {
  const unsupported = (message: RegExp) => ({ code: 'VAULT_FORMAT_UNSUPPORTED', message });
  assert.throws(() => decodeSlots(fileOf([2, 'anything'])), unsupported(/format 2/));
  const kind = plainSlot();
  kind[1] = 4;
  const kindFile = fileOf([1, [kind], named('mac')]);
  assert.throws(() => decodeSlots(kindFile), unsupported(/kind 4/));
  const kdf = plainSlot();
  kdf[4] = [3, 'argon2id'];
  assert.throws(() => decodeSlots(fileOf([1, [kdf], named('mac')])), unsupported(/derivation 3/));
});

test('a slot that asks for too much work is refused before any is done', () => {
  for (const [log2N, r, p] of [
    [21, 8, 1],
    [9, 8, 1],
    [17, 9, 1],
    [17, 8, 5],
    [17, 0, 1],
    [0, 8, 1],
    [2 ** 40, 8, 1],
  ] as const) {
    const slot = plainSlot();
    slot[4] = [1, log2N, r, p, named('salt')];
    const costly = fileOf([1, [slot], named('mac')]);
    assert.throws(
      () => decodeSlots(costly),
      { code: 'VAULT_LIMIT_EXCEEDED' },
      `${log2N} ${r} ${p}`,
    );
  }
});
