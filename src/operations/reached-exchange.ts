/** The exchange of one folder with whoever can be reached, for as long as one operation needs it. */

import type { Clock } from '../clock.ts';
import { VaultError } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import type { Online } from './online-types.ts';

/** How often it is looked whether anybody is there, and how long nobody has to be. */
const LOOK_MS = 250;
const ALONE_MS = 3000;
/** Addresses that do not answer at all are not waited for longer. */
const MOST_ALONE_MS = 30_000;

/** Throws `VAULT_NO_PEER` where for a while nobody is connected who shares the folder. */
export async function withReached<T>(
  online: Pick<Online, 'exchange' | 'peers' | 'isQuiet'>,
  folder: string,
  clock: Clock,
  signal: AbortSignal,
  work: (exchange: Exchange, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const exchange = online.exchange(folder);
  if (exchange === undefined) throw nobodyReached();
  const ending = new AbortController();
  const stop = (): void => ending.abort(signal.reason);
  signal.addEventListener('abort', stop);
  let quietSince: number | undefined;
  let aloneSince = clock.monotonicMs();
  let cancel = (): void => undefined;
  const look = (): void => {
    const now = clock.monotonicMs();
    const isThere = online
      .peers()
      .some(({ isConnected, folders }) => isConnected && folders.includes(folder));
    if (isThere) aloneSince = now;
    quietSince = isThere || !online.isQuiet ? undefined : (quietSince ?? now);
    const isAlone = quietSince !== undefined && now - quietSince >= ALONE_MS;
    if (isAlone || now - aloneSince >= MOST_ALONE_MS) ending.abort(nobodyReached());
    else cancel = clock.timer(LOOK_MS, look);
  };
  look();
  try {
    signal.throwIfAborted();
    return await work(exchange, ending.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', stop);
  }
}

function nobodyReached(): VaultError {
  return new VaultError('VAULT_NO_PEER', 'no node that shares the folder could be reached', {
    hint: 'the versions that are here can be had without --fetch',
  });
}
