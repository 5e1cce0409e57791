import { MAX_PROCESS_CREDIT_BYTES } from '../../src/limits.ts';
import { CreditPool } from '../../src/net/credit-pool.ts';
import type { EntryRange } from '../../src/net/folder-side.ts';
import type { Effect, ExchangeEvent, ExchangeOutput } from '../../src/net/exchange-event.ts';
import { FolderExchange, TICK_MS } from '../../src/net/folder-exchange.ts';
import { FrameJoiner, FrameQueue } from '../../src/net/frame.ts';
import { decodeMessage, encodeMessage } from '../../src/net/message-codec.ts';
import { creditCost, isData, type Message } from '../../src/net/message.ts';
import { keyOf, type ValueKey } from '../../src/net/value-key.ts';
import { MemoryFolder } from '../helpers/memory-folder.ts';

export interface LinkOptions {
  readonly delayMs?: number;
  /** Each way; default unlimited. */
  readonly bytesPerMs?: number;
}

/** One way of a link: frames leave one after another and arrive in order, later. */
interface Way {
  readonly from: WorldNode;
  readonly to: WorldNode;
  /** The name of the session at the other end, and of the one at this end. */
  readonly peerAtTo: string;
  readonly peerAtFrom: string;
  readonly queue: FrameQueue;
  readonly joiner: FrameJoiner;
  readonly options: LinkOptions;
  isSending: boolean;
}

export interface Link {
  readonly ways: readonly [Way, Way];
  isUp: boolean;
  /** Nothing passes, and nobody is told. */
  isSilent: boolean;
}

export interface Passed {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly message: Message;
  readonly bytes: number;
}

export class WorldNode {
  readonly name: string;
  readonly folder: MemoryFolder;
  readonly credit: CreditPool;
  exchange: FolderExchange;
  isDown = false;
  /** Why sessions ended, in order. */
  readonly ended: string[] = [];
  /** Bytes of each value that arrived, as often as it did. */
  readonly received = new Map<ValueKey, number>();
  receivedBytes = 0;
  /** Changes what this node would send: a hostile one. */
  forge: ((message: Message, to: string) => readonly Message[]) | undefined;
  /** Milliseconds until an effect is answered. */
  effectMs = 0;

  constructor(name: string, credit = new CreditPool(MAX_PROCESS_CREDIT_BYTES)) {
    this.name = name;
    this.folder = new MemoryFolder(name);
    this.credit = credit;
    this.exchange = new FolderExchange({ credit });
  }
}

/** N folders and their exchanges under one virtual clock, everything in one thread and in order. */
export class ExchangeWorld {
  now = 0;
  readonly nodes: WorldNode[] = [];
  readonly links: Link[] = [];
  readonly passed: Passed[] = [];
  #order = 0;
  #queue: { at: number; order: number; run: () => void }[] = [];
  readonly #ticking = new Set<FolderExchange>();
  #sessions = 0;

  node(name: string, credit?: CreditPool): WorldNode {
    const node = new WorldNode(name, credit);
    this.nodes.push(node);
    this.#start(node);
    return node;
  }

  /** Starts the node's exchange anew: what was in memory is gone, the folder is what it was. */
  restart(node: WorldNode): void {
    node.exchange = new FolderExchange({ credit: node.credit });
    node.isDown = false;
    node.folder.rewindWants();
    this.#start(node);
  }

  kill(node: WorldNode): void {
    for (const link of this.links) {
      if (link.isUp && link.ways.some(({ from }) => from === node)) this.cut(link);
    }
    node.isDown = true;
  }

  connect(a: WorldNode, b: WorldNode, options: LinkOptions = {}): Link {
    const number = this.#sessions++;
    const way = (from: WorldNode, to: WorldNode): Way => ({
      from,
      to,
      peerAtTo: `${from.name}#${number}`,
      peerAtFrom: `${to.name}#${number}`,
      queue: new FrameQueue(),
      joiner: new FrameJoiner(),
      options,
      isSending: false,
    });
    const link: Link = { ways: [way(a, b), way(b, a)], isUp: true, isSilent: false };
    this.links.push(link);
    for (const { from, peerAtFrom } of link.ways) {
      this.tell(from, { type: 'opened', peer: peerAtFrom });
    }
    return link;
  }

  cut(link: Link): void {
    if (!link.isUp) return;
    link.isUp = false;
    for (const { from, peerAtFrom } of link.ways) {
      this.tell(from, { type: 'closed', peer: peerAtFrom });
    }
  }

  append(node: WorldNode, chunks: readonly Uint8Array[]): void {
    this.tell(node, { type: 'advanced', heads: node.folder.append(chunks) });
  }

  /** Runs until nothing is left to happen, or `ms` have passed. The virtual milliseconds it took. */
  run(ms = 600_000): number {
    const start = this.now;
    for (;;) {
      const next = this.#pop(start + ms);
      if (next === undefined) break;
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    return this.now - start;
  }

  runUntil(isDone: () => boolean, ms = 600_000): number {
    const start = this.now;
    while (!isDone()) {
      const next = this.#pop(start + ms);
      if (next === undefined) throw new Error('nothing more happens');
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    return this.now - start;
  }

  later(ms: number, run: () => void): void {
    const one = { at: this.now + ms, order: this.#order++, run };
    let at = this.#queue.length;
    this.#queue.push(one);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = this.#queue[up];
      if (parent === undefined || !isBefore(one, parent)) break;
      this.#queue[at] = parent;
      at = up;
    }
    this.#queue[at] = one;
  }

  tell(node: WorldNode, event: ExchangeEvent): void {
    if (node.isDown) return;
    const out = node.exchange.step(event, this.now);
    this.#carryOut(node, out);
    this.#keepTicking(node);
  }

  /** Sends something as if the node's exchange had. */
  inject(node: WorldNode, link: Link, message: Message): void {
    const way = link.ways.find(({ from }) => from === node);
    if (way !== undefined) this.#send(link, way, 'control', message);
  }

  count(type: Message['type'], from?: string, to?: string): number {
    return this.passed.filter(
      (one) =>
        one.message.type === type &&
        (from === undefined || one.from === from) &&
        (to === undefined || one.to === to),
    ).length;
  }

  /** Whether all nodes have the same heads and lack nothing. */
  isSettled(nodes: readonly WorldNode[] = this.nodes): boolean {
    const headsOf = (node: WorldNode): string =>
      node.folder
        .heads()
        .map(({ head }) => `${head.log} ${head.seq} ${Buffer.from(head.hash).toString('hex')}`)
        .toSorted()
        .join('\n');
    const [first] = nodes;
    return nodes.every(
      (node) =>
        first !== undefined &&
        headsOf(node) === headsOf(first) &&
        node.folder.lacking().length === 0,
    );
  }

  #start(node: WorldNode): void {
    this.tell(node, { type: 'advanced', heads: node.folder.heads() });
  }

  #carryOut(node: WorldNode, out: ExchangeOutput): void {
    for (const { peer, lane, message } of out.messages) {
      for (const link of this.links) {
        const way = link.ways.find(({ from, peerAtFrom }) => from === node && peerAtFrom === peer);
        if (way === undefined || !link.isUp) continue;
        const sent = node.forge?.(message, way.to.name) ?? [message];
        for (const one of sent) this.#send(link, way, lane, one);
      }
    }
    const { exchange } = node;
    for (const effect of out.effects) {
      this.later(node.effectMs, () => {
        if (node.exchange === exchange && !node.isDown) this.#answer(node, effect);
      });
    }
  }

  #answer(node: WorldNode, effect: Effect): void {
    const { folder } = node;
    switch (effect.type) {
      case 'read range': {
        const range: EntryRange | undefined = folder.readRange(effect.range);
        this.tell(node, { type: 'range read', peer: effect.peer, ask: effect.ask, range });
        break;
      }
      case 'adopt': {
        const adopted = folder.adopt(effect.range);
        this.tell(node, { ...effect, type: 'adopted', adopted });
        break;
      }
      case 'know heads':
        this.tell(node, { ...effect, type: 'heads known', known: folder.knowsHeads(effect.heads) });
        break;
      case 'look up':
        this.tell(node, { ...effect, type: 'looked up', presences: folder.has(effect.names) });
        break;
      case 'read values':
        this.tell(node, { ...effect, type: 'values read', values: folder.getSealed(effect.names) });
        break;
      case 'put': {
        const [outcome] = folder.putSealed([effect.sealed]);
        if (outcome !== undefined) this.tell(node, { ...effect, outcome });
        break;
      }
      case 'list wants':
        this.tell(node, { type: 'listed', wants: folder.wants(effect.limit) });
        break;
      case 'rewind wants':
        folder.rewindWants();
        break;
      case 'end':
        node.ended.push(`${effect.reason}: ${effect.detail}`);
        for (const link of this.links) {
          if (link.ways.some((way) => way.from === node && way.peerAtFrom === effect.peer)) {
            this.later(1, () => this.cut(link));
          }
        }
    }
  }

  #send(
    link: Link,
    way: Way,
    lane: 'control' | 'entries' | 'small' | 'bulk',
    message: Message,
  ): void {
    const cost = isData(message) ? creditCost(message) : 0;
    way.queue.push(0, lane, encodeMessage(message), cost);
    if (!way.isSending) this.#sendNext(link, way);
  }

  #sendNext(link: Link, way: Way): void {
    const next = link.isUp ? way.queue.next() : undefined;
    way.isSending = next !== undefined;
    if (next === undefined) return;
    const { frame, cost } = next;
    const { bytesPerMs = Infinity, delayMs = 1 } = way.options;
    const takes = frame.length / bytesPerMs;
    this.later(takes, () => {
      if (cost > 0) {
        this.tell(way.from, { type: 'drained', peer: way.peerAtFrom, bytes: cost });
      }
      this.#sendNext(link, way);
    });
    this.later(takes + delayMs, () => {
      if (link.isUp && !link.isSilent && !way.to.isDown) this.#arrive(way, frame);
    });
  }

  #arrive(way: Way, frame: Uint8Array): void {
    const joined = way.joiner.add(frame);
    if (joined === undefined) return;
    const message = decodeMessage(joined.bytes);
    const { from, to } = way;
    if (message.type === 'value') {
      const key = keyOfValue(message.sealed);
      to.received.set(key, (to.received.get(key) ?? 0) + message.sealed.length);
      to.receivedBytes += message.sealed.length;
    }
    const bytes = joined.bytes.length;
    this.passed.push({ at: this.now, from: from.name, to: to.name, message, bytes });
    this.tell(to, { type: 'received', peer: way.peerAtTo, message });
  }

  #keepTicking(node: WorldNode): void {
    const { exchange } = node;
    if (!exchange.isBusy || this.#ticking.has(exchange)) return;
    this.#ticking.add(exchange);
    this.later(TICK_MS, () => {
      this.#ticking.delete(exchange);
      if (node.exchange === exchange) this.tell(node, { type: 'tick' });
    });
  }

  #pop(until: number): { at: number; run: () => void } | undefined {
    const [first] = this.#queue;
    const last = this.#queue.at(-1);
    if (first === undefined || last === undefined || first.at > until) return undefined;
    this.#queue.pop();
    if (this.#queue.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const a = this.#queue[left];
      const b = this.#queue[left + 1];
      const least = a !== undefined && b !== undefined && isBefore(b, a) ? left + 1 : left;
      const child = this.#queue[least];
      if (child === undefined || !isBefore(child, last)) break;
      this.#queue[at] = child;
      at = least;
    }
    this.#queue[at] = last;
    return first;
  }
}

function isBefore(a: { at: number; order: number }, b: { at: number; order: number }): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function keyOfValue(sealed: Uint8Array): ValueKey {
  const id = sealed.slice(32, 64);
  return sealed[4] === 4
    ? keyOf({ kind: 'page', log: '', seq: 0, hash: id })
    : keyOf({ kind: 'content', id });
}
