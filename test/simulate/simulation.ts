/**
 * One run: whole nodes that share a folder, random users, and everything that goes wrong. All of it follows
 * from the seed. At its end everybody can reach everybody, and the oracle looks.
 */

import { FolderSet } from '../../src/home/folder-set.ts';
import { createHome } from '../../src/home/create-home.ts';
import { homeLayout } from '../../src/home/home-layout.ts';
import { Home } from '../../src/home/home.ts';
import { MemoryNetwork } from '../../src/net/memory-network.ts';
import { addFolder } from '../../src/operations/add-folder.ts';
import type { Session } from '../../src/operations/session.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { admitNode, joinFolder } from '../helpers/shared-folder.ts';
import { Chance } from './chance.ts';
import { Links } from './links.ts';
import type { Mishap } from './machine.ts';
import { lookAt } from './oracle.ts';
import { HOME, ROOT, SimNode, type NodeWorld } from './sim-node.ts';
import { Trace } from './trace.ts';

export interface RunOptions {
  /** Default 12 … 40, as the seed says. */
  readonly steps?: number;
  /** Machines are stopped, copied and restored too. */
  readonly restores?: boolean;
  /** Users write contents of more than a mebibyte every so often. */
  readonly large?: boolean;
}

export interface RunResult {
  readonly seed: string;
  /** What must not be, in words; none where all is well. */
  readonly violations: readonly string[];
  /** The same for the same seed. */
  readonly trace: string;
  /** What happened, for people. */
  readonly lines: readonly string[];
  readonly frames: number;
  readonly bytes: number;
  readonly entries: number;
}

/** How often everything is brought in step before it counts as never settling. */
const ROUNDS = 14;
/** Far more than any run needs. */
const MOST_FRAMES = 10_000;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const FAILURES: readonly Mishap[] = ['kill', 'power cut', 'EIO', 'ENOSPC'];
/** Nothing is kept back: making that would take longer than most runs. */
const newHome = {
  home: HOME,
  name: undefined,
  passphrase: undefined,
  deviceKey: homeLayout(HOME).deviceKey,
  settings: { reserve: '0' },
};
const EDITS: readonly Mishap[] = ['edit', 'edit at a name'];

export async function simulate(seed: string, options: RunOptions = {}): Promise<RunResult> {
  return new Simulation(seed, options).run();
}

class Simulation {
  readonly #seed: string;
  readonly #options: RunOptions;
  readonly #chance: Chance;
  readonly #clock = new VirtualClock();
  readonly #trace = new Trace(() => this.#clock.monotonicMs());
  readonly #links: Links;
  readonly #nodes: SimNode[] = [];
  readonly #violations: string[] = [];
  readonly #starting = new Set<SimNode>();

  constructor(seed: string, options: RunOptions) {
    this.#seed = seed;
    this.#options = options;
    this.#chance = new Chance(`simulation ${seed}`);
    this.#links = new Links(new MemoryNetwork(this.#clock), this.#trace);
  }

  async run(): Promise<RunResult> {
    const { steps = 12 + this.#chance.below(29) } = this.#options;
    let entries = 0;
    try {
      await this.#setUp();
      for (let step = 0; step < steps && this.#violations.length === 0; step++) await this.#step();
      if (this.#violations.length === 0) await this.#settleAll();
      if (this.#violations.length === 0) entries = await this.#look();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#violate(`the run broke: ${text}`);
    }
    const { lines } = this.#trace;
    const { frames, bytes } = this.#links;
    const trace = this.#trace.end();
    return { seed: this.#seed, violations: this.#violations, trace, lines, frames, bytes, entries };
  }

  async #setUp(): Promise<void> {
    const chance = this.#chance;
    const count = 2 + chance.below(2) + (chance.oneIn(4) ? 1 : 0);
    const world: NodeWorld = {
      chance,
      trace: this.#trace,
      isLarge: this.#options.large === true,
      violation: (text) => this.#violate(text),
      disconnected: (node, how) => this.#links.drop(node, how),
      sessionEnded: (peer) => this.#links.sessionEnded(peer),
    };
    for (let at = 0; at < count; at++) {
      const name = String.fromCodePoint(97 + at);
      const granularityNs = chance.pick([1n, 1n, 1_000_000_000n, 2_000_000_000n]);
      const skewMs = chance.pick([0, 0, chance.below(10 * MINUTE), -chance.below(10 * MINUTE)]);
      const parts = {
        world: this.#clock,
        seed: `${this.#seed} ${name}`,
        skewMs,
        disk: { granularityNs },
      };
      this.#nodes.push(new SimNode(name, parts, world));
      this.#trace.say(name, `clock ${skewMs} ms off, times of ${granularityNs} ns`);
    }
    await this.#share();
    for (const [at, a] of this.#nodes.entries()) {
      for (const b of this.#nodes.slice(at + 1)) {
        const isChain = b !== this.#nodes[at + 1];
        if (isChain && chance.oneIn(3)) continue;
        this.#links.add(a, b);
      }
    }
    for (const node of this.#nodes) await this.#start(node);
    this.#links.keep();
  }

  /** Homes for all, and the folder of the first one in each. */
  async #share(): Promise<void> {
    const sessions: Session[] = [];
    for (const { machine, name } of this.#nodes) {
      const { environment, fileSystem } = machine;
      fileSystem.makeDirectories(ROOT);
      const lock = { waitMs: 0, signal: new AbortController().signal };
      await createHome(environment, newHome, lock);
      const home = await Home.open(environment, HOME, () => Promise.resolve(undefined), lock);
      const session = { environment, home, folders: new FolderSet(environment, home) };
      const [first] = sessions;
      if (first === undefined) await addFolder(session, { path: ROOT });
      else {
        const [theirs] = first.folders.list().folders;
        if (theirs === undefined) throw new Error('expected the folder of the first node');
        await joinFolder(session, theirs.state, name, ROOT);
      }
      sessions.push(session);
    }
    const [first, ...others] = sessions;
    const [listed] = first?.folders.list().folders ?? [];
    if (first === undefined || listed === undefined) throw new Error('expected a folder');
    const folder = await first.folders.open(listed);
    for (const { home } of others) await admitNode(first, folder, home.identity);
    for (const { folders, home } of sessions) {
      await folders.close();
      await home.close();
    }
  }

  async #step(): Promise<void> {
    const chance = this.#chance;
    const node = chance.pick(this.#nodes);
    if (!node.isUp) {
      if (this.#options.restores === true && chance.oneIn(4)) node.restore();
      const mishap = chance.oneIn(6)
        ? { kind: chance.pick(FAILURES), after: chance.below(60) }
        : undefined;
      if (chance.oneIn(2)) await this.#start(node, mishap);
    } else if (chance.oneIn(3)) node.edit();
    else await this.#act(node);
    if (chance.oneIn(5)) this.#disturbNetwork();
    for (const one of this.#nodes) if (one.hasNews && chance.oneIn(3)) this.#begin(one, 'in step');
    this.#links.keep();
    await this.#pass(chance.pick([1, 20, 300, 3 * SECOND, chance.below(MINUTE)]));
  }

  async #act(node: SimNode): Promise<void> {
    const chance = this.#chance;
    if (this.#options.restores === true && !node.isBusy && chance.oneIn(10)) {
      await node.stop();
      return;
    }
    switch (chance.below(14)) {
      case 0:
        node.crash(chance.oneIn(2));
        break;
      case 1:
        this.#begin(node, 'back');
        break;
      case 2:
      case 3:
        this.#begin(node, 'snapshot');
        break;
      case 4:
      case 5:
      case 6:
        node.edit();
        break;
      default:
        this.#begin(node, 'in step');
    }
  }

  #begin(node: SimNode, what: 'in step' | 'snapshot' | 'back'): void {
    if (!node.isUp || node.isBusy) return;
    const chance = this.#chance;
    if (chance.oneIn(5))
      node.plan(chance.pick(FAILURES), chance.below(chance.pick([20, 100, 300])));
    else if (chance.oneIn(4)) {
      const mishap = chance.pick(EDITS);
      node.plan(mishap, chance.below(mishap === 'edit' ? 200 : 8));
    }
    if (what === 'in step') node.inStep();
    else if (what === 'snapshot') node.snapshot();
    else node.changeBack();
  }

  #disturbNetwork(): void {
    const chance = this.#chance;
    if (this.#links.all.length === 0) return;
    const link = chance.pick(this.#links.all);
    const who = `${link.a.name}${link.b.name}`;
    switch (chance.below(6)) {
      case 0:
        link.isWanted = false;
        this.#links.cut(link);
        this.#trace.say(who, 'partitioned');
        break;
      case 1:
        this.#links.set(link, { ...link.settings, isSilent: true });
        this.#trace.say(who, 'silent');
        break;
      case 2:
        this.#links.cut(link);
        this.#trace.say(who, 'cut');
        break;
      case 3:
        this.#links.keep(link);
        this.#trace.say(who, 'connected once more');
        break;
      case 4:
        this.#links.set(link, {
          delayMs: chance.pick([1, 30, 400]),
          bytesPerMs: chance.pick([50, 1000, 100_000]),
        });
        this.#trace.say(who, 'another line');
        break;
      default:
        this.#heal(link);
        this.#trace.say(who, 'healed');
    }
  }

  #heal(link: Links['all'][number]): void {
    link.isWanted = true;
    if (link.settings.isSilent === true)
      this.#links.set(link, { ...link.settings, isSilent: false });
  }

  /** Everybody reaches everybody, and everything is brought in step until nothing changes any more. */
  async #settleAll(): Promise<void> {
    this.#trace.say('--', 'all is well from now on');
    for (const node of this.#nodes) node.machine.unplan();
    for (const link of this.#links.all) this.#heal(link);
    for (let round = 0; round < ROUNDS; round++) {
      for (const node of this.#nodes) if (!node.isUp) await this.#start(node);
      this.#links.keep();
      await this.#pass(MINUTE);
      this.#links.keep();
      await this.#pass(MINUTE);
      const heads = this.#links.frames;
      for (const node of this.#nodes) node.inStep();
      await this.#pass(2 * MINUTE);
      const busy = this.#nodes.find((node) => !node.isUp || node.isBusy || !node.exchange?.isQuiet);
      const isStill = busy === undefined && this.#links.frames === heads && this.#links.isComplete;
      if (this.#violations.length > 0) return;
      if (isStill && !this.#nodes.some(({ hasNews }) => hasNews)) return this.#checkSilence();
    }
    for (const { name, exchange, isBusy, hasNews, isUp } of this.#nodes) {
      this.#violate(
        `${name} does not settle: up ${isUp} busy ${isBusy} quiet ${exchange?.isQuiet} news ${hasNews}`,
      );
    }
  }

  async #checkSilence(): Promise<void> {
    const { frames } = this.#links;
    await this.#pass(30 * MINUTE);
    if (this.#links.frames !== frames) {
      this.#violate(`${this.#links.frames - frames} frames were sent after all was quiet`);
    }
  }

  async #look(): Promise<number> {
    for (const node of this.#nodes) await node.stop();
    const { violations, entries, marks, history } = await lookAt(this.#nodes);
    for (const mark of marks) this.#trace.mark(mark);
    if (violations.length > 0) for (const line of history) this.#trace.say('--', line);
    for (const text of violations) this.#violate(text);
    const { frames, sessions } = this.#links;
    const most = 400 + 30 * entries * this.#links.all.length + 40 * sessions;
    if (frames > most) this.#violate(`${frames} frames for ${entries} entries, at most ${most}`);
    return entries;
  }

  async #start(
    node: SimNode,
    mishap?: { readonly kind: Mishap; readonly after: number },
  ): Promise<void> {
    if (this.#starting.has(node)) return;
    this.#starting.add(node);
    try {
      await node.start(mishap);
      if (node.isUp) await this.#links.listen(node);
    } finally {
      this.#starting.delete(node);
    }
  }

  /** Lets time pass, a timer at a time, with all that follows from each. */
  async #pass(ms: number): Promise<void> {
    const end = this.#clock.monotonicMs() + ms;
    for (;;) {
      await SimNode.settle();
      const next = this.#clock.untilNext();
      if (next === undefined || this.#clock.monotonicMs() + next > end) break;
      if (this.#links.frames > MOST_FRAMES) throw new Error('frames are sent without end');
      this.#clock.advance(next);
    }
    const left = end - this.#clock.monotonicMs();
    if (left > 0) this.#clock.advance(left);
  }

  #violate(text: string): void {
    this.#trace.say('!!', text);
    this.#violations.push(text);
  }
}
