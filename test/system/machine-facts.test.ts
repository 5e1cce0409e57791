import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemMachine } from '../../src/system/machine-facts.ts';
import { skipUnless } from '../helpers/requires.ts';

test('limits are those of this process and this system', (t) => {
  if (!skipUnless(t, { platforms: ['linux'] })) return;
  assert.ok((systemMachine.openFileLimit() ?? 0) >= 64);
  const watches = Number(readFileSync('/proc/sys/fs/inotify/max_user_watches', 'utf8'));
  assert.equal(systemMachine.watchLimits()?.directories, watches);
  assert.equal(systemMachine.nodeVersion, process.version.slice(1));
});

test('a port somebody listens on is taken, and free once nobody does', async () => {
  const server = createServer();
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  assert.equal(await systemMachine.port(port), 'taken');
  server.close();
  await once(server, 'close');
  assert.equal(await systemMachine.port(port), 'free');
  assert.equal(await systemMachine.port(port), 'free', 'it is not held');
});
