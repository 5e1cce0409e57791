/** `sync`: one round with whoever is reachable, for scripts. */

import { VaultError } from '../errors.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { InStepCounts } from './in-step-changes.ts';
import type { FolderArgument, OperationContext } from './operation.ts';
import type { Online, OnlineOptions } from './online-types.ts';
import { chosenFolders, failureOfOne, type Session } from './session.ts';
import { SyncWait } from './sync-wait.ts';

export interface SyncOptions {
  readonly folders: readonly FolderArgument[];
  /** How long it may take, in milliseconds; default 10 minutes. */
  readonly timeoutMs?: number;
  /** Go on where a safety rule stopped. */
  readonly yes?: boolean;
}

/** Sums over the folders; each is told by an item of type `result` with most of these. */
export interface SyncResult {
  readonly folders: number;
  /** Peers that something was exchanged with. */
  readonly peers: number;
  /** Names that were brought in step in working copies. */
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** Names whose content has not come. */
  readonly behind: number;
  /** Names that could not be read or replaced. */
  readonly errors: number;
  /** False where time ran out, a content could not be had, or nobody was there for one of the folders. */
  readonly complete: boolean;
  readonly seconds: number;
}

export interface SyncParts {
  /** The node as it is online in this process. */
  readonly online: Online | undefined;
  readonly goOnline: (options: OnlineOptions) => Promise<Online>;
}

const TIMEOUT_MS = 600_000;
const nothing: InStepCounts = {
  added: 0,
  changed: 0,
  removed: 0,
  behind: 0,
  skipped: 0,
  errors: 0,
};

/** What became of one folder. */
interface Outcome {
  readonly listed: ListedFolder;
  counts: InStepCounts;
  error: VaultError | undefined;
}

/**
 * Records what changed, gives and takes until nothing moves any more, and brings working copies in step. Throws
 * `VAULT_NO_PEER` where nobody was there for any of the folders: what changed is recorded all the same. The failure
 * of one folder of several is told as its result.
 */
export async function sync(
  session: Session,
  parts: SyncParts,
  options: SyncOptions,
  context: OperationContext,
): Promise<SyncResult> {
  const { clock } = session.environment;
  const began = clock.monotonicMs();
  const named = chosenFolders(session, options.folders);
  for (const { state } of named.filter((one) => one.state.paused)) {
    context.emit({ type: 'warning', message: `${state.name} is paused` });
  }
  const chosen = named.filter(({ state }) => !state.paused);
  // Whoever is online already applies by itself what comes: it is looked at once more all the same.
  const news = new Set<string>(parts.online === undefined ? [] : chosen.map(({ id }) => id));
  const onNews = (folder: string): void => void news.add(folder);
  const folders = chosen.map(({ id }) => id);
  const online = parts.online ?? (await openOwn(session, parts, { folders, onNews }, context));
  try {
    const outcomes = chosen.map((listed): Outcome => ({
      listed,
      counts: { ...nothing },
      error: undefined,
    }));
    const wait = new SyncWait({ online, clock, folders, signal: context.signal });
    for (const outcome of outcomes) await bringInStep(online, outcome, options, context);
    const deadline = began + (options.timeoutMs ?? TIMEOUT_MS);
    let isInTime: boolean;
    for (;;) {
      isInTime = await wait.untilQuiet(deadline);
      const due = outcomes.filter(
        ({ listed, error }) => error === undefined && news.has(listed.id),
      );
      // Of what came just now nothing is left lying: it is here, whatever the time.
      for (const outcome of due) {
        news.delete(outcome.listed.id);
        await bringInStep(online, outcome, options, context);
      }
      if (!isInTime || due.length === 0) break;
    }
    return tell(online, outcomes, wait, isInTime, (clock.monotonicMs() - began) / 1000, context);
  } finally {
    if (parts.online === undefined) await online.close();
  }
}

/** Listens where it can, so that two that sync at the same time find each other. */
async function openOwn(
  { home }: Session,
  { goOnline }: SyncParts,
  options: OnlineOptions,
  context: OperationContext,
): Promise<Online> {
  const listen = home.setting('listen');
  if (listen === 'off') return goOnline(options);
  try {
    return await goOnline({ ...options, listen });
  } catch (error) {
    if (
      !(error instanceof VaultError) ||
      !['VAULT_EXISTS', 'VAULT_NOT_PERMITTED'].includes(error.code)
    ) {
      throw error;
    }
    context.emit({ type: 'warning', message: `${error.message}: going on without listening` });
    return goOnline(options);
  }
}

async function bringInStep(
  online: Online,
  outcome: Outcome,
  options: SyncOptions,
  context: OperationContext,
): Promise<void> {
  const { id, state } = outcome.listed;
  const exchange = online.exchange(id);
  try {
    if (exchange === undefined) {
      const trouble = online.folders().find(({ folder }) => folder === id)?.trouble;
      throw new VaultError('VAULT_FAILED', trouble ?? 'the folder is not exchanged');
    }
    if (state.path === undefined) return;
    const { added, changed, removed, behind, skipped, errors } = await exchange.inStep(
      { yes: options.yes === true },
      {
        ...context,
        emit: (event) =>
          context.emit(
            event.type === 'item' ? { ...event, item: { ...event.item, folder: id } } : event,
          ),
      },
    );
    const { counts } = outcome;
    counts.added += added;
    counts.changed += changed;
    counts.removed += removed;
    Object.assign(counts, { behind, skipped, errors });
  } catch (error) {
    outcome.error = failureOfOne(error);
    if (outcome.error === undefined) throw error;
  }
}

function tell(
  online: Online,
  outcomes: readonly Outcome[],
  wait: SyncWait,
  isInTime: boolean,
  seconds: number,
  context: OperationContext,
): SyncResult {
  const [failed] = outcomes.flatMap(({ error }) => error ?? []);
  // Of one folder its failure is that of the command.
  if (failed !== undefined && outcomes.length === 1) throw failed;
  if (outcomes.length > 0 && wait.peers === 0 && failed === undefined) {
    throw new VaultError('VAULT_NO_PEER', 'no peer is reachable');
  }
  const sum = { added: 0, changed: 0, removed: 0, behind: 0, errors: 0 };
  let isComplete = isInTime;
  for (const { listed, counts, error } of outcomes) {
    const { added, changed, removed, behind, errors } = counts;
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += counts[key];
    const peers = wait.reached(listed.id);
    const { peers: members = 0 } =
      online.folders().find(({ folder }) => folder === listed.id) ?? {};
    const isMissed = peers === 0 && members > 0;
    const complete = isInTime && behind === 0 && error === undefined && !isMissed;
    isComplete &&= complete;
    const item = { type: 'result', folder: listed.id, name: listed.state.name, peers };
    const failure = error && { code: error.code, message: error.message };
    const told = { ...item, added, changed, removed, behind, errors, complete };
    context.emit({ type: 'item', item: failure ? { ...told, error: failure } : told });
  }
  return { folders: outcomes.length, peers: wait.peers, ...sum, complete: isComplete, seconds };
}
