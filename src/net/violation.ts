/** What a peer did that ends its session, and nothing else. Never leaves `src/net`. */

import type { EndReason } from './message.ts';

export class Violation extends Error {
  readonly reason: EndReason;

  constructor(reason: EndReason, what: string) {
    super(what);
    this.name = 'Violation';
    this.reason = reason;
  }
}
