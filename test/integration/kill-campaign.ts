/**
 * Snapshots of a changing tree, killed at random moments over and over. After each kill the home must
 * verify, every snapshot that was reported must be listed, and the newest one must restore bit for bit;
 * one that was committed and not yet reported must too. At the end all of them must.
 */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { randomInteger, seededRandom } from '../../src/system/seeded-random.ts';
import { treeDifferences, treeOf, type TreeItem } from '../helpers/tree.ts';
import { CommandHost, type Commanded } from './command-host.ts';
import { runAndKill, type KillMoment } from './killed-command.ts';
import { SampleTree } from './sample-tree.ts';

export interface CampaignOptions {
  readonly kills: number;
  readonly seed: number;
  /** An empty directory that the caller removes. */
  readonly directory: string;
  /** Small files in the tree. */
  readonly files: number;
  /** After so many rounds the newest snapshot is restored even if it is none of theirs. */
  readonly restoreEvery: number;
  readonly onKill?: (result: CampaignResult) => void;
}

export interface CampaignResult {
  kills: number;
  /** Commands that were killed before their snapshot was committed. */
  beforeCommit: number;
  /** Killed after the snapshot was committed and before it was reported. */
  afterCommit: number;
  /** Killed after it was reported, while the command was ending. */
  afterReport: number;
  /** Commands that ended before the kill came; not counted as kills. */
  undisturbed: number;
  /** Kills of the command that came next after one, while it was mending. */
  killsWhileMending: number;
  snapshots: number;
  restores: number;
  failures: string[];
}

type Tree = ReadonlyMap<string, TreeItem>;

/** How often everything stored is read as well, not only looked for. */
const READ_EVERY = 10;

/** Runs until there were so many kills; failures are gathered, not thrown. */
export async function killSnapshots(options: CampaignOptions): Promise<CampaignResult> {
  const campaign = new Campaign(options);
  try {
    await campaign.prepare();
    while (campaign.result.kills < options.kills) {
      await campaign.round();
      options.onKill?.(campaign.result);
    }
    await campaign.restoreAll();
  } finally {
    campaign.close();
  }
  return campaign.result;
}

class Campaign {
  readonly result: CampaignResult = {
    kills: 0,
    beforeCommit: 0,
    afterCommit: 0,
    afterReport: 0,
    undisturbed: 0,
    killsWhileMending: 0,
    snapshots: 0,
    restores: 0,
    failures: [],
  };
  readonly #options: CampaignOptions;
  readonly #home: string;
  readonly #work: string;
  readonly #out: string;
  readonly #tree: SampleTree;
  readonly #host = new CommandHost();
  readonly #random: ReturnType<typeof seededRandom>;
  /** What each snapshot must give back. */
  readonly #states = new Map<string, Tree>();
  #newest: string | undefined;
  #restored: string | undefined;
  #rounds = 0;
  /** How long a snapshot takes undisturbed, in milliseconds. */
  #usualMs = 1000;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#home = join(options.directory, 'home');
    this.#work = join(options.directory, 'work');
    this.#out = join(options.directory, 'out');
    this.#tree = new SampleTree(this.#work, `kills ${options.seed}`);
    this.#random = seededRandom(`kills ${options.seed}`);
  }

  async prepare(): Promise<void> {
    mkdirSync(this.#work);
    this.#tree.plant(this.#options.files);
    await this.#done('init', '--device-key', '--name', 'test');
    await this.#done('config', 'set', 'workers', '1');
    await this.#done('config', 'set', 'reserve', '65536');
    await this.#done('folder', 'add', this.#work);
  }

  close(): void {
    this.#host.close();
  }

  /** Edits the tree, kills a snapshot of it, and looks at what is left. */
  async round(): Promise<void> {
    this.#rounds++;
    this.#tree.edit(1 + this.#below(15));
    const state = treeOf(this.#work);
    const isMeasured = this.#rounds % 25 === 2;
    const killed = await this.#vault(isMeasured ? undefined : this.#moment(), 'snapshot');
    const reported = killed.summary?.['snapshot'];
    if (typeof reported === 'string') this.#take(reported, state);
    if (killed.ended) {
      this.result.undisturbed++;
      if (killed.exit !== 0) this.#fail(`the snapshot ended with ${killed.exit}: ${killed.stderr}`);
      this.#usualMs = isMeasured ? killed.ms : (this.#usualMs * 3 + killed.ms) / 4;
    } else this.result.kills++;
    if (!killed.ended && this.#below(6) === 0) await this.#killMending();
    await this.#look(state, killed.ended, reported);
  }

  async restoreAll(): Promise<void> {
    await this.#expect('verify', '--read');
    for (const id of this.#states.keys()) await this.#restore(id);
  }

  /**
   * Spread over the whole run, oftener at its very beginning and around its end; or when the databases
   * were touched so often, which is where something can go wrong.
   */
  #moment(): KillMoment {
    const part = this.#below(10_000) / 10_000;
    const share = this.#below(10);
    if (share === 0) return { afterMs: part * 0.1 * this.#usualMs };
    if (share <= 2) return { afterMs: (0.8 + part * 0.25) * this.#usualMs };
    if (share <= 4) return { afterMs: part * this.#usualMs };
    const places = databases(this.#home);
    if (share <= 6) return { afterChanges: 1 + this.#below(90), of: /./, in: places, thenMs: 0 };
    // Writes to the logs of the databases are what commits are made of.
    return { afterChanges: 1 + this.#below(7), of: /\.log$/, in: places, thenMs: this.#below(6) };
  }

  /** Kills the next command as well, which finds an unclean home. */
  async #killMending(): Promise<void> {
    const command = this.#below(2) === 0 ? 'verify' : 'status';
    const killed = await this.#vault(this.#moment(), command);
    if (!killed.ended) this.result.killsWhileMending++;
    else if (killed.exit !== 0)
      this.#fail(`${command} ended with ${killed.exit}: ${killed.stderr}`);
  }

  async #look(state: Tree, ended: boolean, reported: unknown): Promise<void> {
    const read = this.#rounds % READ_EVERY === 0 ? ['--read'] : [];
    await this.#expect('verify', ...read);
    const { lines } = await this.#expect('snapshots', 'work');
    const listed = lines.flatMap(({ type, snapshot }) =>
      type === 'snapshot' ? [String(snapshot)] : [],
    );
    for (const id of this.#states.keys()) {
      if (!listed.includes(id)) this.#fail(`the snapshot ${id} was reported and is gone`);
    }
    const unreported = listed.filter((id) => !this.#states.has(id));
    if (unreported.length > 1) this.#fail(`${unreported.length} snapshots come from nowhere`);
    // The only one that there can be is of the tree as it is now.
    const [committed] = unreported;
    if (committed !== undefined) this.#take(committed, state);
    if (!ended) {
      if (typeof reported === 'string') this.result.afterReport++;
      else if (committed !== undefined) this.result.afterCommit++;
      else this.result.beforeCommit++;
    }
    // What is stored is never changed, so that a loss would still be there at the end, when all are restored.
    const isNew = this.#newest !== this.#restored;
    if (this.#newest !== undefined && (isNew || this.#rounds % this.#options.restoreEvery === 0)) {
      await this.#restore(this.#newest);
      this.#restored = this.#newest;
    }
  }

  async #restore(id: string): Promise<void> {
    await this.#expect('restore', '-f', 'work', '--at', id, '--to', this.#out);
    const expected = this.#states.get(id) ?? new Map<string, TreeItem>();
    const problems = treeDifferences(treeOf(this.#out), expected);
    if (problems.length > 0)
      this.#fail(`${id} restored otherwise: ${problems.slice(0, 5).join('; ')}`);
    rmSync(this.#out, { recursive: true, force: true });
    this.result.restores++;
  }

  #take(id: string, state: Tree): void {
    this.#states.set(id, state);
    this.#newest = id;
    this.result.snapshots = this.#states.size;
  }

  async #expect(...args: string[]): Promise<Commanded> {
    const ran = await this.#host.run(this.#home, this.#options.directory, ...args);
    if (ran.died !== undefined || ran.exit !== 0) {
      this.#fail(`vault ${args.join(' ')}: ${ran.died ?? ran.exit}\n${ran.stdout}${ran.stderr}`);
    }
    return ran;
  }

  async #done(...args: string[]): Promise<void> {
    const { died, exit, stderr } = await this.#host.run(
      this.#home,
      this.#options.directory,
      ...args,
    );
    if (exit !== 0) throw new Error(`vault ${args.join(' ')}: ${died ?? exit}: ${stderr}`);
  }

  #vault(moment: KillMoment | undefined, ...args: string[]): ReturnType<typeof runAndKill> {
    return runAndKill(this.#home, this.#options.directory, moment, ...args);
  }

  #below(limit: number): number {
    return randomInteger(this.#random, limit);
  }

  #fail(problem: string): void {
    const { seed } = this.#options;
    this.result.failures.push(`seed ${seed}, round ${this.#rounds}: ${problem.slice(0, 2000)}`);
  }
}

/** Where the databases of all folders keep their files. */
function databases(home: string): string[] {
  const folders = join(home, 'folders');
  return readdirSync(folders).flatMap((name) => {
    const chunks = join(folders, name, 'chunks');
    const stretches = existsSync(chunks) ? readdirSync(chunks) : [];
    const all = [...stretches.map((stretch) => join(chunks, stretch)), join(folders, name, 'meta')];
    return all.filter((directory) => existsSync(directory));
  });
}
