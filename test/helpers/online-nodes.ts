/** Whole nodes that go online: in memory on one {@link MemoryWeb} with virtual time, or real homes on loopback. */

import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Environment } from '../../src/home/environment.ts';
import { FolderSet } from '../../src/home/folder-set.ts';
import { Home } from '../../src/home/home.ts';
import type { Identity } from '../../src/crypto/identity.ts';
import { addFolder } from '../../src/operations/add-folder.ts';
import type { Online, OnlineOptions, Trouble } from '../../src/operations/online-types.ts';
import type { Session } from '../../src/operations/session.ts';
import { MemoryWeb } from '../../src/system/memory-web.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { systemEnvironment, systemPool } from '../../src/home/system-environment.ts';
import { initHome, openVault, type Vault } from '../../src/vault.ts';
import { admitNode, joinFolder } from './shared-folder.ts';
import { giveAll } from './shared-node.ts';
import { tempDir } from './temp-dir.ts';
import {
  memoryEnvironment,
  realEnvironment,
  renewedPool,
  type TestEnvironment,
} from './test-environment.ts';
import { operationContext } from './test-home.ts';
import { putTexts, textTree } from './text-tree.ts';
import { eventually } from './wait.ts';

const PORT = 7420;

export class OnlineNode {
  readonly name: string;
  /** Holds the home and a working copy for each folder. */
  readonly directory: string;
  readonly environment: TestEnvironment;
  readonly troubles: Trouble[] = [];
  /** Ids in hex by names. */
  readonly folderIds = new Map<string, string>();
  identity!: Identity;
  vault: Vault | undefined;
  online: Online | undefined;

  constructor(name: string, environment: TestEnvironment, directory: string) {
    this.name = name;
    this.environment = environment;
    this.directory = directory;
  }

  get home(): string {
    return `${this.directory}/home`;
  }

  /** Where the working copy of a folder lies: elsewhere on each node. */
  path(folder: string): string {
    return `${this.directory}/${this.name} ${folder}`;
  }

  put(folder: string, files: Readonly<Record<string, string>>): void {
    putTexts(this.environment.fileSystem, this.path(folder), files);
  }

  tree(folder: string): Record<string, string> {
    return textTree(this.environment.fileSystem, this.path(folder));
  }

  /** Opens the home. */
  async open(): Promise<Vault> {
    this.vault = await openVault(
      {
        home: this.home,
        secret: () => Promise.resolve(undefined),
        waitLockMs: 0,
        signal: new AbortController().signal,
      },
      this.environment,
    );
    return this.vault;
  }

  /** Opens the home if it is not, and goes online. */
  async start(options: OnlineOptions = {}): Promise<Online> {
    const vault = this.vault ?? (await this.open());
    this.online = await vault.online({
      onTrouble: (trouble) => this.troubles.push(trouble),
      ...options,
    });
    return this.online;
  }

  /** Records what lies in the folder's working copy. */
  async record(folder: string): Promise<void> {
    await this.vault?.snapshot({ folders: [folder] }, operationContext());
  }

  async stop(): Promise<void> {
    const { vault } = this;
    this.vault = undefined;
    this.online = undefined;
    await vault?.close();
  }

  /** Does `work` with the home open and nothing else. */
  async inSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const environment: Environment = this.environment;
    const lock = { waitMs: 0, signal: new AbortController().signal };
    const home = await Home.open(environment, this.home, () => Promise.resolve(undefined), lock);
    const folders = new FolderSet(environment, home);
    try {
      return await work({ environment, home, folders });
    } finally {
      await folders.close();
      await environment.pool.close();
      await home.close();
    }
  }
}

async function prepare(node: OnlineNode): Promise<OnlineNode> {
  node.environment.fileSystem.makeDirectories(node.directory);
  await initHome({ home: node.home, name: node.name, deviceKey: true }, node.environment);
  await node.inSession(({ home }) => {
    node.identity = home.identity;
    return Promise.resolve();
  });
  return node;
}

/** Nodes with homes on the real disk, stores in memory, and real sockets. */
export function realNodes(t: TestContext, ...names: readonly string[]): Promise<OnlineNode[]> {
  return nodesIn(t, names, (name) => realEnvironment(t, name));
}

/** Nodes whose homes the program itself opens too, while they are not open here. */
export function diskNodes(t: TestContext, ...names: readonly string[]): Promise<OnlineNode[]> {
  return nodesIn(t, names, () => ({
    ...systemEnvironment(),
    pool: renewedPool(() => systemPool(1)),
    onStoreWrite: () => undefined,
    directory: tempDir(t),
  }));
}

async function nodesIn(
  t: TestContext,
  names: readonly string[],
  environmentOf: (name: string) => TestEnvironment & { readonly directory: string },
): Promise<OnlineNode[]> {
  const nodes: OnlineNode[] = [];
  t.after(async () => {
    for (const node of nodes) await node.stop();
  });
  for (const name of names) {
    const environment = environmentOf(name);
    const node = await prepare(new OnlineNode(name, environment, environment.directory));
    nodes.push(node);
  }
  return nodes;
}

/** Nodes in one process with one virtual clock; reached at `name:7420`. */
export class MemoryNodes {
  readonly clock = new VirtualClock();
  readonly web = new MemoryWeb(this.clock);
  readonly all: OnlineNode[] = [];

  static async make(...names: readonly string[]): Promise<MemoryNodes> {
    const nodes = new MemoryNodes();
    for (const name of names) {
      const { clock, web } = nodes;
      const environment = memoryEnvironment({ seed: name, web: { web, machine: name, clock } });
      nodes.all.push(await prepare(new OnlineNode(name, environment, '/disk')));
    }
    return nodes;
  }

  /** Lets time pass until `holds`, or so much has passed. */
  async until(what: string, holds: () => boolean, seconds = 120): Promise<void> {
    const end = this.clock.monotonicMs() + seconds * 1000;
    while (!holds()) {
      if (this.clock.monotonicMs() > end) throw new Error(`waited ${seconds} s for ${what}`);
      await this.pass(20);
    }
  }

  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonicMs() + ms;
    for (;;) {
      for (let count = 0; count < 4; count++) await turn();
      const next = this.clock.untilNext();
      if (next === undefined || this.clock.monotonicMs() + next > end) break;
      this.clock.advance(next);
    }
    this.clock.advance(Math.max(0, end - this.clock.monotonicMs()));
  }

  /** The result of `work`, with time passing meanwhile. */
  async during<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    let isOver = false;
    const done = (work ?? Promise.resolve(undefined)).finally(() => {
      isOver = true;
    });
    done.catch(() => undefined);
    while (!isOver) await this.pass(20);
    return done;
  }

  /** All listen, and each is told where the others are. */
  async startAll(): Promise<void> {
    for (const node of this.all) {
      await tellAddresses(node, this.all, (other) => `${other.name}:${PORT}`);
    }
    for (const node of this.all) await this.during(node.start({ listen: `*:${PORT}` }));
  }

  async stopAll(): Promise<void> {
    for (const node of this.all) await this.during(node.stop());
  }
}

/** Has a node that is not open know where others are. */
export async function tellAddresses(
  node: OnlineNode,
  others: readonly OnlineNode[],
  address: (other: OnlineNode) => string,
): Promise<void> {
  const addresses = others
    .filter((other) => other !== node)
    .map((other) => ({ address: address(other), node: other.identity.id }));
  await node.inSession(({ home }) => {
    home.updatePeers({ addresses });
    return Promise.resolve();
  });
}

/** The first node makes a folder, the others join it; none of them may be open. */
export async function shareFolder(folder: string, nodes: readonly OnlineNode[]): Promise<void> {
  const [first, ...others] = nodes;
  if (first === undefined) throw new RangeError('expected a node');
  const { fileSystem } = first.environment;
  fileSystem.makeDirectories(first.path(folder));
  await first.inSession(async (session) => {
    await addFolder(session, { path: first.path(folder), name: folder });
    const opened = await session.folders.open(session.folders.find(folder, '/'));
    for (const node of nodes) node.folderIds.set(folder, opened.id);
    for (const other of others) await admitNode(session, opened, other.identity);
    for (const other of others) {
      other.environment.fileSystem.makeDirectories(other.path(folder));
      await other.inSession(async (there) => {
        await joinFolder(there, opened.state, other.name, other.path(folder));
        await giveAll(opened, await there.folders.open(there.folders.find(folder, '/')));
      });
    }
  });
}

/** Waits for real nodes to show the same files in a folder. */
export function sameTrees(folder: string, nodes: readonly OnlineNode[]): Promise<void> {
  return eventually(`the same ${folder} everywhere`, () => areSame(folder, nodes));
}

export function areSame(folder: string, nodes: readonly OnlineNode[]): boolean {
  const [first = '', ...others] = nodes.map((node) => JSON.stringify(node.tree(folder)));
  return first !== '{}' && others.every((other) => other === first);
}
