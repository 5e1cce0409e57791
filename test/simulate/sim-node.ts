/** One node: a machine with a home and a working copy, what runs on it, and who uses it. */

import { setImmediate as turn } from 'node:timers/promises';
import { isVaultError, systemCode } from '../../src/errors.ts';
import type { Exchange } from '../../src/operations/exchange.ts';
import { openVault, type Vault } from '../../src/vault.ts';
import { operationContext } from '../helpers/test-home.ts';
import type { Chance } from './chance.ts';
import { Machine, type MachineParts, type Mishap, type Remains } from './machine.ts';
import type { Trace } from './trace.ts';
import { UserModel, type Touched } from './user-model.ts';
import { edit } from './user.ts';
import { differences, readAside, readTree, type Tree } from './working-tree.ts';

export const HOME = '/home';
export const ROOT = '/disk';
const FOLDER = 'disk';
/** Less than vault waits before it reads a displaced file again. */
const HELD_MS = 50;

export interface NodeWorld {
  readonly chance: Chance;
  readonly trace: Trace;
  /** Whether users write much at a time. */
  readonly isLarge: boolean;
  /** Something happened that must not. */
  readonly violation: (text: string) => void;
  /** The node went off, or its exchange ended: nothing of it is connected any more. */
  readonly disconnected: (node: SimNode, how: 'closed' | 'gone') => void;
  /** A session of the node ended by itself. */
  readonly sessionEnded: (peer: string) => void;
}

export class SimNode {
  readonly name: string;
  readonly user = new UserModel();
  machine: Machine;
  vault: Vault | undefined;
  exchange: Exchange | undefined;
  /** Something came that the working copy may not show. */
  hasNews = false;
  /** Snapshots that this node took. */
  readonly snapshots: string[] = [];
  readonly #parts: MachineParts;
  readonly #world: NodeWorld;
  #lives = 0;
  #remains: Remains | undefined;
  /** What the machine held when it was last stopped in order. */
  #copy: Remains | undefined;
  #operation:
    { readonly name: string; readonly before: Tree; readonly scanned: Touched } | undefined;
  /** Mishaps so far: what fails beside one is no wonder. */
  #mishaps = 0;
  #texts = 0;
  /** Files that a power cut tore. */
  #torn: readonly string[] = [];

  constructor(name: string, parts: MachineParts, world: NodeWorld) {
    this.name = name;
    this.#parts = parts;
    this.#world = world;
    this.machine = this.#newMachine();
  }

  get isUp(): boolean {
    return this.exchange !== undefined;
  }

  get isBusy(): boolean {
    return this.#operation !== undefined;
  }

  tree(): Tree {
    return this.machine.byUser(() => readTree(this.machine.fileSystem, ROOT));
  }

  /** The machine, started anew if it is off, with nothing running on it. */
  reopened(): Machine {
    if (this.machine.isOver) this.machine = this.#newMachine();
    return this.machine;
  }

  /** Starts the machine anew if it is off, opens its home, and begins the exchange. */
  async start(mishap?: { readonly kind: Mishap; readonly after: number }): Promise<void> {
    const machine = this.reopened();
    if (mishap !== undefined) machine.plan(mishap.kind, mishap.after);
    const before = this.#mishaps;
    try {
      this.vault ??= await openVault(
        {
          home: HOME,
          secret: () => Promise.resolve(undefined),
          waitLockMs: 0,
          signal: new AbortController().signal,
        },
        machine.environment,
      );
      if (machine.isOver) return;
      const exchange = await this.vault.exchange({
        folder: FOLDER,
        onNews: () => {
          if (!machine.isOver) this.hasNews = true;
        },
        onEnded: (peer, reason, detail) => {
          if (machine.isOver) return;
          this.#world.sessionEnded(peer);
          if (reason === 'done' || reason === 'unable') return;
          this.#world.violation(`${this.name} ended ${peer}: ${reason} ${detail}`);
        },
        onFailed: (error) => {
          if (!machine.isOver && this.machine === machine) this.#exchangeFailed(error);
        },
      });
      if (machine.isOver) return;
      this.exchange = exchange;
      this.hasNews = true;
      machine.unplan();
      this.#say('is up');
    } catch (error) {
      if (machine.isOver) return;
      machine.unplan();
      if (this.#mishaps === before) {
        this.#world.violation(`${this.name} cannot start: ${textOf(error)}`);
      }
      this.#say(`does not start: ${textOf(error)}`);
      await this.stop();
    }
  }

  /** Ends the process in order. */
  async stop(): Promise<void> {
    const { vault, machine } = this;
    this.vault = undefined;
    this.exchange = undefined;
    await vault?.close().catch((error: unknown) => {
      if (!machine.isOver && this.#mishaps === 0) {
        this.#world.violation(`${this.name} cannot close: ${textOf(error)}`);
      }
    });
    this.#world.disconnected(this, 'closed');
    if (!machine.isOver) {
      this.#remains = machine.end(undefined);
      this.#copy ??= this.#remains;
      if (this.#copy === this.#remains) this.user.copied();
      this.#say('is stopped');
    }
  }

  /** The machine, which is off, becomes what it was when a copy was made of it; nothing where none was. */
  restore(): void {
    if (!this.machine.isOver || this.#copy === undefined) return;
    this.#mishaps++;
    this.#remains = this.#copy;
    this.#copy = undefined;
    this.user.restored(readTree(this.#remains.fileSystem({ beforeCall: () => undefined }), ROOT));
    this.snapshots.length = 0;
    this.#torn = [];
    this.#say('is what it was when it was copied');
  }

  /** The process is killed, or the power goes. */
  crash(isPowerCut: boolean): void {
    const before = this.tree();
    // What an operation had changed and not noted is found as if a user had.
    if (this.#operation !== undefined) {
      const { scanned } = this.#operation;
      this.user.changedBack(differences(this.#operation.before, before), scanned);
    }
    this.#mishaps++;
    this.user.mishap();
    this.#remains = this.machine.end(isPowerCut ? this.#world.chance.source : undefined);
    this.vault = undefined;
    this.exchange = undefined;
    this.#operation = undefined;
    this.#world.disconnected(this, 'gone');
    this.#say(isPowerCut ? 'loses power' : 'is killed');
    if (!isPowerCut) return;
    const found = this.#remains.fileSystem({ beforeCall: () => undefined });
    const after = readTree(found, ROOT);
    const lost = differences(before, after);
    this.user.lost(lost, after);
    for (const states of readAside(found, ROOT)) this.user.found(states);
    this.#torn = [...lost].filter(([, one]) => one.after?.startsWith('F')).map(([path]) => path);
  }

  /** One edit of the working copy, perhaps of something of this name. */
  edit(name?: string): void {
    const { chance, isLarge } = this.#world;
    this.machine.byUser(() => {
      const before = readTree(this.machine.fileSystem, ROOT);
      const newText = (): string => `${this.name}${this.#texts++}`;
      const { fileSystem } = this.machine;
      const done = edit({ fileSystem, root: ROOT, chance, newText, isLarge }, before, name);
      if (done === undefined) return;
      this.#say(`user ${done}`);
      this.user.did(differences(before, readTree(fileSystem, ROOT)));
    });
  }

  /** An editor has a file open while vault works on its name, and writes a moment later. */
  #hold(name: string): void {
    const { chance } = this.#world;
    const { machine, user } = this;
    const files = [...this.tree()].filter(
      ([path, state]) => state.startsWith('F') && path.split('/').at(-1) === name,
    );
    if (files.length === 0 || chance.oneIn(3)) {
      this.edit(name);
      return;
    }
    const [path] = chance.pick(files);
    const { edits } = user;
    const text = `${this.name}${this.#texts++}`;
    const file = machine.fileSystem.open(`${ROOT}/${path}`, { mode: 'write' });
    this.#say(`user has ${path} open`);
    machine.clock.timer(HELD_MS, () => {
      machine.byUser(() => {
        const before = this.tree();
        file.truncate(0);
        file.write(Buffer.from(text, 'latin1'), 0);
        file.close();
        const changes = differences(before, this.tree());
        if (changes.size > 0) user.did(changes);
        else user.didAside(path, `F${text}`, user.edits === edits);
        this.#say(`user writes to what ${changes.size > 0 ? 'is' : 'was'} ${path}`);
      });
    });
  }

  inStep(): void {
    this.hasNews = false;
    this.#run('in step', async (_vault, exchange) => {
      const context = operationContext();
      const counts = await exchange.inStep({ yes: true }, context);
      const { behind, skipped, errors } = counts;
      if (behind + skipped + errors > 0) this.hasNews = true;
      const { added, changed, removed } = counts;
      if (added + changed + removed + behind + skipped > 0) {
        const told = context.items.map(({ change, path }) => `${String(change)} ${String(path)}`);
        this.#say(`in step: ${told.join(', ')}; behind ${behind} skipped ${skipped}`);
      }
      for (const warning of context.warnings) this.#say(`warned: ${warning}`);
      return { isWhole: errors === 0, isApplied: false };
    });
  }

  snapshot(): void {
    this.#run('snapshot', async (vault) => {
      const result = await vault.snapshot({ folders: [FOLDER], yes: true }, operationContext());
      if (result.snapshot !== null) this.snapshots.push(result.snapshot);
      return { isWhole: result.errors === 0, isApplied: false };
    });
  }

  /** Back to a snapshot of this node's, or one step back. */
  changeBack(): void {
    const { chance } = this.#world;
    const isUndo = this.snapshots.length === 0 || chance.oneIn(2);
    const at = isUndo ? '' : chance.pick(this.snapshots);
    this.#run(isUndo ? 'undo' : `revert to ${at.slice(0, 6)}`, async (vault) => {
      const options = { folder: FOLDER, paths: [], cwd: '/', yes: true };
      try {
        if (isUndo) await vault.undo(options, operationContext());
        else await vault.revert({ ...options, at }, operationContext());
      } catch (error) {
        // What a snapshot shows of others may not have come: then nothing is changed.
        const isBehind = isVaultError(error, 'VAULT_CHUNK_MISSING');
        if (!isBehind && !isVaultError(error, 'VAULT_NOT_FOUND')) throw error;
      }
      return { isWhole: false, isApplied: true };
    });
  }

  /** Lets something happen during the next operation. */
  plan(mishap: Mishap, after: number): void {
    this.machine.plan(mishap, after);
  }

  /** Waits for what needs no time to pass. */
  static async settle(): Promise<void> {
    for (let count = 0; count < 3; count++) await turn();
  }

  #run(
    name: string,
    work: (
      vault: Vault,
      exchange: Exchange,
    ) => Promise<{ readonly isWhole: boolean; readonly isApplied: boolean }>,
  ): void {
    const { vault, exchange, machine } = this;
    if (vault === undefined || exchange === undefined || this.isBusy) return;
    const before = this.tree();
    const scanned = this.user.beginScan();
    this.#operation = { name, before, scanned };
    this.#say(name);
    const mishaps = this.#mishaps;
    const run = async (): Promise<void> => {
      try {
        const { isWhole, isApplied } = await work(vault, exchange);
        if (machine.isOver) return;
        this.user.brought(differences(before, this.tree()));
        if (isApplied) this.user.changedBack(differences(before, this.tree()), scanned);
        if (!(await exchange.announce())) this.#end(exchange);
        if (isWhole && this.#mishaps === mishaps) this.user.endScan(scanned);
      } catch (error) {
        if (machine.isOver) return;
        this.user.dropScan(scanned);
        if (this.#mishaps === mishaps) {
          this.#world.violation(`${this.name} ${name}: ${textOf(error)}`);
        }
        this.#say(`${name} failed: ${textOf(error)}`);
        // What it had changed and not noted is found as if a user had.
        this.user.changedBack(differences(before, this.tree()), scanned);
        if (machine.isOver) return;
        await exchange.close().catch(() => undefined);
        this.#end(exchange);
      }
    };
    void run().finally(() => {
      if (machine.isOver) return;
      machine.unplan();
      this.#operation = undefined;
    });
  }

  #exchangeFailed(error: unknown): void {
    this.#say(`exchange failed: ${textOf(error)}`);
    if (this.#mishaps === 0) this.#world.violation(`${this.name} exchange: ${textOf(error)}`);
    this.exchange = undefined;
    this.#world.disconnected(this, 'closed');
  }

  /** Whoever runs an exchange begins anew once it is over. */
  #end(exchange: Exchange): void {
    if (this.exchange !== exchange) return;
    this.exchange = undefined;
    this.#world.disconnected(this, 'closed');
  }

  #newMachine(): Machine {
    const machine = new Machine(this.#parts, this.#lives++, this.#remains);
    this.#remains = undefined;
    // A file that lost its content and kept its times would be taken for what it was.
    machine.byUser(() => {
      const now = BigInt(Math.floor(machine.clock.wallMs())) * 1_000_000n;
      for (const path of this.#torn) machine.fileSystem.setModified(`${ROOT}/${path}`, now);
    });
    this.#torn = [];
    machine.onMishap = (mishap, path) => {
      if (mishap === 'edit') this.edit();
      else if (mishap === 'edit at a name') this.#hold(path.slice(path.lastIndexOf('/') + 1));
      else if (mishap === 'power cut' || mishap === 'kill') this.crash(mishap === 'power cut');
      else {
        this.#mishaps++;
        this.user.mishap();
        this.#say(`disk: ${mishap}`);
      }
    };
    return machine;
  }

  #say(what: string): void {
    this.#world.trace.say(this.name, what);
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = systemCode(error) ?? (isVaultError(error) ? error.code : error.name);
  return `${code} ${error.message}`;
}
