import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { utf8 } from '../../src/bytes.ts';
import { webNetwork, type IncomingStream, type WebLine } from '../../src/system/web-network.ts';
import { rejects } from '../helpers/rejects.ts';
import { eventually } from '../helpers/wait.ts';

const network = webNetwork({ maxMessageBytes: 1000, lowWaterBytes: 100, patienceMs: 5000 });
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

interface Taken {
  readonly url: string;
  readonly port: number;
  readonly log: string[];
  readonly lines: WebLine[];
}

/** Listens, upgrades every stream at its first bytes, and takes notes. */
async function upgrading(t: TestContext): Promise<Taken> {
  const log: string[] = [];
  const lines: WebLine[] = [];
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (stream) => ({
    data(bytes) {
      const text = Buffer.from(bytes).toString('latin1');
      const key = /Sec-WebSocket-Key: (\S+)/i.exec(text)?.[1] ?? KEY;
      const end = text.indexOf('\r\n\r\n') + 4;
      const isOpen = stream.upgrade(key, bytes.subarray(end), (line) => {
        lines.push(line);
        return {
          message: (message) => log.push(`message ${message.length}`),
          drained: () => log.push('drained'),
          closed: (isClean) => log.push(isClean ? 'ended' : 'lost'),
        };
      });
      if (!isOpen) log.push('too late');
    },
    ended: () => log.push('end of stream'),
    closed: () => log.push('closed'),
  }));
  t.after(() => listener.close());
  return { url: `ws://127.0.0.1:${listener.port}/`, port: listener.port, log, lines };
}

/** A client that says whatever it is told to, with the answer to its request taken off. */
async function raw(t: TestContext, port: number): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(`GET / HTTP/1.1\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`);
  await once(socket, 'data');
  return socket;
}

/** The head of a frame of a client, with a mask of zeros. */
function frame(first: number, length: number): Buffer {
  const extended = length < 126 ? [] : [length >> 8, length & 0xff];
  return Buffer.from([first, 0x80 | (length < 126 ? length : 126), ...extended, 0, 0, 0, 0]);
}

describe('the network of this machine', () => {
  test('answers a request as RFC 6455 has it', async (t) => {
    const { port } = await upgrading(t);
    const socket = createConnection({ host: '127.0.0.1', port });
    t.after(() => socket.destroy());
    socket.write(`GET / HTTP/1.1\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.equal(
      answer.toString('latin1'),
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
    );
  });

  test('ends a line that brings anything but whole plain binary messages of the length allowed', async (t) => {
    const taken = await upgrading(t);
    const many = Array.from({ length: 200 }, (_, at) => frame(at === 0 ? 0x02 : 0x00, 0));
    const wrong: [string, Buffer][] = [
      ['text', Buffer.concat([frame(0x81, 2), Buffer.from('hi')])],
      ['too long, of which nothing came yet', frame(0x82, 1001)],
      ['compressed', frame(0xc2, 5)],
      ['without a mask', Buffer.from([0x82, 1, 1])],
      ['in fragments without end', Buffer.concat(many)],
    ];
    for (const [what, bytes] of wrong) {
      const socket = await raw(t, taken.port);
      socket.write(bytes);
      await eventually(what, () => taken.log.includes('lost'));
      assert.deepEqual(taken.log.splice(0), ['lost'], what);
    }
    const socket = await raw(t, taken.port);
    socket.write(Buffer.concat([frame(0x82, 1000), Buffer.alloc(1000)]));
    await eventually('the message', () => taken.log.includes('message 1000'));
  });

  test('tells a stream that is over from one that is open, and who was first', async (t) => {
    const streams: IncomingStream[] = [];
    const log: string[] = [];
    const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (stream) => {
      streams.push(stream);
      return {
        data: (bytes) => log.push(Buffer.from(bytes).toString()),
        ended: () => log.push('ended'),
        closed: () => log.push('closed'),
      };
    });
    t.after(() => listener.close());
    const socket = createConnection({
      host: '127.0.0.1',
      port: listener.port,
      allowHalfOpen: true,
    });
    socket.end('hello');
    await eventually('the end', () => log.includes('ended'));
    const [stream] = streams;
    assert.equal(stream?.remoteAddress, '127.0.0.1');
    const answer = once(socket, 'data');
    stream.end(utf8('answer'));
    assert.equal(String((await answer)[0]), 'answer');
    await eventually('closed', () => log.includes('closed'));
    assert.deepEqual(log, ['hello', 'ended', 'closed']);
    const isOpen = stream.upgrade(KEY, new Uint8Array(0), () => assert.fail('it is over'));
    assert.equal(isOpen, false);
  });

  test('brings nothing of a server that is no node to who dials', async (t) => {
    const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (stream) => ({
      data: () => stream.end(utf8('HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\n\r\n')),
      ended: () => undefined,
      closed: () => undefined,
    }));
    t.after(() => listener.close());
    const begin = (): never => assert.fail('no line');
    await rejects('VAULT_NO_PEER', () =>
      network.dial(`ws://127.0.0.1:${listener.port}/`, 'a=b', begin),
    );
    await rejects('VAULT_IO', () => network.listen({ host: '203.0.113.1', port: 0 }, begin));
  });

  test('ends in good order from either side, after what was sent', async (t) => {
    const taken = await upgrading(t);
    const client = new WebSocket(taken.url, { perMessageDeflate: false });
    const received: number[] = [];
    client.on('message', (bytes: Buffer) => received.push(bytes.length));
    const closed = once(client, 'close');
    await eventually('the line', () => taken.lines.length === 1);
    taken.lines[0]?.send(new Uint8Array(10));
    taken.lines[0]?.close();
    assert.equal((await closed)[0], 1000);
    await eventually('the end', () => taken.log.includes('ended'));
    assert.deepEqual(received, [10]);
  });
});
