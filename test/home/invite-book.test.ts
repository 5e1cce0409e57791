import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type CborValue } from '../../src/codec.ts';
import { secretKey } from '../../src/crypto/hash.ts';
import { inviteKeys } from '../../src/crypto/invite-secret.ts';
import {
  decodeInvites,
  encodeInvites,
  InviteBook,
  inviteNamed,
  inviteStateAt,
  type Invite,
  type InviteState,
} from '../../src/home/invite-book.ts';
import { toHex } from '../../src/bytes.ts';
import type { Role } from '../../src/log/types.ts';
import type { FileSystem } from '../../src/system/file-system.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { memoryEnvironment } from '../helpers/test-environment.ts';

const key = secretKey(seededRandom('key').bytes(32));
const [one, two] = [seededRandom('one').bytes(32), seededRandom('two').bytes(32)];

function bookAt(fileSystem: FileSystem, seed = 'book'): InviteBook {
  return new InviteBook({ fileSystem, path: '/invites', key, random: seededRandom(seed) });
}

function issued(book: InviteBook, createdMs = 0): Invite & { readonly secret: Uint8Array } {
  const folder = seededRandom('folder').bytes(32);
  const addresses = ['vault.example.org:7420'];
  const expiresMs = createdMs + 1000;
  return book.issue({ folder, role: 'write', createdMs, expiresMs, addresses });
}

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const invites: fc.Arbitrary<Invite[]> = fc.array(
  fc.record(
    {
      id: bytes(32),
      secret: fc.option(bytes(16), { nil: undefined }),
      folder: bytes(32),
      role: fc.constantFrom<Role>('read', 'write', 'manage'),
      createdMs: fc.nat(),
      expiresMs: fc.nat(),
      addresses: fc.array(fc.string({ maxLength: 20 }), { maxLength: 3 }),
      state: fc.constantFrom<InviteState>('open', 'taken', 'used', 'revoked'),
      peer: fc.option(bytes(32), { nil: undefined }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 4 },
);

describe('the book of invites', () => {
  test('what was encoded is decoded; what is none is refused', async () => {
    fc.assert(
      fc.property(invites, (list) => {
        assert.deepEqual(decodeInvites(encodeInvites(list)), list);
      }),
    );
    await rejects('VAULT_FORMAT_UNSUPPORTED', () => decodeInvites(encode([2, []])));
    const { fileSystem } = memoryEnvironment();
    const [fields] =
      (decode(encodeInvites([issued(bookAt(fileSystem))])) as CborValue[][])[1] ?? [];
    for (const [at, value] of [
      [0, 'id'],
      [1, new Uint8Array(32)],
      [2, null],
      [3, 3],
      [4, -1],
      [6, [7]],
      [7, 4],
      [8, new Uint8Array(31)],
    ] as const) {
      const changed = (fields as CborValue[]).with(at, value);
      await rejects('VAULT_ENTRY_INVALID', () => decodeInvites(encode([1, [changed]])));
    }
  });

  test('an invite is open until a node came with it, and that node’s from then on', () => {
    const book = bookAt(memoryEnvironment().fileSystem);
    const { id, secret } = issued(book);
    assert.deepEqual(inviteKeys(secret).id, id);
    assert.equal(book.usable(seededRandom('other').bytes(32), one, 0), undefined);
    assert.equal(book.usable(id, one, 999)?.state, 'open');
    assert.equal(book.usable(id, one, 1000), undefined);
    assert.equal(book.take(id, one, 1000), undefined);
    assert.equal(book.take(id, one, 0)?.state, 'taken');
    assert.equal(book.usable(id, two, 0), undefined);
    assert.equal(book.take(id, two, 0), undefined);
    // However long it takes.
    assert.equal(book.take(id, one, 1_000_000)?.state, 'taken');
    const [taken] = book.all;
    assert.ok(taken);
    book.finish(taken);
    assert.equal(book.usable(id, one, 0), undefined);
    assert.deepEqual([book.all[0]?.state, book.all[0]?.secret], ['used', undefined]);
  });

  test('a revoked one is good for nobody, not for who has begun with it either', () => {
    const book = bookAt(memoryEnvironment().fileSystem);
    const { id } = issued(book);
    const taken = book.take(id, one, 0);
    assert.ok(taken);
    book.revoke(taken);
    assert.equal(book.usable(id, one, 0), undefined);
    assert.equal(book.find(id)?.secret, undefined);
  });

  test('every change is durable, and sealed', () => {
    const environment = memoryEnvironment();
    const { fileSystem } = environment;
    const book = bookAt(fileSystem);
    const invite = issued(book);
    const steps: (() => void)[] = [
      () => undefined,
      () => book.take(invite.id, one, 0),
      () => book.finish(book.all[0] ?? invite),
    ];
    for (const step of steps) {
      step();
      const cut = environment.crash(seededRandom('cut'));
      assert.deepEqual(bookAt(cut.fileSystem).all, book.all);
      const file = Buffer.from(cut.fileSystem.readFile('/invites.a'));
      for (const plain of [Buffer.from(invite.secret), Buffer.from('example')]) {
        assert.equal(file.includes(plain), false);
      }
    }
  });

  test('there are no more than can be kept; old ones make room', async () => {
    const { fileSystem } = memoryEnvironment();
    const book = bookAt(fileSystem);
    const month = 31 * 24 * 3600 * 1000;
    for (let count = 0; count < 1024; count++) issued(book);
    await rejects('VAULT_LIMIT_EXCEEDED', () => issued(book));
    issued(book, month);
    assert.equal(book.all.length, 1);
  });

  test('is asked by the beginning of an id', async () => {
    const book = bookAt(memoryEnvironment().fileSystem);
    const made = [issued(book), issued(book)];
    for (const { id } of made)
      assert.deepEqual(inviteNamed(book.all, toHex(id).slice(0, 8)).id, id);
    const [first] = made;
    assert.ok(first);
    await rejects('VAULT_NOT_FOUND', () => inviteNamed(book.all, 'zzzz'));
    await rejects('VAULT_NOT_FOUND', () => inviteNamed(book.all, 'abc'));
    await rejects('VAULT_USAGE', () => inviteNamed([first, first], toHex(first.id)));
    assert.equal(inviteStateAt(first, 999), 'open');
    assert.equal(inviteStateAt(first, 1000), 'expired');
    assert.equal(inviteStateAt({ ...first, state: 'used' }, 1000), 'used');
  });
});
