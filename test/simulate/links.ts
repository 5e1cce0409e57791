/** Who is connected with whom: connections are made anew whenever both ends are up and can reach each other. */

import { isVaultError } from '../../src/errors.ts';
import { Channels } from '../../src/net/channels.ts';
import type { LinkSettings, MemoryNetwork } from '../../src/net/memory-network.ts';
import type { Connection, ConnectionEvents } from '../../src/net/transport.ts';
import type { SimNode } from './sim-node.ts';
import type { Trace } from './trace.ts';

/** The only folder there is. */
const CHANNEL = 1;

interface Link {
  readonly a: SimNode;
  readonly b: SimNode;
  /** Whether it is to be there at all. */
  isWanted: boolean;
  isDialing: boolean;
  settings: LinkSettings;
}

interface Live {
  /** Undefined at the end that was dialled. */
  readonly link: Link | undefined;
  readonly node: SimNode;
  readonly peer: string;
  readonly connection: Connection;
}

export class Links {
  readonly #network: MemoryNetwork;
  readonly #trace: Trace;
  readonly #links: Link[] = [];
  readonly #live = new Map<string, Live>();
  #sessions = 0;
  frames = 0;
  bytes = 0;

  constructor(network: MemoryNetwork, trace: Trace) {
    this.#network = network;
    this.#trace = trace;
  }

  get all(): readonly Link[] {
    return this.#links;
  }

  /** How many sessions were ever begun, both ends counted. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Whether every connection that is wanted is there. */
  get isComplete(): boolean {
    const live = [...this.#live.values()];
    return this.#links.every((link) => !link.isWanted || live.some((one) => one.link === link));
  }

  add(a: SimNode, b: SimNode): void {
    this.#links.push({ a, b, isWanted: true, isDialing: false, settings: {} });
  }

  set(link: Link, settings: LinkSettings): void {
    const wasSilent = link.settings.isSilent === true;
    link.settings = settings;
    this.#network.setLink(link.a.name, link.b.name, settings);
    // What was silent has lost something: its ends find that out by themselves, sooner or later.
    if (wasSilent && settings.isSilent !== true) this.cut(link);
  }

  /** Breaks what connects two nodes: both are told. */
  cut(link: Link): void {
    this.#network.cut(link.a.name, link.b.name);
  }

  /** Takes connections for a node that came up. */
  async listen(node: SimNode): Promise<void> {
    this.#network.crash(node.name);
    await this.#network
      .transport(node.name)
      .listen(node.name, (connection) => this.#begin(node, connection));
  }

  /** A node went down with the connections it had, or closes them. */
  drop(node: SimNode, how: 'closed' | 'gone'): void {
    const mine = [...this.#live.values()].filter((one) => one.node === node);
    for (const { peer, connection } of mine) {
      this.#live.delete(peer);
      if (how === 'closed') connection.close();
    }
    if (how === 'gone') this.#network.crash(node.name);
  }

  sessionEnded(peer: string): void {
    this.#live.get(peer)?.connection.close();
  }

  /** Dials where a connection is wanted and missing; `again` makes one more of some that are there. */
  keep(again?: Link): void {
    for (const link of this.#links) {
      const { a, b, isWanted, isDialing } = link;
      if (!isWanted || isDialing || !a.isUp || !b.isUp) continue;
      const isThere = [...this.#live.values()].some((one) => one.link === link);
      if (isThere && link !== again) continue;
      link.isDialing = true;
      const begin = (connection: Connection): ConnectionEvents => this.#begin(a, connection, link);
      const dialled = this.#network.transport(a.name).dial(b.name, begin);
      dialled
        .catch((error: unknown) => {
          if (!isVaultError(error, 'VAULT_NO_PEER')) throw error;
        })
        .finally(() => {
          link.isDialing = false;
        });
    }
  }

  #begin(node: SimNode, connection: Connection, dialled?: Link): ConnectionEvents {
    const { machine, exchange } = node;
    const peer = `${node.name}#${this.#sessions++}`;
    const channels = new Channels(this.#counted(node, peer, connection));
    if (exchange === undefined || machine.isOver) {
      connection.close();
      return channels;
    }
    this.#live.set(peer, { link: dialled, node, peer, connection });
    this.#trace.mark('begin', peer);
    exchange.connect(peer, (events) => channels.open(CHANNEL, events));
    const isOn = (): boolean => !machine.isOver && this.#live.has(peer);
    return {
      frame: (bytes) => {
        if (isOn()) channels.frame(bytes);
      },
      drained: () => {
        if (isOn()) channels.drained();
      },
      closed: (how) => {
        this.#trace.mark('closed', peer, how);
        if (!machine.isOver) channels.closed();
        this.#live.delete(peer);
      },
    };
  }

  #counted(node: SimNode, peer: string, connection: Connection): Connection {
    const { machine } = node;
    return {
      get bufferedBytes() {
        return connection.bufferedBytes;
      },
      send: (frame) => {
        // Nothing is told to a side that closed its end.
        if (machine.isOver || !this.#live.has(peer)) return;
        this.frames++;
        this.bytes += frame.length;
        this.#trace.mark(node.name, frame.length, frame.subarray(0, 32));
        connection.send(frame);
      },
      close: () => connection.close(),
    };
  }
}
