/** Where the socket of a home's daemon lies. */

import { toHex, utf8 } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import { VaultError } from '../errors.ts';
import {
  isPrivateDirectory,
  makePrivateDirectory,
  MAX_SOCKET_PATH_BYTES,
  userId,
} from '../system/local-socket.ts';

/** What tells a home from every other, its copies included. */
export interface HomeName {
  readonly homeId: string;
  /** Canonical path. */
  readonly root: string;
}

export interface SocketPlaces {
  readonly platform: NodeJS.Platform;
  /** The user's runtime directory (`XDG_RUNTIME_DIR`), where there is one. */
  readonly runtimeDirectory: string | undefined;
  /** For files that may go at any time. */
  readonly temporaryDirectory: string;
}

/**
 * A path for the socket of the daemon of a home, in a directory that only this user can enter, which is
 * made. It is short enough for every system, and says nothing of the home. Throws `VAULT_REFUSED`, `VAULT_IO`.
 */
export function socketPath({ homeId, root }: HomeName, places: SocketPlaces): string {
  const { platform, runtimeDirectory, temporaryDirectory } = places;
  const name = toHex(sha256(utf8(`vault socket ${homeId} ${root}`))).slice(0, 32);
  if (platform === 'win32') return `\\\\.\\pipe\\vault-${name}`;
  const given = runtimeDirectory?.startsWith('/') === true ? runtimeDirectory : undefined;
  if (given !== undefined && isPrivateDirectory(given) && isShort(`${given}/vault/${name}`)) {
    makePrivateDirectory(`${given}/vault`);
    return `${given}/vault/${name}`;
  }
  for (const parent of [temporaryDirectory, '/tmp']) {
    const directory = `${parent}/vault-${userId()}`;
    const path = `${directory}/${name}`;
    if (!isShort(path)) continue;
    makePrivateDirectory(directory);
    return path;
  }
  throw new VaultError('VAULT_IO', 'there is no place for a socket');
}

function isShort(path: string): boolean {
  return utf8(path).length <= MAX_SOCKET_PATH_BYTES;
}
