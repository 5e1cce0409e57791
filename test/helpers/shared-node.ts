/** Whole nodes in memory that share one folder, each with a home and a working copy, and no network. */

import { setImmediate as turn } from 'node:timers/promises';
import { FolderSet } from '../../src/home/folder-set.ts';
import { Home } from '../../src/home/home.ts';
import type { OpenFolder } from '../../src/home/open-folder.ts';
import { addFolder } from '../../src/operations/add-folder.ts';
import { bringInStep } from '../../src/operations/bring-in-step.ts';
import type { InStepCounts } from '../../src/operations/in-step-changes.ts';
import { ExchangeSide } from '../../src/operations/exchange-side.ts';
import { recordWorkingCopy, intoFolder } from '../../src/operations/record-working-copy.ts';
import type { Session } from '../../src/operations/session.ts';
import type { RandomSource } from '../../src/random.ts';
import { admitNode, joinFolder } from './shared-folder.ts';
import {
  memoryEnvironment,
  type MemoryEnvironment,
  type MemoryEnvironmentOptions,
} from './test-environment.ts';
import { initHome } from '../../src/vault.ts';
import { operationContext, type TestContextOf } from './test-home.ts';
import { putTexts, textTree } from './text-tree.ts';

const HOME = '/home';
const ROOT = '/disk';

export class SharedNode {
  readonly name: string;
  environment: MemoryEnvironment;
  session!: Session;
  folder!: OpenFolder;

  private constructor(name: string, environment: MemoryEnvironment) {
    this.name = name;
    this.environment = environment;
  }

  /** Nodes that all know each other; the first made the folder. */
  static async make(...names: readonly string[]): Promise<SharedNode[]> {
    const nodes: SharedNode[] = [];
    for (const name of names) {
      const node = new SharedNode(name, memoryEnvironment({ seed: name }));
      node.fs.makeDirectories(ROOT);
      await initHome({ home: HOME, name, deviceKey: true }, node.environment);
      node.session = await node.#openSession();
      const [first] = nodes;
      if (first === undefined) await addFolder(node.session, { path: ROOT });
      else await joinFolder(node.session, first.folder.state, name, ROOT);
      await node.#openFolder();
      nodes.push(node);
    }
    const [first] = nodes;
    for (const node of nodes) {
      if (first === undefined || node === first) continue;
      await admitNode(first.session, first.folder, node.session.home.identity);
    }
    return nodes;
  }

  /** A node that joins a folder which was made elsewhere, and is admitted there. */
  static async joined(
    name: string,
    first: Pick<SharedNode, 'session' | 'folder'>,
    disk: MemoryEnvironmentOptions = {},
  ): Promise<SharedNode> {
    const node = new SharedNode(name, memoryEnvironment({ seed: name, ...disk }));
    node.fs.makeDirectories(ROOT);
    await initHome({ home: HOME, name, deviceKey: true }, node.environment);
    node.session = await node.#openSession();
    await joinFolder(node.session, first.folder.state, name, ROOT);
    await node.#openFolder();
    await admitNode(first.session, first.folder, node.session.home.identity);
    return node;
  }

  get fs(): MemoryEnvironment['fileSystem'] {
    return this.environment.fileSystem;
  }

  /** Writes files, a minute later. */
  put(files: Readonly<Record<string, string>>): void {
    this.environment.clock.advance(60_000);
    putTexts(this.fs, ROOT, files);
  }

  remove(...names: readonly string[]): void {
    this.environment.clock.advance(60_000);
    for (const name of names) this.fs.removeTree(`${ROOT}/${name}`);
  }

  /** Records what lies in the working copy. */
  async record(): Promise<void> {
    this.environment.clock.advance(5000);
    const options = { phase: 'record', yes: true };
    const { session, folder } = this;
    await recordWorkingCopy(session, folder, intoFolder(folder), options, operationContext());
  }

  /** Brings the working copy in step; time passes while displaced files are waited for. */
  async apply(context: TestContextOf = operationContext()): Promise<InStepCounts> {
    this.environment.clock.advance(5000);
    let isOver = false;
    const done = bringInStep(this.session, this.folder, { yes: true }, context).finally(() => {
      isOver = true;
    });
    done.catch(() => undefined);
    while (!isOver) {
      await turn();
      if (this.environment.clock.untilNext() !== undefined) this.environment.clock.advance(50);
    }
    return done;
  }

  /** Gives another node all that this one has: entries, pages and contents. */
  giveTo(other: Pick<SharedNode, 'folder'>): Promise<void> {
    return giveAll(this.folder, other.folder);
  }

  /** Every path of the working copy with the text of files. */
  tree(): Record<string, string> {
    return textTree(this.fs, ROOT);
  }

  /** The machine as a power cut leaves it, opened again. */
  async crash(random: RandomSource): Promise<void> {
    const cut = this.environment.crash(random);
    await this.session.folders.close().catch(() => undefined);
    await this.session.home.close().catch(() => undefined);
    this.environment = cut;
    this.session = await this.#openSession();
    await this.#openFolder();
  }

  /** Closes the folder and opens it again; `rebuilt`: with its index made anew. */
  async reopen({ rebuilt = false } = {}): Promise<void> {
    if (rebuilt) await this.folder.rebuild();
    await this.session.folders.release(this.folder.id);
    await this.#openFolder();
  }

  async #openSession(): Promise<Session> {
    const { environment } = this;
    const lock = { waitMs: 0, signal: new AbortController().signal };
    const home = await Home.open(environment, HOME, () => Promise.resolve(undefined), lock);
    return { environment, home, folders: new FolderSet(environment, home) };
  }

  async #openFolder(): Promise<void> {
    const [listed] = this.session.folders.list().folders;
    if (listed === undefined) throw new Error('expected a folder');
    this.folder = await this.session.folders.open(listed);
  }
}

/** Gives one opened folder all that another has: entries, pages and contents. */
export async function giveAll(from: OpenFolder, to: OpenFolder): Promise<void> {
  const [mine, theirs] = [await ExchangeSide.open(from), await ExchangeSide.open(to)];
  for (let again = true; again;) {
    again = false;
    for (const { head } of await mine.heads()) {
      for (let seq = 0; seq <= head.seq;) {
        const ask = { log: head.log, from: seq, toward: head, rideBytes: 100_000 };
        const range = await mine.readRange(ask);
        if (range === undefined) throw new Error('expected entries of a known head');
        const before = to.log.heads.size;
        const { outcome } = await theirs.adopt(range);
        if (outcome === 'refused') throw new Error(`expected to be taken, was ${outcome}`);
        again ||= to.log.heads.size > before;
        seq += range.entries.length;
      }
    }
  }
  for (;;) {
    const wants = await theirs.wants(64);
    if (wants.length === 0) break;
    const values = await mine.getSealed(wants.map(({ name }) => name));
    await theirs.putSealed(values.filter((value) => value !== undefined));
  }
  await theirs.flush();
}
