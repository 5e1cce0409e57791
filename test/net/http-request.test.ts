import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { concat, utf8 } from '../../src/bytes.ts';
import { MAX_REQUEST_BYTES } from '../../src/limits.ts';
import { knockCookie, parseUpgrade, REFUSAL, RequestReader } from '../../src/net/http-request.ts';

const good = [
  'GET /any/path?x=1 HTTP/1.1',
  'Host: example.org:443',
  'Upgrade: websocket',
  'Connection: keep-alive, Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Cookie: s=abc-_9',
];
const head = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;

function read(bytes: Uint8Array, piece = bytes.length): RequestReader {
  const reader = new RequestReader();
  for (let at = 0; at < bytes.length; at += piece) reader.add(bytes.subarray(at, at + piece));
  return reader;
}

describe('reading a request', () => {
  test('ends with its head, however it comes in pieces, and keeps what came after', () => {
    const bytes = concat(utf8(head(good)), Uint8Array.of(1, 2, 3));
    for (const piece of [1, 2, 7, bytes.length]) {
      const reader = read(bytes, piece);
      assert.equal(reader.state, 'whole');
      assert.equal(reader.head, head(good));
      // What comes in a later piece is not this reader's any more.
      if (piece === bytes.length) assert.deepEqual(reader.rest, Uint8Array.of(1, 2, 3));
    }
  });

  test('takes no more than its limit', () => {
    const most = `GET / HTTP/1.1\r\nA: ${'x'.repeat(MAX_REQUEST_BYTES)}`.slice(
      0,
      MAX_REQUEST_BYTES,
    );
    const full = `${most.slice(0, -4)}\r\n\r\n`;
    assert.equal(read(utf8(full)).state, 'whole');
    assert.equal(read(utf8(most)).state, 'more');
    assert.equal(read(utf8(`${most}x`)).state, 'hopeless');
    assert.equal(read(utf8(`${most}\r\n\r\n`)).head.length, MAX_REQUEST_BYTES);
  });

  test('gives up as soon as it can be no request', () => {
    const hopeless = [
      'SSH-2.0-OpenSSH_9.6\r\n',
      '\x16\x03\x01',
      '\n',
      'GET / HTTP/1.1\n',
      'GET /\r\n',
      'GET / HTTP/2.0\r\n',
      'PRI * HTTP/2.0\r\n',
      'GET / HTTP/1.1\r\nA: \x00',
      'GET / HTTP/1.1\r\nA: é',
      'GET / HTTP/1.1\rA',
      '\r\n',
    ];
    for (const text of hopeless) assert.equal(read(utf8(text)).state, 'hopeless', text);
    assert.equal(read(utf8('GET / HTTP/1.1\r\nA: b\r\n')).state, 'more');
  });

  test('gives up on no bytes otherwise, and never throws', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 6000 }),
        fc.integer({ min: 1, max: 500 }),
        (bytes, piece) => {
          const reader = read(bytes, piece);
          assert.ok(reader.head.length <= MAX_REQUEST_BYTES);
          parseUpgrade(reader.head);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a request for a WebSocket', () => {
  test('is one whatever its path, the case of its headers and what else it says', () => {
    const expected = { key: 'dGhlIHNhbXBsZSBub25jZQ==', knock: 'abc-_9' };
    assert.deepEqual(parseUpgrade(head(good)), expected);
    const other = good.map((line) => line.replace('Upgrade: websocket', 'UPGRADE:  WebSocket '));
    other.push('X-Forwarded-For: ::1', 'X-Forwarded-For: ::2', 'Sec-WebSocket-Extensions: a; b');
    assert.deepEqual(parseUpgrade(head(other)), expected);
    const cookies = good.map((line) => line.replace('s=abc-_9', 'a=b; s=abc-_9; c=d'));
    assert.deepEqual(parseUpgrade(head(cookies)), expected);
    const cookie = knockCookie(Uint8Array.of(255, 254, 253));
    assert.equal(cookie, 's=__79');
  });

  test('is none with any part missing, twice or otherwise', () => {
    for (let at = 1; at < good.length; at++) {
      assert.equal(parseUpgrade(head(good.toSpliced(at, 1))), undefined, `without ${good[at]}`);
      assert.equal(parseUpgrade(head([...good, good[at] ?? ''])), undefined, `twice ${good[at]}`);
    }
    const wrong: [string, string][] = [
      ['GET', 'POST'],
      ['GET', 'get'],
      ['HTTP/1.1', 'HTTP/1.0'],
      ['websocket', 'h2c'],
      ['keep-alive, Upgrade', 'keep-alive'],
      ['Version: 13', 'Version: 8'],
      ['dGhlIHNh', 'dGhlIH'],
      ['s=abc', 't=abc'],
      ['s=abc', 's=x; s=abc'],
      ['Host: ', 'Ho st: '],
      ['Host: ', ' Host: '],
      ['Cookie: ', 'Content-Length: 0\r\nCookie: '],
      ['Cookie: ', 'Transfer-Encoding: chunked\r\nCookie: '],
    ];
    for (const [from, to] of wrong) {
      const text = head(good).replace(from, to);
      assert.notEqual(text, head(good));
      assert.equal(parseUpgrade(text), undefined, `${to} for ${from}`);
    }
  });
});

test('the refusal is a whole answer that names its length and nothing of ours', () => {
  const text = Buffer.from(REFUSAL).toString('latin1');
  const [top = '', body = ''] = text.split('\r\n\r\n');
  assert.match(top, /^HTTP\/1\.1 404 Not Found\r\n/);
  assert.match(top, new RegExp(`\r\nContent-Length: ${body.length}\r\nConnection: close$`));
  assert.doesNotMatch(text, /vault|node|ws|date/i);
});
