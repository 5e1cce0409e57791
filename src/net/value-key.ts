/** Names of values as keys of maps. */

import { mapKey } from '../bytes.ts';
import type { ValueName } from './folder-side.ts';

/** `c` and a chunk's or node's id, or `p` and the hash of the entry whose page it is; a byte a character. */
export type ValueKey = string;

export function keyOf(name: ValueName): ValueKey {
  return name.kind === 'content' ? contentKey(name.id) : pageKey(name.hash);
}

export function contentKey(id: Uint8Array): ValueKey {
  return `c${mapKey(id)}`;
}

export function pageKey(hash: Uint8Array): ValueKey {
  return `p${mapKey(hash)}`;
}

/** Whether the key is a page's. */
export function isPageKey(key: ValueKey): boolean {
  return key.startsWith('p');
}

/** The 32 bytes of a key. */
export function keyBytes(key: ValueKey): Uint8Array {
  return new Uint8Array(Buffer.from(key.slice(1), 'latin1'));
}
