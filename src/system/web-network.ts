/**
 * Sockets as they are handed in: streams that others open to us, WebSockets, and nothing that decides.
 * The only importer of `ws` and of Node's network.
 */

import { IncomingMessage } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { WebSocket, WebSocketServer, type RawData } from 'ws';
import { asBuffer, type Bytes } from '../bytes.ts';
import { systemCode, VaultError } from '../errors.ts';

/** What happens on a WebSocket. Nothing is called after `closed`. */
export interface WebLineEvents {
  /** A binary message arrived, whole and in order. */
  message(bytes: Uint8Array): void;
  /** What waited to leave has become `lowWater` or less. */
  drained(): void;
  /** It is over; cleanly where both ends said so. Called once. */
  closed(isClean: boolean): void;
}

/** A WebSocket that is open: binary messages, nothing compressed. */
export interface WebLine {
  /** Bytes that were handed over and have not left. */
  readonly bufferedBytes: number;
  /** Sends a message; nothing once it is over. */
  send(bytes: Bytes): void;
  /** Ends it after what was sent. */
  close(): void;
  /** Ends it at once. */
  destroy(): void;
}

export type BeginLine = (line: WebLine) => WebLineEvents;

/** What happens on a stream until it is upgraded or over. */
export interface StreamEvents {
  data(bytes: Uint8Array): void;
  /** The other end sends no more. */
  ended(): void;
  /** The stream is over. Called once, unless it was upgraded. */
  closed(): void;
}

/** A TCP stream that somebody opened to us. */
export interface IncomingStream {
  /** IP address of the other end. */
  readonly remoteAddress: string;
  /** Sends `bytes`, and that no more follow. What comes is still told. */
  end(bytes: Bytes): void;
  destroy(): void;
  /**
   * Answers a request with this `Sec-WebSocket-Key` and goes on as a WebSocket, beginning with `rest` of
   * what was read. False, and `begin` is not called, where the stream is over already.
   */
  upgrade(key: string, rest: Bytes, begin: BeginLine): boolean;
}

export interface WebListener {
  readonly host: string;
  readonly port: number;
  /** Takes no more streams; those there are go on. */
  close(): Promise<void>;
}

export interface WebLimits {
  /** Longest message that is received, in bytes; a longer one ends the WebSocket unread. */
  readonly maxMessageBytes: number;
  readonly lowWaterBytes: number;
  /** How long an answer to a dial, and the end of a WebSocket, may take. */
  readonly patienceMs: number;
}

export interface WebNetwork {
  /** Port 0 takes a free one, host `*` all addresses. Throws `VAULT_EXISTS` where somebody listens there, `VAULT_NOT_PERMITTED`, `VAULT_IO`. */
  listen(
    at: { readonly host: string; readonly port: number },
    accept: (stream: IncomingStream) => StreamEvents,
  ): Promise<WebListener>;
  /**
   * Opens a WebSocket to a `ws:` or `wss:` URL with this `Cookie` header; resolves when `begin` was called.
   * Throws `VAULT_NO_PEER` where nobody answers, anything but a WebSocket does, or `signal` is aborted before.
   */
  dial(url: string, cookie: string, begin: BeginLine, signal?: AbortSignal): Promise<void>;
  /** IP addresses at which other machines may reach this one; none that only it has. */
  ownAddresses(): readonly string[];
}

/** The network of this machine. */
export function webNetwork(limits: WebLimits): WebNetwork {
  const options = {
    perMessageDeflate: false,
    maxPayload: limits.maxMessageBytes,
    // No sender here makes fragments; a proxy may cut a message into a few.
    maxFragments: 64,
    closeTimeout: limits.patienceMs,
  };
  const upgrader = new WebSocketServer({ ...options, noServer: true, clientTracking: false });
  return {
    listen: (at, accept) => listen(at, (socket) => receive(socket, upgrader, limits, accept)),
    dial: (url, cookie, begin, signal) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(url, {
          ...options,
          headers: { Cookie: cookie },
          handshakeTimeout: limits.patienceMs,
          followRedirects: false,
          // What is said over it is sealed by whoever uses this: a proxy's certificate proves nothing here.
          rejectUnauthorized: false,
        });
        let events: WebLineEvents | undefined;
        const giveUp = (): void => socket.terminate();
        signal?.addEventListener('abort', giveUp);
        socket.once('open', () => {
          signal?.removeEventListener('abort', giveUp);
          events = carry(socket, limits, begin);
          resolve();
        });
        socket.once('error', (cause) => {
          signal?.removeEventListener('abort', giveUp);
          if (events !== undefined) return;
          reject(new VaultError('VAULT_NO_PEER', 'nobody answers there', { cause }));
        });
        if (signal?.aborted === true) giveUp();
      }),
    ownAddresses: () =>
      Object.values(networkInterfaces())
        .flatMap((all) => all ?? [])
        .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
        .map(({ address }) => address),
  };
}

async function listen(
  { host, port }: { readonly host: string; readonly port: number },
  accept: (socket: Socket) => void,
): Promise<WebListener> {
  // Half open, so that who sends a request and no more still gets its answer.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(`${host}:${port}`, cause)));
    // Without a host Node takes all addresses, those of IPv6 where the machine has any.
    server.listen(host === '*' ? { port } : { host, port }, resolve);
  });
  const bound = server.address() as AddressInfo;
  return { host: bound.address, port: bound.port, close: () => stop(server) };
}

/** Resolves at once: `close` of Node would wait for the last of the streams that go on. */
async function stop(server: Server): Promise<void> {
  await Promise.resolve();
  if (server.listening) server.close();
}

function listenError(where: string, cause: Error): VaultError {
  const code = systemCode(cause);
  if (code === 'EADDRINUSE') {
    return new VaultError('VAULT_EXISTS', `somebody listens at ${where}`, { cause });
  }
  if (code === 'EACCES') {
    return new VaultError('VAULT_NOT_PERMITTED', `may not listen at ${where}`, { cause });
  }
  return new VaultError('VAULT_IO', `cannot listen at ${where}`, { cause });
}

function receive(
  socket: Socket,
  upgrader: WebSocketServer,
  limits: WebLimits,
  accept: (stream: IncomingStream) => StreamEvents,
): void {
  const told: { events?: StreamEvents } = {};
  const data = (bytes: Buffer): void => told.events?.data(bytes);
  const ended = (): void => told.events?.ended();
  const closed = (): void => told.events?.closed();
  // An error is followed by `close`, which says all there is to know.
  const failed = (): void => undefined;
  socket.on('data', data).on('end', ended).on('close', closed).on('error', failed);
  told.events = accept({
    remoteAddress: socket.remoteAddress ?? '',
    end: (bytes) => void socket.end(bytes),
    destroy: () => void socket.destroy(),
    upgrade(key, rest, begin) {
      socket.off('data', data).off('end', ended).off('close', closed);
      const request = new IncomingMessage(socket);
      request.method = 'GET';
      request.url = '/';
      request.headers = {
        upgrade: 'websocket',
        'sec-websocket-key': key,
        'sec-websocket-version': '13',
      };
      let isOpen = false;
      upgrader.handleUpgrade(request, socket, asBuffer(rest), (line) => {
        isOpen = true;
        carry(line, limits, begin);
      });
      return isOpen;
    },
  });
}

/** Tells `begin` of an open WebSocket, and then what happens on it. */
function carry(socket: WebSocket, limits: WebLimits, begin: BeginLine): WebLineEvents {
  let isHigh = false;
  const line: WebLine = {
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(bytes) {
      socket.send(bytes, { binary: true }, () => {
        if (!isHigh || socket.bufferedAmount > limits.lowWaterBytes) return;
        isHigh = false;
        if (socket.readyState === WebSocket.OPEN) events.drained();
      });
      if (socket.bufferedAmount > limits.lowWaterBytes) isHigh = true;
    },
    close: () => socket.close(CLEAN),
    destroy: () => socket.terminate(),
  };
  const events = begin(line);
  socket.on('message', (message: RawData, isBinary: boolean) => {
    if (isBinary && Buffer.isBuffer(message)) events.message(message);
    else socket.terminate();
  });
  socket.on('close', (code) => events.closed(code === CLEAN));
  // As above: what is wrong is followed by `close`.
  socket.on('error', () => undefined);
  return events;
}

/** Close code of RFC 6455 §7.4.1. */
const CLEAN = 1000;
