/**
 * Streams between processes of one machine: Unix sockets, and named pipes on Windows. Decides nothing but
 * whose a socket is.
 */

import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { asBuffer, type Bytes } from '../bytes.ts';
import { systemCode, VaultError } from '../errors.ts';

/** What happens on a stream. Nothing is called after `closed`. */
export interface LocalLineEvents {
  data(bytes: Uint8Array): void;
  /** All that waited to leave has left. */
  drained(): void;
  /** It is over, by either end. Called once. */
  closed(): void;
}

export interface LocalLine {
  /** Bytes that were handed over and have not left. */
  readonly bufferedBytes: number;
  /** Nothing once it is over. */
  send(bytes: Bytes): void;
  /** Until {@link resume}, nothing is read: the other end cannot send more than the system buffers. */
  pause(): void;
  resume(): void;
  /** Ends it after what was sent. */
  end(): void;
  /** Ends it at once. */
  destroy(): void;
}

export type BeginLocalLine = (line: LocalLine) => LocalLineEvents;

export interface LocalListener {
  /** Takes no more streams, and takes the socket away; streams there are go on. */
  close(): void;
}

/** What a connection answers where nobody listens, or nothing is there. */
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR']);

/** Bytes that a socket's path may have: `sun_path` of the smallest system, without the NUL at its end. */
export const MAX_SOCKET_PATH_BYTES = 103;

/**
 * Connects to who listens at `path`. False where nobody does. Throws `VAULT_REFUSED` where the socket
 * belongs to none of `owners`, `VAULT_IO`.
 */
export function connectLocal(
  path: string,
  owners: readonly number[],
  begin: BeginLocalLine,
): Promise<boolean> {
  if (!isOwned(path, owners)) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const failed = (cause: Error): void => {
      if (NOBODY.has(systemCode(cause) ?? '')) resolve(false);
      else reject(new VaultError('VAULT_IO', `cannot reach ${JSON.stringify(path)}`, { cause }));
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      carry(socket, begin);
      resolve(true);
    });
  });
}

/**
 * Listens at `path`; a socket that an ended process left there is replaced. Whoever calls this knows that no
 * other process listens there. Throws `VAULT_IO`.
 */
export async function listenLocal(path: string, begin: BeginLocalLine): Promise<LocalListener> {
  if (!isPipe(path)) rmSync(path, { force: true });
  const server = createServer((socket) => carry(socket, begin));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new VaultError('VAULT_IO', `cannot listen at ${JSON.stringify(path)}`, { cause })),
    );
    server.listen(path, resolve);
  });
  return { close: () => stop(server) };
}

/**
 * Makes the directory of a socket, for its owner alone. Throws `VAULT_REFUSED` where it is there and is
 * somebody else's, a link, or open to others, `VAULT_IO`.
 */
export function makePrivateDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (systemCode(cause) !== 'EEXIST') {
      throw new VaultError('VAULT_IO', `cannot make ${JSON.stringify(path)}`, { cause });
    }
  }
  if (isPrivateDirectory(path)) return;
  throw new VaultError('VAULT_REFUSED', `${JSON.stringify(path)} is not a private directory`, {
    hint: 'remove it, or set XDG_RUNTIME_DIR to a directory that only you can enter',
  });
}

/** Whether a directory is this user's, and nobody else may enter it. */
export function isPrivateDirectory(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === userId() && (found.mode & 0o077) === 0;
}

/** The user that this process runs as; 0 where the system has no numbers for users. */
export function userId(): number {
  return process.geteuid?.() ?? 0;
}

/** The user that a file belongs to. Throws as the system does. */
export function ownerOf(path: string): number {
  return lstatSync(path).uid;
}

function isPipe(path: string): boolean {
  return path.startsWith('\\\\');
}

function isOwned(path: string, owners: readonly number[]): boolean {
  if (isPipe(path)) return true;
  for (const [place, isRight] of [
    [path, (uid: number): boolean => owners.includes(uid)],
    [dirname(path), (uid: number): boolean => uid === 0 || owners.includes(uid)],
  ] as const) {
    const found = lstatSync(place, { throwIfNoEntry: false });
    if (found === undefined) return false;
    if (!isRight(found.uid)) {
      throw new VaultError('VAULT_REFUSED', `${JSON.stringify(place)} belongs to another user`);
    }
  }
  return true;
}

function stop(server: Server): void {
  if (server.listening) server.close();
}

function carry(socket: Socket, begin: BeginLocalLine): void {
  const events = begin({
    get bufferedBytes() {
      return socket.writableLength;
    },
    send(bytes) {
      if (socket.writable) socket.write(asBuffer(bytes));
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  });
  socket.on('data', (bytes: Buffer) => events.data(bytes));
  socket.on('drain', () => events.drained());
  socket.on('close', () => events.closed());
  // What is wrong is followed by `close`, which says all there is to know.
  socket.on('error', () => undefined);
}
