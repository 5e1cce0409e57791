/** Many use a thing at the same time, until one needs it alone. */

import { deferred, Mutex, type Deferred } from '../async.ts';

export class UseGate {
  readonly #exclusive = new Mutex();
  #users = 0;
  #closed: Deferred<void> | undefined;
  #idle: Deferred<void> | undefined;

  /** Runs `run` beside other users, once nobody has it alone. Throws what that throws. */
  async use<T>(run: () => Promise<T>): Promise<T> {
    while (this.#closed !== undefined) await this.#closed.promise;
    this.#users++;
    try {
      return await run();
    } finally {
      if (--this.#users === 0) this.#idle?.resolve();
    }
  }

  /** Runs `task` once its users have left, holding back new ones. One at a time, in the order asked. */
  alone(task: () => Promise<void>): Promise<void> {
    return this.#exclusive.run(async () => {
      const closed = deferred<void>();
      this.#closed = closed;
      if (this.#users > 0) {
        this.#idle = deferred<void>();
        await this.#idle.promise;
        this.#idle = undefined;
      }
      try {
        await task();
      } finally {
        this.#closed = undefined;
        closed.resolve();
      }
    });
  }
}
