/**
 * Sockets inside one process: machines by their names, time from a clock, links that can fall silent or break.
 * For simulations and tests of whole nodes; what goes over it is as over {@link webNetwork}.
 */

import type { Bytes } from '../bytes.ts';
import type { Clock } from '../clock.ts';
import { VaultError } from '../errors.ts';
import type {
  BeginLine,
  IncomingStream,
  StreamEvents,
  WebLine,
  WebLineEvents,
  WebListener,
  WebNetwork,
} from './web-network.ts';

/** One way between two machines, in milliseconds. */
const DELAY_MS = 1;
/** How long who dials waits for an answer. */
const PATIENCE_MS = 10_000;

type Accept = (stream: IncomingStream) => StreamEvents;

export class MemoryWeb {
  readonly #clock: Clock;
  readonly #listeners = new Map<string, { readonly machine: string; readonly accept: Accept }>();
  readonly #lines = new Set<Line>();
  /** Directions in which nothing passes and nobody is told: `from to`. */
  readonly #silent = new Set<string>();
  #ports = 50_000;
  /** Told of each message that arrives: what somebody who listens on the way, or its receiver, sees. */
  onMessage: (from: string, to: string, bytes: number) => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The network as the machine of this name has it; others reach it at `name:port`. */
  network(machine: string): WebNetwork {
    return {
      listen: (at, accept) => this.#listen(machine, at, accept),
      dial: (url, cookie, begin, signal) => this.#dial(machine, url, cookie, begin, signal),
      ownAddresses: () => [machine],
    };
  }

  /** Whether what one machine sends gets to the other. */
  setSilent(from: string, to: string, isSilent: boolean): void {
    if (isSilent) this.#silent.add(`${from} ${to}`);
    else this.#silent.delete(`${from} ${to}`);
  }

  /** Breaks all connections between two machines: both are told. */
  cut(a: string, b: string): void {
    for (const line of this.#lines) if (line.isBetween(a, b)) line.over(false);
  }

  async #listen(
    machine: string,
    at: { readonly host: string; readonly port: number },
    accept: Accept,
  ): Promise<WebListener> {
    await Promise.resolve();
    const port = at.port === 0 ? ++this.#ports : at.port;
    const key = `${machine}:${port}`;
    if (this.#listeners.has(key))
      throw new VaultError('VAULT_EXISTS', `somebody listens at ${key}`);
    const listener = { machine, accept };
    this.#listeners.set(key, listener);
    return {
      host: machine,
      port,
      close: async () => {
        await Promise.resolve();
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key);
      },
    };
  }

  #dial(
    from: string,
    url: string,
    cookie: string,
    begin: BeginLine,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const host = new URL(url).host;
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        stopTimer();
        reject(new VaultError('VAULT_NO_PEER', 'nobody answers there'));
      };
      const stopTimer = this.#clock.timer(PATIENCE_MS, fail);
      signal?.addEventListener('abort', fail);
      const to = host.replace(/:\d+$/, '');
      this.#pass(from, to, () => {
        const listener = this.#listeners.get(host);
        if (listener === undefined) {
          this.#pass(to, from, fail);
          return;
        }
        const both = this.#pair(from, to);
        const stream = this.#stream(both, fail, () => {
          if (signal?.aborted === true) return;
          stopTimer();
          both.near.events = begin(both.near);
          both.near.flush();
          resolve();
        });
        const events = listener.accept(stream);
        events.data(requestOf(host, cookie));
      });
    });
  }

  /** What the listener is given: it refuses, or both have a line. */
  #stream(both: Both, refused: () => void, opened: () => void): IncomingStream {
    const { near, far } = both;
    const refuse = (): void => this.#pass(far.machine, near.machine, refused);
    return {
      remoteAddress: near.machine,
      end: refuse,
      destroy: refuse,
      upgrade: (_key, _rest, begin) => {
        // Who dialed is told first: nothing that is sent now comes before.
        this.#pass(far.machine, near.machine, opened);
        far.events = begin(far);
        return true;
      },
    };
  }

  #pair(from: string, to: string): Both {
    const make = (machine: string, other: string): Line =>
      new Line(machine, other, (deliver, bytes) =>
        this.#pass(machine, other, () => {
          if (bytes !== undefined) this.onMessage(machine, other, bytes);
          deliver();
        }),
      );
    const [near, far] = [make(from, to), make(to, from)];
    near.other = far;
    far.other = near;
    for (const line of [near, far]) {
      this.#lines.add(line);
      line.onOver = () => this.#lines.delete(line);
    }
    return { near, far };
  }

  #pass(from: string, to: string, deliver: () => void): void {
    this.#clock.timer(DELAY_MS, () => {
      if (!this.#silent.has(`${from} ${to}`)) deliver();
    });
  }
}

interface Both {
  readonly near: Line;
  readonly far: Line;
}

/** One end. What it sends is received after the delay, in order. */
class Line implements WebLine {
  readonly bufferedBytes = 0;
  readonly machine: string;
  readonly #to: string;
  readonly #pass: (deliver: () => void, bytes?: number) => void;
  /** What came before anybody was told of it. */
  readonly #early: Uint8Array[] = [];
  other: Line | undefined;
  events: WebLineEvents | undefined;
  onOver: () => void = () => undefined;
  #isOver = false;

  constructor(machine: string, to: string, pass: (deliver: () => void, bytes?: number) => void) {
    this.machine = machine;
    this.#to = to;
    this.#pass = pass;
  }

  isBetween(a: string, b: string): boolean {
    return [a, b].includes(this.machine) && [a, b].includes(this.#to);
  }

  send(bytes: Bytes): void {
    const sent = bytes.slice();
    if (!this.#isOver) this.#pass(() => this.other?.receive(sent), sent.length);
  }

  close(): void {
    if (this.#isOver) return;
    this.#pass(() => {
      this.other?.over(true);
      this.over(true);
    });
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#pass(() => this.other?.over(false));
    this.over(false);
  }

  flush(): void {
    for (const bytes of this.#early.splice(0)) this.events?.message(bytes);
  }

  over(isClean: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onOver();
    this.events?.closed(isClean);
  }

  receive(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.events === undefined) this.#early.push(bytes);
    else this.events.message(bytes);
  }
}

function requestOf(host: string, cookie: string): Uint8Array {
  const lines = [
    'GET / HTTP/1.1',
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${'A'.repeat(22)}==`,
    `Cookie: ${cookie}`,
  ];
  return new Uint8Array(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
}
