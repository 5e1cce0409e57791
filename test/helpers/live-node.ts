/** A node in memory whose folder is kept live, on a clock that passes when it is told to. */

import { keepLive } from '../../src/operations/keep-live.ts';
import type { Live } from '../../src/operations/live-types.ts';
import type { OperationEvent } from '../../src/operations/operation.ts';
import type { NamedLink } from '../../src/log/types.ts';
import { giveAll, SharedNode } from './shared-node.ts';
import { putTexts } from './text-tree.ts';

const ROOT = '/disk';

export class LiveNode {
  readonly node: SharedNode;
  live!: Live;
  readonly events: OperationEvent[] = [];
  /** How often peers would have been told of something new. */
  recorded = 0;

  private constructor(node: SharedNode) {
    this.node = node;
  }

  /** Nodes that share a folder, each kept live and done with its first look. */
  static async make(...names: readonly string[]): Promise<LiveNode[]> {
    const nodes = await SharedNode.make(...names);
    const live = nodes.map((node) => new LiveNode(node));
    for (const one of live) {
      await one.start();
      one.recorded = 0;
    }
    return live;
  }

  async start(): Promise<void> {
    this.live = await keepLive(this.node.session, {
      onRecorded: () => this.recorded++,
      onEvent: (_folder, event) => this.events.push(event),
    });
    await this.pass(0);
  }

  get clock(): SharedNode['environment']['clock'] {
    return this.node.environment.clock;
  }

  /** Writes files, now. */
  put(files: Readonly<Record<string, string>>): void {
    putTexts(this.node.fs, ROOT, files);
  }

  /** Lets so many milliseconds pass, a timer at a time, with all that follows from each. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonicMs() + ms;
    for (;;) {
      for (let turn = 0; turn < 40; turn++) await new Promise(setImmediate);
      const next = this.clock.untilNext();
      if (next === undefined || this.clock.monotonicMs() + next > end) break;
      this.clock.advance(next);
    }
    this.clock.advance(Math.max(0, end - this.clock.monotonicMs()));
  }

  /** Gives another node all that this one has, and tells it. */
  async giveTo(other: LiveNode): Promise<void> {
    await giveAll(await this.folder(), await other.folder());
    other.live.news(other.node.folder.id);
  }

  async folder(): Promise<SharedNode['folder']> {
    const [listed] = this.node.session.folders.list().folders;
    if (listed === undefined) throw new Error('expected a folder');
    return this.node.session.folders.open(listed);
  }

  /** Versions that this node wrote of a path, the oldest first. */
  async versions(path: string): Promise<readonly NamedLink[]> {
    const { log } = await this.folder();
    const links = await log.linksOf(path);
    return links.filter((link) => link.path === path && log.isOwn(link.dot.log));
  }

  /** How many entries its own log has. */
  async entries(): Promise<number> {
    const { log } = await this.folder();
    return log.clock.get(log.own) ?? 0;
  }

  tree(): Record<string, string> {
    return this.node.tree();
  }

  problems(): readonly string[] {
    return this.live.problems(this.node.folder.id);
  }
}
