import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, toHex } from '../../src/bytes.ts';
import { chunkId } from '../../src/crypto/chunk-id.ts';
import {
  HEADER_BYTES,
  maxPlainLength,
  openValue,
  parseHeader,
  sealedBound,
  sealValue,
  valueTypes,
  type ValueType,
} from '../../src/crypto/sealed-value.ts';
import { loadZstd } from '../../src/crypto/zstd.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { fixedRandom, folder, named, seal } from './fixtures.ts';
import { plainValue } from './independent.ts';

const zstd = await loadZstd();
const here = folder('here');
const { idKey } = here.folderKeys;
const opener = { keyring: here.keyring, idKey, zstd };
const corrupt = { code: 'VAULT_CHUNK_CORRUPT' };

const types = fc.constantFrom(...Object.values(valueTypes));
const content = fc
  .tuple(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 900 }), fc.nat(300))
  .map(([piece, times, tail]) =>
    concat(Buffer.alloc(piece.length * times, piece), seededRandom(tail).bytes(tail)),
  );

function idOf(type: ValueType, plain: Uint8Array): Uint8Array {
  return type === 1 || type === 2 ? chunkId(idKey, type, plain) : named(`log value ${type}`);
}

function chunk(plain: Uint8Array, level = 3): Uint8Array {
  return seal(zstd, here, { type: 1, id: chunkId(idKey, 1, plain), plain }, { level });
}

test('any value of any type opens to what was sealed', () => {
  fc.assert(
    fc.property(types, content, fc.integer({ min: 0, max: 6 }), (type, plain, level) => {
      const id = idOf(type, plain);
      const sealed = seal(zstd, here, { type, id, plain }, { level });
      assert.ok(sealed.length <= sealedBound(plain.length));
      const header = parseHeader(sealed);
      assert.equal(header.totalLength, sealed.length);
      assert.equal(header.plainLength, plain.length);
      const opened = openValue(sealed, opener, { type, id });
      assert.deepEqual(opened.plain, plain);
      assert.deepEqual(
        [opened.type, toHex(opened.id), toHex(opened.epoch)],
        [type, toHex(id), toHex(here.epoch)],
      );
    }),
  );
});

test('an uncompressed value is, byte for byte, that of an independent implementation', () => {
  fc.assert(
    fc.property(types, fc.uint8Array({ maxLength: 500 }), fc.nat(), (type, plain, seed) => {
      const nonce = seededRandom(seed).bytes(12);
      const id = idOf(type, plain);
      const { epoch, epochSecret } = here;
      const expected = plainValue({ type, id, epoch, epochSecret, nonce, plain });
      const options = { level: 0, random: fixedRandom(nonce) };
      assert.deepEqual(seal(zstd, here, { type, id, plain }, options), expected);
      assert.deepEqual(openValue(expected, opener).plain, plain);
    }),
  );
});

test('content that shrinks is compressed, content that does not is stored as it is', () => {
  const text = Buffer.alloc(50_000, 'a line of text that comes again\n');
  const packed = chunk(text);
  assert.equal(parseHeader(packed).codec, 1);
  assert.ok(packed.length < 1000);
  assert.equal(parseHeader(chunk(text, 0)).codec, 0);
  const random = seededRandom('random').bytes(50_000);
  assert.equal(chunk(random).length, sealedBound(50_000));
  assert.equal(parseHeader(chunk(random.subarray(0, 900))).codec, 0);
  assert.equal(parseHeader(chunk(new Uint8Array(0))).codec, 0);
});

test('values are sealed into the middle of a buffer and touch nothing else of it', () => {
  const plain = Buffer.alloc(300, 'text ');
  const id = chunkId(idKey, 1, plain);
  const out = new Uint8Array(1000).fill(0xee);
  const { epoch, keys } = here;
  const random = seededRandom('middle');
  const request = { type: 1 as const, id, epoch, keys, plain, zstd, level: 3, random, out };
  const length = sealValue({ ...request, at: 100 });
  assert.ok(out.subarray(0, 100).every((byte) => byte === 0xee));
  assert.ok(out.subarray(100 + length).every((byte) => byte === 0xee));
  assert.equal(parseHeader(out.subarray(100)).totalLength, length);
  assert.ok(plain.equals(openValue(out.subarray(100, 100 + length), opener).plain));
  assert.throws(() => sealValue({ ...request, at: 1000 - sealedBound(300) + 1 }), RangeError);
  assert.throws(() => sealValue({ ...request, at: 0, id: id.subarray(1) }), RangeError);
  assert.throws(() => sealValue({ ...request, at: 0, epoch: epoch.subarray(1) }), RangeError);
});

test('a sealed value is not changed by opening it and stays readable', () => {
  const sealed = chunk(Buffer.alloc(5000, 'text '));
  const before = sealed.slice();
  openValue(sealed, opener);
  assert.deepEqual(sealed, before);
});

test('any flipped bit of a value is found, whatever it is in', () => {
  for (const plain of [Buffer.alloc(0), Buffer.from('short'), Buffer.alloc(2000, 'long text ')]) {
    const sealed = chunk(plain);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const where = `bit ${bit} of ${sealed.length} bytes`;
      const newerFormat = bit >> 3 === 3 && (changed[3] ?? 0) > 1;
      const epoch = bit >> 3 >= 16 && bit >> 3 < 32;
      const code = newerFormat
        ? 'VAULT_FORMAT_UNSUPPORTED'
        : epoch
          ? 'VAULT_NOT_PERMITTED'
          : 'VAULT_CHUNK_CORRUPT';
      assert.throws(() => openValue(changed, opener), { code }, where);
    }
  }
});

test('a value cut short or with anything after it is corrupt', () => {
  const sealed = chunk(Buffer.alloc(2000, 'long text '));
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(() => openValue(sealed.subarray(0, length), opener), corrupt, `${length}`);
    assert.throws(() => parseHeader(sealed.subarray(0, length)), corrupt, `${length}`);
  }
  assert.throws(() => openValue(concat(sealed, Uint8Array.of(0)), opener), corrupt);
});

test('random bytes are never a value, and never anything worse than corrupt', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, prefixed) => {
      const value = prefixed ? concat(Buffer.from('VLT\x01\x01\x00\x00\x00'), bytes) : bytes;
      assert.throws(() => openValue(value, opener), corrupt);
    }),
    { numRuns: 500 },
  );
});

test('a value opens under no other id, type, epoch or header, even by a holder of the keys', () => {
  fc.assert(
    fc.property(
      fc.tuple(types, types),
      content,
      fc.constantFrom('id', 'type', 'epoch', 'plain length', 'nonce', 'codec'),
      ([type, otherType], plain, field) => {
        const sealed = seal(zstd, here, { type, id: idOf(type, plain), plain });
        const edited = sealed.slice();
        const other = folder('here', 'second');
        const keyring = new Map([...here.keyring, [toHex(other.epoch), other.keys]]);
        if (field === 'id') edited.set(named('another id'), 32);
        if (field === 'type') edited[4] = otherType === type ? (type % 5) + 1 : otherType;
        if (field === 'epoch') edited.set(other.epoch, 16);
        if (field === 'plain length') edited[11] = (edited[11] ?? 0) ^ 1;
        if (field === 'nonce') edited[64] = (edited[64] ?? 0) ^ 1;
        if (field === 'codec') edited[5] = (edited[5] ?? 0) ^ 1;
        assert.throws(() => openValue(edited, { ...opener, keyring }), corrupt);
        assert.deepEqual(openValue(sealed, { ...opener, keyring }).plain, plain);
      },
    ),
  );
});

test('a value of one folder opens with no key of another', () => {
  const plain = Buffer.from('the same in both folders');
  const there = folder('there');
  const sealed = chunk(plain);
  const unknown = { keyring: there.keyring, idKey: there.folderKeys.idKey, zstd };
  assert.throws(() => openValue(sealed, unknown), { code: 'VAULT_NOT_PERMITTED' });
  const forced = { ...unknown, keyring: new Map([[toHex(here.epoch), there.keys]]) };
  assert.throws(() => openValue(sealed, forced), corrupt);
  const halfRight = { ...unknown, keyring: here.keyring };
  assert.throws(() => openValue(sealed, halfRight), corrupt);
  assert.notDeepEqual(
    chunkId(idKey, 1, plain),
    chunkId(there.folderKeys.idKey, 1, plain),
    'equal content has unrelated ids',
  );
});

test('a chunk or node whose content is not what its id names is corrupt', () => {
  for (const type of [1, 2] as const) {
    const id = chunkId(idKey, type, Buffer.from('what was promised'));
    const sealed = seal(zstd, here, { type, id, plain: Buffer.from('something else') });
    assert.throws(() => openValue(sealed, opener), corrupt);
  }
  const plain = Buffer.from('looks like a node');
  const swapped = seal(zstd, here, { type: 2, id: chunkId(idKey, 1, plain), plain });
  assert.throws(() => openValue(swapped, opener), corrupt);
});

test('a frame of another length than the header says is corrupt', () => {
  const plain = Buffer.alloc(2000, 'long text ');
  const lying = { ...zstd, compress: () => zstd.compress(plain.subarray(1), 3) };
  const sealed = seal(lying, here, { type: 3, id: named('entry'), plain });
  assert.throws(() => openValue(sealed, opener), corrupt);
});

test('another value than the expected one is corrupt, though it is whole', () => {
  const plain = Buffer.from('whole');
  const id = chunkId(idKey, 1, plain);
  const sealed = chunk(plain);
  assert.throws(() => openValue(sealed, opener, { type: 2, id }), corrupt);
  assert.throws(() => openValue(sealed, opener, { type: 1, id: named('other') }), corrupt);
  assert.ok(plain.equals(openValue(sealed, opener, { type: 1, id }).plain));
});

test('a header that breaks a rule is refused before any key is used, and says which', () => {
  const plainOne = chunk(Buffer.from('short'));
  const packed = chunk(Buffer.alloc(2000, 'long text '));
  const cases: readonly [Uint8Array, number, readonly number[], RegExp][] = [
    [plainOne, 0, [0x56, 0x4c, 0x55], /does not start with "VLT"/],
    [plainOne, 3, [0], /has format 0/],
    [plainOne, 4, [0], /unknown type 0/],
    [plainOne, 4, [6], /unknown type 6/],
    [plainOne, 5, [2], /unknown codec 2/],
    [plainOne, 6, [0, 1], /must be zero/],
    [plainOne, 6, [1, 0], /must be zero/],
    [plainOne, 8, [0, 0, 0, 6], /5 sealed bytes for 6 plain ones/],
    [plainOne, 8, [0xff, 0xff, 0xff, 0xff], /claims 4294967295 plain bytes/],
    [packed, 12, [0, 0, 0x07, 0xd0], /2000 sealed bytes for 2000 plain ones/],
    [packed, 12, [0, 0, 0x07, 0xcf], /is truncated/],
  ];
  for (const [value, at, bytes, message] of cases) {
    const changed = value.slice();
    changed.set(bytes, at);
    assert.throws(() => parseHeader(changed), { ...corrupt, message }, String(message));
  }
  const longer = concat(plainOne, Uint8Array.of(0));
  assert.equal(parseHeader(longer).totalLength, plainOne.length);
  assert.throws(() => openValue(longer, opener), { ...corrupt, message: /bytes after its end/ });
});

test('a newer format is named, not called damage', () => {
  const sealed = chunk(Buffer.from('from the future'));
  sealed[3] = 2;
  assert.throws(() => parseHeader(sealed), {
    code: 'VAULT_FORMAT_UNSUPPORTED',
    message: /format 2/,
  });
});

test('a value may hold so much and no more, in what is sealed and in what a header claims', () => {
  const limit = maxPlainLength(valueTypes.chunk);
  const plain = new Uint8Array(limit);
  const sealed = chunk(plain);
  assert.equal(openValue(sealed, opener).plain.length, limit);
  const over = { type: 1 as const, id: named('id'), plain: new Uint8Array(limit + 1) };
  assert.throws(() => seal(zstd, here, over), { code: 'VAULT_LIMIT_EXCEEDED' });
  const claim = sealed.slice();
  new DataView(claim.buffer).setUint32(8, limit + 1);
  assert.throws(() => parseHeader(claim), corrupt);
  assert.ok(maxPlainLength(valueTypes.page) >= limit);
});

test('two values of equal content share nothing but the header', () => {
  const plain = Buffer.from('equal content, sealed twice');
  const random = seededRandom('twice');
  const value = { type: 1 as const, id: chunkId(idKey, 1, plain), plain };
  const [one, two] = [1, 2].map(() => seal(zstd, here, value, { random }).subarray(64));
  assert.ok(one && two);
  assert.equal(one.length, plain.length + sealedBound(0) - 64);
  const same = one.filter((byte, at) => byte === two[at]).length;
  assert.ok(same < 8, `${same} of ${one.length} bytes are the same`);
  assert.equal(HEADER_BYTES, 76);
});
