import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { MAX_FRAME_BYTES } from '../../src/limits.ts';
import type { PeerConnection } from '../../src/net/peer-connection.ts';
import { openDoor, staticKey, testDoor } from '../helpers/doors.ts';
import { probes, type Prober } from '../helpers/probes.ts';
import { skipUnless } from '../helpers/requires.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { eventually } from '../helpers/wait.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** nginx with a certificate of its own before `to`; its port. */
async function proxy(t: TestContext, to: string): Promise<number> {
  const root = tempDir(t);
  const port = await freePort();
  mkdirSync(join(root, 'logs'));
  const [key, cert] = [join(root, 'key.pem'), join(root, 'cert.pem')];
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
  ];
  const names = ['-keyout', key, '-out', cert, '-subj', '/CN=example.org', '-days', '2'];
  execFileSync('openssl', [...request, ...names], { stdio: 'ignore' });
  const config = `
    daemon off; master_process off; pid ${root}/pid; error_log ${root}/logs/error.log;
    events { worker_connections 64; }
    http {
      access_log off;
      client_body_temp_path ${root}/body; proxy_temp_path ${root}/proxy;
      fastcgi_temp_path ${root}/fastcgi; uwsgi_temp_path ${root}/uwsgi; scgi_temp_path ${root}/scgi;
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${cert}; ssl_certificate_key ${key};
        location / {
          proxy_pass http://${to};
          proxy_http_version 1.1;
          proxy_set_header Host $host;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection "upgrade";
        }
      }
    }`;
  writeFileSync(join(root, 'nginx.conf'), config);
  const child = spawn('nginx', ['-p', root, '-c', join(root, 'nginx.conf')], { stdio: 'inherit' });
  t.after(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  });
  for (let isUp = false; !isUp;) {
    isUp = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(child.exitCode !== null));
    });
  }
  assert.equal(child.exitCode, null, 'nginx goes on');
  return port;
}

/** All that comes back through TLS, without what the proxy itself dates. */
async function answerTo(port: number, request: Uint8Array): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.write(request);
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  await once(socket, 'end');
  socket.destroy();
  return text.replace(/\r\nDate: [^\r]*/, '');
}

test('nodes meet through a proxy that speaks TLS, and others see its page that is not there', async (t) => {
  if (!skipUnless(t, { programs: ['nginx', 'openssl'] })) return;
  const settings = { refusalGridMs: 20, knocksPerSecond: 1e6, knockBurst: 1e6 };
  const [near, far] = [testDoor('near', []), testDoor('far', ['near'], settings)];
  const got: Uint8Array[] = [];
  let met: PeerConnection | undefined;
  const listener = await openDoor(t, far, (connection) => {
    met = connection;
    return {
      frame: (bytes) => connection.send(bytes),
      drained: () => undefined,
      closed: () => undefined,
    };
  });
  const port = await proxy(t, listener.address);
  const address = `wss://127.0.0.1:${port}/anywhere/at?all`;
  let dialed: PeerConnection | undefined;
  const closed: string[] = [];
  await near.door.dial(address, { peer: far.own.exchangeKey }, (connection) => {
    dialed = connection;
    return {
      frame: (bytes) => got.push(bytes.slice()),
      drained: () => undefined,
      closed: (how) => closed.push(how),
    };
  });
  await eventually('the other end', () => met !== undefined);
  const sent = [1, 300, 20_000, MAX_FRAME_BYTES].map((length) =>
    new Uint8Array(length).fill(length),
  );
  for (const frame of sent) dialed?.send(frame);
  await eventually('all to come back', () => got.length === sent.length);
  assert.deepEqual(got, sent);
  dialed?.close();
  await eventually('the end', () => closed.length > 0);
  assert.deepEqual(closed, ['ended']);

  const random = seededRandom('prober');
  const prober: Prober = {
    target: far,
    random,
    recorded: new Uint8Array(0),
    member: staticKey('near'),
    removed: staticKey('removed'),
    spentInvite: random.bytes(32),
  };
  const tried = ['a plain page', 'a random page', 'a knock of random bytes', 'a stale clock'];
  tried.push('a stranger', 'a spent invite', 'another protocol', 'a knock for another node');
  const answers = new Set<string>();
  for (const kind of tried) {
    const request = Buffer.from(probes[kind]?.(prober) ?? []).toString('latin1');
    // Who asks the proxy to go on has to end it.
    const ending = request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    answers.add(
      await answerTo(port, Buffer.from(ending.replace('Connection: Upgrade\r\n', ''), 'latin1')),
    );
  }
  assert.equal(answers.size, 1);
  assert.match([...answers][0] ?? '', /^HTTP\/1\.1 404 Not Found\r\n/);
});
