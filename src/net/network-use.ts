/** A network as one user of it sees it: what it opened there can be cut off all at once. */

import type { BeginLine, WebLine, WebListener, WebNetwork } from '../system/web-network.ts';

export class NetworkUse implements WebNetwork {
  readonly #network: WebNetwork;
  readonly #lines = new Set<WebLine>();
  readonly #listeners = new Set<WebListener>();
  readonly #ending = new AbortController();
  #onIdle: () => void = () => undefined;

  constructor(network: WebNetwork) {
    this.#network = network;
  }

  /** Bytes that were handed over and have not left, on all lines. */
  get bufferedBytes(): number {
    let all = 0;
    for (const line of this.#lines) all += line.bufferedBytes;
    return all;
  }

  async listen(
    at: Parameters<WebNetwork['listen']>[0],
    accept: Parameters<WebNetwork['listen']>[1],
  ): Promise<WebListener> {
    const listener = await this.#network.listen(at, (stream) =>
      accept({
        remoteAddress: stream.remoteAddress,
        end: (bytes) => stream.end(bytes),
        destroy: () => stream.destroy(),
        upgrade: (key, rest, begin) => stream.upgrade(key, rest, this.#noted(begin)),
      }),
    );
    this.#listeners.add(listener);
    return listener;
  }

  dial(url: string, cookie: string, begin: BeginLine): Promise<void> {
    return this.#network.dial(url, cookie, this.#noted(begin), this.#ending.signal);
  }

  ownAddresses(): readonly string[] {
    return this.#network.ownAddresses();
  }

  /** Resolves when no line is open. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = () => {
        if (this.#lines.size === 0) resolve();
      };
      this.#onIdle();
    });
  }

  /** Gives up dials under way and ends every line at once. */
  async cut(): Promise<void> {
    this.#ending.abort();
    for (const line of this.#lines) line.destroy();
    for (const listener of this.#listeners) await listener.close();
  }

  #noted(begin: BeginLine): BeginLine {
    return (line) => {
      this.#lines.add(line);
      const events = begin(line);
      return {
        message: (bytes) => events.message(bytes),
        drained: () => events.drained(),
        closed: (isClean) => {
          this.#lines.delete(line);
          events.closed(isClean);
          this.#onIdle();
        },
      };
    };
  }
}
