import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex } from '../../src/bytes.ts';
import { inviteKeys } from '../../src/crypto/invite-secret.ts';
import { isVaultError } from '../../src/errors.ts';
import { formatInvite, parseInvite, type InviteLine } from '../../src/net/invite-text.ts';
import { isLocalAddress } from '../../src/net/local-address.ts';
import { readVectors } from '../helpers/project.ts';

const { invite } = readVectors('join.json') as {
  readonly invite: {
    readonly issuer: string;
    readonly secret: string;
    readonly addresses: readonly string[];
    readonly line: string;
    readonly id: string;
    readonly psk: string;
  };
};
const sample: InviteLine = {
  issuer: fromHex(invite.issuer),
  secret: fromHex(invite.secret),
  addresses: invite.addresses,
};
const mistyped = (error: unknown): boolean =>
  isVaultError(error, 'VAULT_USAGE') && error.message.startsWith('the invite is mistyped: ');

const addresses = fc.array(
  fc.oneof(
    fc.tuple(fc.domain(), fc.nat(65_535)).map(([host, port]) => `${host}:${port}`),
    fc.tuple(fc.ipV6(), fc.nat(65_535)).map(([host, port]) => `[${host}]:${port}`),
    fc.domain().map((host) => `wss://${host}/path`),
  ),
  { minLength: 1, maxLength: 16 },
);
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const lines: fc.Arbitrary<InviteLine> = fc.record(
  { issuer: key, secret: fc.uint8Array({ minLength: 16, maxLength: 16 }), addresses },
  { noNullPrototype: true },
);

describe('an invite as a line', () => {
  test('has the text, id and key that it had when version 1 was fixed', () => {
    assert.equal(formatInvite(sample), invite.line);
    assert.deepEqual(parseInvite(invite.line), sample);
    const { id, psk } = inviteKeys(sample.secret);
    assert.deepEqual([toHex(id), toHex(psk)], [invite.id, invite.psk]);
  });

  test('comes back however it was pasted', () => {
    fc.assert(
      fc.property(lines, (line) => {
        const text = formatInvite(line);
        assert.match(text, /^vault1[0-9a-hjkmnp-tv-z]+$/);
        assert.deepEqual(parseInvite(text), line);
        assert.deepEqual(parseInvite(` ${text.toUpperCase()}\n`), line);
        assert.deepEqual(parseInvite(text.replace(/.{40}/g, '$&\n')), line);
        assert.deepEqual(parseInvite(text.replaceAll('0', 'o').replaceAll('1', 'l')), line);
      }),
      { numRuns: 30 },
    );
  });

  test('every wrong digit, every two swapped and every missing one are found', () => {
    const text = formatInvite(sample);
    for (let at = 0; at < text.length; at++) {
      const [before, digit, after] = [text.slice(0, at), text[at] ?? '', text.slice(at + 1)];
      assert.throws(() => parseInvite(before + after), mistyped);
      const other = digit === 'z' ? 'y' : 'z';
      assert.throws(() => parseInvite(before + other + after), mistyped);
      const next = after[0];
      const isSame = next === undefined || next === digit || /[1l]/.test(digit + next);
      if (!isSame)
        assert.throws(() => parseInvite(before + next + digit + after.slice(1)), mistyped);
    }
    for (const wrong of ['', 'vault1', 'photos', `${text}0`, 'vault1'.padEnd(100_000, '0')]) {
      assert.throws(() => parseInvite(wrong), mistyped);
    }
  });

  test('an error never repeats what it was given', () => {
    const text = formatInvite(sample);
    for (const wrong of [text.slice(0, -1), text.slice(1), `${text}${text}`]) {
      try {
        parseInvite(wrong);
        assert.fail('expected it to be refused');
      } catch (error) {
        assert.ok(isVaultError(error));
        const said = `${error.message} ${error.hint ?? ''} ${JSON.stringify(error.details ?? {})}`;
        assert.ok(!/[0-9a-z]{12}/.test(said), said);
      }
    }
  });

  test('what no line can hold is refused when it is made', () => {
    for (const change of [
      { secret: new Uint8Array(15) },
      { issuer: new Uint8Array(31) },
      { addresses: [] },
      { addresses: [''] },
      { addresses: ['x'.repeat(256)] },
      { addresses: Array.from({ length: 17 }, (_, at) => `host${at}:1`) },
    ]) {
      assert.throws(() => formatInvite({ ...sample, ...change }), RangeError);
    }
    assert.throws(() => inviteKeys(new Uint8Array(32)), RangeError);
  });
});

describe('a local address', () => {
  test('is one that only machines of the same network reach', () => {
    const octets = (...all: number[]): string => `${all.join('.')}:7420`;
    const local = [
      octets(127, 0, 0, 1),
      octets(10, 1, 2, 3),
      octets(172, 16, 0, 1),
      octets(172, 31, 255, 1),
      octets(192, 168, 1, 1),
      octets(169, 254, 9, 9),
      octets(100, 64, 0, 1),
      '[::1]:7420',
      '[fe80::1]:7420',
      '[fd00::1]:7420',
      `[::ffff:${[192, 168, 1, 1].join('.')}]:7420`,
      'laptop:7420',
      'laptop.local:7420',
      'ws://localhost:1/x',
    ];
    for (const address of local) assert.equal(isLocalAddress(address), true, address);
    const far = [
      octets(8, 8, 8, 8),
      octets(172, 32, 0, 1),
      octets(100, 128, 0, 1),
      octets(192, 169, 0, 1),
      '[2001:db8::1]:7420',
      'vault.example.org:7420',
      'wss://example.org/',
    ];
    for (const address of far) assert.equal(isLocalAddress(address), false, address);
  });
});
