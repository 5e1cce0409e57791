/** One peer in one folder: what it is known to have, what it asked of us, and what we asked of it. */

import { MAX_STATED_HEADS } from '../limits.ts';
import { Asking } from './asking.ts';
import type { CreditPool } from './credit-pool.ts';
import type { ExchangeOutput, PeerName } from './exchange-event.ts';
import type { HeldHead } from './folder-side.ts';
import type { LocalHeads } from './local-heads.ts';
import { PeerHeads } from './peer-heads.ts';
import { Serving } from './serving.ts';

export class Session {
  readonly peer: PeerName;
  readonly heads = new PeerHeads();
  readonly serving: Serving;
  readonly asking: Asking;
  /** The peer said hello. */
  isOpen = false;
  /** Nothing came for long although it was asked for: others are asked first. */
  isStalled = false;
  /** No open want is for this peer, as far as was looked. */
  isDry = false;

  constructor(peer: PeerName, pool: CreditPool) {
    this.peer = peer;
    this.serving = new Serving(peer);
    this.asking = new Asking(peer, pool);
  }

  /** Says hello with everything that this node has. */
  open(local: LocalHeads, out: ExchangeOutput): void {
    const heads = local.all();
    for (const { head } of heads) this.heads.learn(head);
    const first = heads.slice(0, MAX_STATED_HEADS);
    const message = { type: 'hello', features: [], heads: first } as const;
    out.messages.push({ peer: this.peer, lane: 'control', message });
    this.#announce(heads.slice(MAX_STATED_HEADS), out);
  }

  /** Tells the peer of those heads that it is not known to have. */
  announce(heads: readonly HeldHead[], local: LocalHeads, out: ExchangeOutput): void {
    const news = heads.filter(({ head }) => this.heads.lacks(head, local.isForked(head.log)));
    for (const { head } of news) this.heads.learn(head);
    this.#announce(news, out);
  }

  #announce(heads: readonly HeldHead[], out: ExchangeOutput): void {
    for (let at = 0; at < heads.length; at += MAX_STATED_HEADS) {
      const message = { type: 'announce', heads: heads.slice(at, at + MAX_STATED_HEADS) } as const;
      out.messages.push({ peer: this.peer, lane: 'control', message });
    }
  }
}
