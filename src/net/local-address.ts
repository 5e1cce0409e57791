/** Whether an address leads anywhere from outside of the network that it belongs to. */

import { dialUrl } from './address.ts';

/**
 * Whether only this machine, or machines of its own network, can reach an address: loopback, link-local and private
 * ranges (RFC 1918, 3927, 4193, 4291, 6598), and names without a dot or below `.local` (RFC 6762). Throws
 * `VAULT_USAGE` where it is no address.
 */
export function isLocalAddress(address: string): boolean {
  const host = new URL(dialUrl(address)).hostname.toLowerCase();
  if (host.startsWith('[')) return isLocalIpv6(host.slice(1, -1));
  if (/^\d+(\.\d+){3}$/.test(host)) return isLocalIpv4(host.split('.').map(Number));
  return !host.includes('.') || /\.(?:local|localhost|home\.arpa|lan|internal)\.?$/.test(host);
}

function isLocalIpv4([a = 0, b = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127) return true;
  if (a === 100) return b >= 64 && b < 128;
  if (a === 169) return b === 254;
  if (a === 172) return b >= 16 && b < 32;
  return a === 192 && b === 168;
}

function isLocalIpv6(host: string): boolean {
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (mapped) {
    const high = Number.parseInt(mapped[1] ?? '', 16);
    return isLocalIpv4([high >> 8, high & 0xff]);
  }
  return host === '::' || host === '::1' || /^(?:f[cd]|fe[89ab])/.test(host);
}
