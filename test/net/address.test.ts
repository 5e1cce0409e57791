import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText, dialUrl, listenAt } from '../../src/net/address.ts';
import { rejects } from '../helpers/rejects.ts';

test('addresses are dialed as they are written', () => {
  const urls: [string, string][] = [
    ['example.org:4321', 'ws://example.org:4321/'],
    ['127.0.0.1:4321', 'ws://127.0.0.1:4321/'],
    ['[::1]:4321', 'ws://[::1]:4321/'],
    ['wss://example.org/some/path', 'wss://example.org/some/path'],
    ['ws://example.org:81', 'ws://example.org:81/'],
  ];
  for (const [address, url] of urls) assert.equal(dialUrl(address), url);
});

test('what is no address is refused', async () => {
  const wrong = [
    '',
    'example.org',
    'http://example.org',
    ':1',
    'a:b',
    'a:99999',
    '::1:80',
    'a b:1',
  ];
  wrong.push('ws://user:word@example.org/', 'ws://example.org/#part', 'example.org:1/path');
  for (const address of wrong) await rejects('VAULT_USAGE', () => dialUrl(address));
  for (const address of ['', 'a', ':1', '::1:80', 'a:99999', 'a:-1', 'ws://a:1', 'a/b:1']) {
    await rejects('VAULT_USAGE', () => listenAt(address));
  }
});

test('addresses to listen at are read as they are shown', () => {
  for (const [host, port] of [
    ['127.0.0.1', 0],
    ['::1', 65_535],
    ['localhost', 80],
  ] as const) {
    assert.deepEqual(listenAt(addressText(host, port)), { host, port });
  }
});
