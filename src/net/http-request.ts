/**
 * The one request that a stream may make before it is known: read without trusting a byte of it, and
 * turned down the same way whatever is wrong with it.
 */

import type { Bytes } from '../bytes.ts';
import { MAX_REQUEST_BYTES } from '../limits.ts';

/** `whole` and `hopeless` are both answered; only a whole one may turn out to be a member's. */
export type ReadState = 'more' | 'whole' | 'hopeless';

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const FIRST_LINE = /^[A-Z]{1,20} \S+ HTTP\/1\.[01]$/;

/** Takes the bytes of a request's head as they come, at most {@link MAX_REQUEST_BYTES} of them. */
export class RequestReader {
  readonly #bytes = new Uint8Array(MAX_REQUEST_BYTES);
  #length = 0;
  #lineStart = 0;
  #isFirstLine = true;
  #state: ReadState = 'more';
  #rest: Uint8Array = new Uint8Array(0);

  get state(): ReadState {
    return this.#state;
  }

  /** Bytes that came after the head. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /** The head, as text with a character for each byte. */
  get head(): string {
    return Buffer.from(this.#bytes.buffer, 0, this.#length).toString('latin1');
  }

  add(bytes: Bytes): ReadState {
    for (let at = 0; at < bytes.length && this.#state === 'more'; at++) {
      if (this.#length === MAX_REQUEST_BYTES) this.#state = 'hopeless';
      else if (this.#take(bytes[at] ?? 0) === 'whole') this.#rest = bytes.slice(at + 1);
    }
    return this.#state;
  }

  #take(byte: number): ReadState {
    const before = this.#bytes[this.#length - 1];
    this.#bytes[this.#length++] = byte;
    const isText = (byte >= 0x20 && byte < 0x7f) || byte === TAB || byte === CR;
    if (byte === LF && before === CR) this.#endLine();
    else if (!isText || before === CR) this.#state = 'hopeless';
    return this.#state;
  }

  #endLine(): void {
    const line = this.head.slice(this.#lineStart, -2);
    this.#lineStart = this.#length;
    if (this.#isFirstLine && !FIRST_LINE.test(line)) this.#state = 'hopeless';
    else if (line === '') this.#state = 'whole';
    this.#isFirstLine = false;
  }
}

export interface UpgradeRequest {
  /** `Sec-WebSocket-Key`, which the answer depends on. */
  readonly key: string;
  /** What the request has in its cookie of the name {@link KNOCK_COOKIE}. */
  readonly knock: string;
}

/** Name of the cookie that carries a handshake's first message, base64url. */
const KNOCK_COOKIE = 's';
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/** Value of the `Cookie` header of a dial. */
export function knockCookie(message: Bytes): string {
  return `${KNOCK_COOKIE}=${Buffer.from(message).toString('base64url')}`;
}

/**
 * What the head of a request asks for, where it asks for a WebSocket (RFC 6455 §4.2.1), names each of the
 * headers for it once, has no body, and brings a cookie; else undefined. Its path does not matter: a
 * proxy may have us anywhere.
 */
export function parseUpgrade(head: string): UpgradeRequest | undefined {
  const [first = '', ...lines] = head.slice(0, -4).split('\r\n');
  if (!/^GET \S+ HTTP\/1\.1$/.test(first)) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    if (headers.has(key) && singular.has(key)) return undefined;
    headers.set(key, value);
  }
  const connection = (headers.get('connection') ?? '').toLowerCase().split(/[ \t]*,[ \t]*/);
  const key = headers.get('sec-websocket-key') ?? '';
  const isUpgrade =
    headers.has('host') &&
    connection.includes('upgrade') &&
    headers.get('upgrade')?.toLowerCase() === 'websocket' &&
    headers.get('sec-websocket-version') === '13' &&
    /^[+/0-9A-Za-z]{22}==$/.test(key) &&
    !headers.has('content-length') &&
    !headers.has('transfer-encoding');
  if (!isUpgrade) return undefined;
  const cookies = (headers.get('cookie') ?? '').split(/; */);
  const mine = cookies.filter((cookie) => cookie.startsWith(`${KNOCK_COOKIE}=`));
  const [knock, another] = mine.map((cookie) => cookie.slice(KNOCK_COOKIE.length + 1));
  if (knock === undefined || another !== undefined) return undefined;
  return { key, knock };
}

const singular = new Set([
  'host',
  'connection',
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
  'content-length',
  'transfer-encoding',
  'cookie',
]);

const BODY =
  '<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n' +
  '<center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n';

/**
 * What everybody gets who is not let in, whatever they asked for and why ever they are not: a page that is
 * not there. Without a date, which would differ.
 */
export const REFUSAL: Uint8Array = Uint8Array.from(
  Buffer.from(
    'HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n' +
      `Content-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`,
    'latin1',
  ),
);
