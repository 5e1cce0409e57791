import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex } from '../../src/bytes.ts';
import { defaultChunkerParams } from '../../src/chunking/params.ts';
import { decode, encode, type CborValue } from '../../src/codec.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { noExcludes } from '../../src/folder/excludes.ts';
import {
  decodeFolderState,
  encodeFolderState,
  readFolderFile,
  writeFolderFile,
  type FolderState,
} from '../../src/home/folder-file.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { memoryEnvironment } from '../helpers/test-environment.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

const asObjects = { noNullPrototype: true } as const;
const states: fc.Arbitrary<FolderState> = fc.record(
  {
    id: bytes(32),
    secret: bytes(32),
    incarnation: bytes(16),
    epochs: fc.array(fc.record({ id: bytes(16), secret: bytes(32) }, asObjects), {
      minLength: 1,
      maxLength: 3,
    }),
    name: fc.string({ minLength: 1, maxLength: 20 }),
    path: fc.option(
      fc
        .uint8Array({ maxLength: 12 })
        .map((rest) => pathFromBytes(Buffer.concat([Buffer.from('/'), rest]))),
      { nil: undefined },
    ),
    params: fc.constant(defaultChunkerParams),
    paused: fc.boolean(),
    excludes: fc.record(
      {
        patterns: fc.array(fc.string({ maxLength: 8 }), { maxLength: 3 }),
        caches: fc.boolean(),
        ifPresent: fc.array(fc.string({ maxLength: 8 }), { maxLength: 3 }),
        largerThan: fc.option(fc.nat(), { nil: undefined }),
        oneFileSystem: fc.boolean(),
      },
      asObjects,
    ),
    createdMs: fc.nat(),
    root: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
    lockedAt: fc.option(
      fc.uint8Array({ maxLength: 12 }).map((rest) => pathFromBytes(Buffer.from([0x2f, ...rest]))),
      { nil: undefined },
    ),
  },
  asObjects,
);

const sample: FolderState = {
  id: seededRandom('id').bytes(32),
  secret: seededRandom('secret').bytes(32),
  incarnation: seededRandom('incarnation').bytes(16),
  epochs: [{ id: seededRandom('epoch').bytes(16), secret: seededRandom('epoch secret').bytes(32) }],
  name: 'photos',
  path: '/home/someone/photos',
  params: defaultChunkerParams,
  paused: false,
  excludes: { ...noExcludes, patterns: ['*.tmp'] },
  createdMs: 1_767_225_600_000,
  root: '2049:4711',
  lockedAt: undefined,
};

describe('folder file', () => {
  test('what was encoded is decoded, paths that are no text included', () => {
    fc.assert(
      fc.property(states, (state) => {
        assert.deepEqual(decodeFolderState(encodeFolderState(state)), state);
      }),
    );
  });

  test('it is kept sealed, and opens under no other key', async () => {
    const { fileSystem } = memoryEnvironment();
    const key = secretKey(seededRandom('key').bytes(32));
    assert.equal(readFolderFile(fileSystem, '/folder', key), undefined);
    writeFolderFile(fileSystem, '/folder', key, seededRandom('nonce'), sample);
    assert.deepEqual(readFolderFile(fileSystem, '/folder', key), sample);
    const file = Buffer.from(fileSystem.readFile('/folder.a'));
    for (const plain of ['photos', 'someone', Buffer.from(sample.secret)]) {
      assert.equal(file.includes(plain), false);
    }
    const other = secretKey(seededRandom('other').bytes(32));
    await rejects('VAULT_DAMAGED', () => readFolderFile(fileSystem, '/folder', other));
  });

  test('a newer version is refused, and so is anything that is not one', async () => {
    const fields = decode(encodeFolderState(sample)) as CborValue[];
    const changed = (at: number, value: CborValue): Uint8Array => encode(fields.with(at, value));
    const error = await rejects('VAULT_FORMAT_UNSUPPORTED', () => decodeFolderState(changed(0, 6)));
    assert.match(error.message, /version 6/);
    for (const [at, value] of [
      [1, fromHex('00')],
      [2, 'text'],
      [4, []],
      [5, 'x'.repeat(256)],
      [6, 'text'],
      [7, [1, 2, 3]],
      [8, 1],
      [9, [7]],
      [10, -1],
      [11, 7],
    ] as const) {
      await rejects('VAULT_ENTRY_INVALID', () => decodeFolderState(changed(at, value)));
    }
    await rejects('VAULT_ENTRY_INVALID', () => decodeFolderState(encode(fields.slice(0, 11))));
    assert.equal(toHex(decodeFolderState(encode([...fields, 'later'])).id), toHex(sample.id));
  });

  test('a locked folder makes a version that an older vault refuses', () => {
    const locked: FolderState = { ...sample, path: undefined, lockedAt: '/at/photos' };
    const fields = decode(encodeFolderState(locked)) as CborValue[];
    assert.deepEqual([fields[0], fields[6], fields.length], [3, null, 14]);
    assert.deepEqual(fields[13], new Uint8Array(Buffer.from('/at/photos')));
    assert.deepEqual(decodeFolderState(encode(fields)), locked);
  });

  test('a folder of which only what is current is kept makes a version that an older vault refuses', () => {
    const current: FolderState = { ...sample, history: 'current' };
    const fields = decode(encodeFolderState(current)) as CborValue[];
    assert.deepEqual(
      [fields[0], fields[13], fields[14], fields[15], fields.length],
      [5, null, null, 1, 16],
    );
    assert.deepEqual(decodeFolderState(encode(fields)), current);
  });

  test('a folder that was joined makes a version that an older vault refuses', async () => {
    const introducer = {
      node: toHex(seededRandom('node').bytes(32)),
      exchangeKey: seededRandom('key').bytes(32),
      role: 'read' as const,
    };
    for (const lockedAt of [undefined, '/at/photos']) {
      const joined: FolderState = { ...sample, lockedAt, introducer };
      const fields = decode(encodeFolderState(joined)) as CborValue[];
      assert.deepEqual([fields[0], fields.length], [4, 15]);
      assert.deepEqual(decodeFolderState(encode(fields)), joined);
      for (const bad of [7, [], [introducer.exchangeKey, introducer.exchangeKey, 3]]) {
        await rejects('VAULT_ENTRY_INVALID', () => decodeFolderState(encode(fields.with(14, bad))));
      }
      await rejects('VAULT_ENTRY_INVALID', () => decodeFolderState(encode(fields.slice(0, 14))));
    }
  });

  test('excludes besides patterns make a version that an older vault refuses', async () => {
    const excludes = {
      patterns: ['*.o'],
      caches: true,
      ifPresent: ['.skip'],
      largerThan: 2 ** 40,
      oneFileSystem: true,
    };
    const fields = decode(encodeFolderState({ ...sample, excludes })) as CborValue[];
    assert.deepEqual(
      [fields[0], fields[9], fields[12]],
      [2, ['*.o'], [true, ['.skip'], 2 ** 40, true]],
    );
    assert.deepEqual(decodeFolderState(encode(fields)).excludes, excludes);
    for (const excluded of Object.entries(excludes).slice(1)) {
      const one = { ...noExcludes, ...Object.fromEntries([excluded]) };
      assert.deepEqual(
        decodeFolderState(encodeFolderState({ ...sample, excludes: one })).excludes,
        one,
      );
    }
    assert.equal((decode(encodeFolderState(sample)) as CborValue[])[0], 1);
    for (const more of [
      7,
      [],
      [1, [], null, true],
      [true, [1], null, true],
      [true, [], 'x', true],
    ]) {
      await rejects('VAULT_ENTRY_INVALID', () => decodeFolderState(encode(fields.with(12, more))));
    }
    await rejects('VAULT_ENTRY_INVALID', () => decodeFolderState(encode(fields.slice(0, 12))));
  });
});
