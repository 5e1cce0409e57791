/** What happens in the daemon, told to everybody who listens; who is slow misses some, and hears how many. */

import { deferred, type Deferred } from '../async.ts';
import { MAX_WAITING_EVENTS } from '../limits.ts';
import type { Item, OperationContext } from '../operations/operation.ts';

export class EventHub {
  readonly #listeners = new Set<Waiting>();

  /** Tells all listeners. */
  tell(item: Item): void {
    for (const listener of this.#listeners) listener.add(item);
  }

  /** Tells one listener of all that happens from now on, until its signal is aborted. */
  async listen(context: OperationContext): Promise<void> {
    const { signal } = context;
    const waiting = new Waiting();
    this.#listeners.add(waiting);
    context.emit({ type: 'item', item: { type: 'listening' } });
    const stop = (): void => waiting.wake();
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        for (const item of waiting.take()) {
          context.emit({ type: 'item', item });
          await context.ready?.();
        }
        await waiting.more;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#listeners.delete(waiting);
    }
  }
}

/** What one listener has not been told yet. */
class Waiting {
  #items: Item[] = [];
  #missed = 0;
  #more: Deferred<void> = deferred();

  get more(): Promise<void> {
    return this.#items.length > 0 || this.#missed > 0 ? Promise.resolve() : this.#more.promise;
  }

  add(item: Item): void {
    if (this.#items.length < MAX_WAITING_EVENTS) this.#items.push(item);
    else this.#missed++;
    this.wake();
  }

  wake(): void {
    this.#more.resolve();
  }

  take(): readonly Item[] {
    const taken = this.#items;
    if (this.#missed > 0) taken.push({ type: 'missed', events: this.#missed });
    this.#items = [];
    this.#missed = 0;
    this.#more = deferred();
    return taken;
  }
}
