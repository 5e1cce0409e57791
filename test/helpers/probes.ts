/** What somebody who may not come in can try at a door, as bytes of one TCP stream. */

import { createConnection } from 'node:net';
import { concat, utf8 } from '../../src/bytes.ts';
import { beginHandshake, type StaticKey } from '../../src/crypto/noise-handshake.ts';
import { encodeKnock, PROLOGUE, type Knock } from '../../src/net/knock.ts';
import { knockCookie } from '../../src/net/http-request.ts';
import type { RandomSource } from '../../src/random.ts';
import { staticKey, type TestDoor } from './doors.ts';

/** What a prober knows and has. */
export interface Prober {
  readonly target: TestDoor;
  readonly random: RandomSource;
  /** A request that was let in, as it went over the wire. */
  readonly recorded: Uint8Array;
  /** A key that the target knows, and one that it knew. */
  readonly member: StaticKey;
  readonly removed: StaticKey;
  /** Of an invite that was used. */
  readonly spentInvite: Uint8Array;
}

/** The request of a dial with this cookie. */
export function upgradeRequest(cookie: string, path = '/', method = 'GET'): Uint8Array {
  return utf8(
    `${method} ${path} HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n` +
      'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ${cookie}\r\n\r\n`,
  );
}

/** A first message of `own` to the target. */
export function knockAs(
  { target, random }: Pick<Prober, 'target' | 'random'>,
  own: StaticKey,
  knock: Partial<Knock> = {},
  prologue: Uint8Array = PROLOGUE,
): Uint8Array {
  const party = { sodium: target.party.sodium, random, own, prologue };
  const said = { sentUs: Date.now() * 1000, run: random.bytes(16), ...knock };
  return beginHandshake(party, target.own.exchangeKey, encodeKnock(said)).message;
}

const asked = (message: Uint8Array): Uint8Array => upgradeRequest(knockCookie(message));
const word = ({ random }: Prober): string => Buffer.from(random.bytes(9)).toString('base64url');

/** Each kind of probe, by name. */
export const probes: Readonly<Record<string, (prober: Prober) => Uint8Array>> = {
  'random bytes': ({ random }) => concat(Uint8Array.of(0), random.bytes(200)),
  'a plain page': () => utf8('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'),
  'a random page': (prober) => utf8(`GET /${word(prober)} HTTP/1.1\r\nHost: example.org\r\n\r\n`),
  'a page of an old browser': () => utf8('GET / HTTP/1.0\r\n\r\n'),
  'a WebSocket without a knock': (prober) => upgradeRequest(`session=${word(prober)}`),
  'a WebSocket on a random page': (prober) => upgradeRequest('a=b', `/${word(prober)}`),
  'a knock of random bytes': ({ random }) => asked(random.bytes(160)),
  'a knock that is too short': ({ random }) => asked(random.bytes(159)),
  'a replay': ({ recorded }) => recorded,
  'a stale clock': (prober) => asked(knockAs(prober, prober.member, { sentUs: 1000 })),
  'a stranger': (prober) => asked(knockAs(prober, staticKey(word(prober)))),
  'a removed key': (prober) => asked(knockAs(prober, prober.removed)),
  'a spent invite': (prober) =>
    asked(knockAs(prober, staticKey(word(prober)), { invite: prober.spentInvite })),
  'an invite that never was': (prober) =>
    asked(knockAs(prober, prober.member, { invite: prober.random.bytes(32) })),
  'another protocol': (prober) => asked(knockAs(prober, prober.member, {}, utf8('other'))),
  'a knock for another node': (prober) => {
    const other = { ...prober.target, own: staticKey('somebody else') };
    return asked(knockAs({ ...prober, target: other }, prober.member));
  },
  'a knock in a form': (prober) =>
    upgradeRequest(knockCookie(knockAs(prober, prober.member)), '/', 'POST'),
  'two requests': (prober) => concat(asked(prober.random.bytes(160)), upgradeRequest('a=b')),
  'a request too long': () => utf8(`GET / HTTP/1.1\r\nHost: a\r\nA: ${'b'.repeat(5000)}\r\n\r\n`),
  'a request with a flood behind it': () =>
    concat(utf8('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), new Uint8Array(20_000)),
  'the greeting of TLS': ({ random }) => concat(Uint8Array.of(0x16, 3, 1, 2, 0), random.bytes(512)),
  'the preface of HTTP/2': () => utf8('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
};

export interface ProbeResult {
  readonly bytes: Uint8Array;
  /** From the end of the request to the first byte of the answer. */
  readonly ms: number;
}

/** Opens a stream, sends `request`, and gives back all that comes until the other end is done. */
export function probe(
  at: { readonly host: string; readonly port: number },
  request: Uint8Array,
  { isEnded = false } = {},
): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let [sentAt, answeredAt] = [0, 0];
    const socket = createConnection({ ...at, noDelay: true, allowHalfOpen: true }, () => {
      sentAt = performance.now();
      if (isEnded) socket.end(request);
      else socket.write(request);
    });
    socket.on('data', (bytes) => {
      if (parts.length === 0) answeredAt = performance.now();
      parts.push(bytes);
    });
    socket.on('end', () => {
      socket.end();
      resolve({ bytes: concat(...parts), ms: answeredAt - sentAt });
    });
    socket.on('error', reject);
  });
}
