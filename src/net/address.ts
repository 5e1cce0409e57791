/** Addresses as people write them: `host:port`, `[::1]:port`, or the URL of a proxy. */

import { VaultError } from '../errors.ts';

/** The URL to dial. Throws `VAULT_USAGE` where `address` is none. */
export function dialUrl(address: string): string {
  const text = /^wss?:\/\//i.test(address) ? address : `ws://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined &&
    url.hostname !== '' &&
    url.username === '' &&
    url.password === '' &&
    url.hash === '';
  const hasPort = text === address || /:\d+$/.test(address);
  if (!isPlain || !hasPort) throw notAnAddress(address);
  return url.href;
}

/** What to listen at; host `*` means all addresses. Throws `VAULT_USAGE` where `address` is no `host:port`. */
export function listenAt(address: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] =
    /^(?:\[([\da-fA-F:.%\w]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(address) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (host === undefined || !(port <= 65_535)) throw notAnAddress(address);
  return { host, port };
}

/** As it is written: an IPv6 address in brackets. */
export function addressText(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function notAnAddress(address: string): VaultError {
  const shown = JSON.stringify(address.slice(0, 100));
  return new VaultError('VAULT_USAGE', `${shown} is no address`, {
    hint: 'write host:port, [IPv6 address]:port, or a ws:// or wss:// URL',
  });
}
