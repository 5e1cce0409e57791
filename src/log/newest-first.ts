/** Links in the order in which people look at them: the newest first, read only as far as they are taken. */

import { isLoss, type VaultError } from '../errors.ts';
import type { FolderLog } from './folder-log.ts';
import type { Dot, LogId, NamedLink, VectorClock } from './types.ts';
import { compareVersions } from './version-name.ts';

export interface NewestFirst {
  /**
   * Asked of each link: true ends the reading of its log. It must hold for all earlier links of a log
   * once it holds for one.
   */
  readonly isBefore: (link: NamedLink) => boolean;
  /** Told of each entry whose links cannot be read. */
  readonly onLost: (error: VaultError) => void;
}

/** All links of all logs, as far as `clock` covers them. */
export function allLinks(
  log: FolderLog,
  options: NewestFirst,
  clock: VectorClock = log.clock,
): AsyncGenerator<NamedLink> {
  return merged(
    [...log.heads].map(([line, { log: id, seq }]) =>
      linksBack(log, line, Math.min(seq, (clock.get(id) ?? 0) - 1), options),
    ),
  );
}

/** All links of one path, and those elsewhere that superseded one of them. */
export function linksOfPath(
  log: FolderLog,
  path: string,
  options: NewestFirst,
): AsyncGenerator<NamedLink> {
  return merged(
    [...log.heads.keys()].map((id) => readBack(log, log.paths.pointersBack(path, id), options)),
  );
}

async function* linksBack(
  log: FolderLog,
  line: LogId,
  last: number,
  { isBefore, onLost }: NewestFirst,
): AsyncGenerator<NamedLink> {
  for (let seq = last; seq >= log.lines.from(line); seq--) {
    const links = await log
      .entry(line, seq)
      .then((read) => read.links)
      .catch(toldLost(onLost));
    for (const link of (links ?? []).toReversed()) {
      if (isBefore(link)) return;
      yield link;
    }
  }
}

async function* readBack(
  log: FolderLog,
  dots: AsyncIterable<Dot>,
  { isBefore, onLost }: NewestFirst,
): AsyncGenerator<NamedLink> {
  for await (const dot of dots) {
    const link = await log.link(dot).catch(toldLost(onLost));
    if (link === undefined) continue;
    if (isBefore(link)) return;
    yield link;
  }
}

/** For `catch`: tells of a loss and gives undefined; any other error is thrown. */
export function toldLost(onLost: (error: VaultError) => void): (error: unknown) => undefined {
  return (error) => {
    if (!isLoss(error)) throw error;
    onLost(error);
  };
}

/** The links of several logs, each newest first, as one line. */
async function* merged(sources: readonly AsyncGenerator<NamedLink>[]): AsyncGenerator<NamedLink> {
  const open: { readonly source: AsyncGenerator<NamedLink>; link: NamedLink }[] = [];
  try {
    for (const source of sources) {
      const first = await source.next();
      if (first.done !== true) open.push({ source, link: first.value });
    }
    for (let at = newestOf(open); at !== undefined; at = newestOf(open)) {
      yield at.link;
      const next = await at.source.next();
      if (next.done === true) open.splice(open.indexOf(at), 1);
      else at.link = next.value;
    }
  } finally {
    for (const { source } of open) await source.return(undefined);
  }
}

function newestOf<T extends { readonly link: NamedLink }>(open: readonly T[]): T | undefined {
  let best = open[0];
  for (const one of open) {
    if (best !== undefined && compareVersions(one.link, best.link) > 0) best = one;
  }
  return best;
}
