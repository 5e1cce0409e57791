/**
 * What five bytes inserted into a huge file cost on the way to another node: two whole nodes in one
 * process, on this disk and with real stores, exchange a file of N MiB, and then the same file with five
 * bytes inserted in its middle. Counts every frame, both ways.
 *
 *   node build/bench/insertion.js [--mib 1024] [--scratch DIR]
 *
 * JSON lines: `first` for the file itself, `inserted` for the five bytes, with the bytes of all messages; the
 * receiver is looked through for what is missing after each. Exits with 1 where the latter exchange took more than 360,000 bytes: rsync
 * takes 361 KB. The file lies on the disk once in the clear and once sealed for each node; all is removed.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as passed } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FolderSet } from '../src/home/folder-set.ts';
import { Home } from '../src/home/home.ts';
import { systemEnvironment } from '../src/home/system-environment.ts';
import { Channels } from '../src/net/channels.ts';
import { MemoryNetwork } from '../src/net/memory-network.ts';
import type { Connection } from '../src/net/transport.ts';
import { addFolder } from '../src/operations/add-folder.ts';
import type { Exchange } from '../src/operations/exchange.ts';
import type { Session } from '../src/operations/session.ts';
import { VirtualClock } from '../src/system/virtual-clock.ts';
import { openVault, type Vault } from '../src/vault.ts';
import { admitNode, joinFolder } from '../test/helpers/shared-folder.ts';
import { makeHome, operationContext } from '../test/helpers/test-home.ts';
import { writeInsertedFile } from './inputs/inserted-file.ts';

const MIB = 1024 * 1024;
const MOST_BYTES = 360_000;
const FOLDER = 'work';
const CHANNEL = 1;
const { signal } = new AbortController();

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    scratch: { type: 'string', default: tmpdir() },
  },
});
const size = Number(values.mib) * MIB;
if (!Number.isSafeInteger(size) || size < MIB)
  throw new RangeError(`expected MiB, got ${values.mib}`);

const wire = { frames: 0, bytes: 0 };

function counted(connection: Connection): Connection {
  return {
    get bufferedBytes() {
      return connection.bufferedBytes;
    },
    send: (frame) => {
      wire.frames++;
      wire.bytes += frame.length;
      connection.send(frame);
    },
    close: () => connection.close(),
  };
}

/** Two homes that share a folder; only the first one has its files. */
async function share(place: string, work: string): Promise<void> {
  const sessions: Session[] = [];
  for (const name of ['a', 'b']) {
    const environment = systemEnvironment();
    const root = join(place, name);
    await makeHome(environment, root);
    const lock = { waitMs: 0, signal };
    const home = await Home.open(environment, root, () => Promise.resolve(undefined), lock);
    const session = { environment, home, folders: new FolderSet(environment, home) };
    const [first] = sessions;
    if (first === undefined) await addFolder(session, { path: work });
    else {
      const [theirs] = first.folders.list().folders;
      if (theirs === undefined) throw new Error('expected a folder');
      const empty = join(place, 'empty', FOLDER);
      mkdirSync(empty, { recursive: true });
      await joinFolder(session, theirs.state, name, empty);
      await admitNode(first, await first.folders.open(theirs), home.identity);
    }
    sessions.push(session);
  }
  for (const { environment, folders, home } of sessions) {
    await folders.close();
    await home.close();
    await environment.pool.close();
  }
}

async function opened(root: string): Promise<Vault> {
  return openVault({ home: root, secret: () => Promise.resolve(undefined), waitLockMs: 0, signal });
}

/** Waits until both sides have nothing to do and nothing was sent for a while. */
async function settled(exchanges: readonly Exchange[]): Promise<void> {
  for (let quiet = 0, last = -1; quiet < 10;) {
    await passed(100);
    const isStill = exchanges.every(({ isQuiet }) => isQuiet) && wire.frames === last;
    quiet = isStill ? quiet + 1 : 0;
    last = wire.frames;
  }
}

/** Lets the time of the network pass as fast as it can, one timer after another, until told to end. */
async function pump(clock: VirtualClock, until: { isOver: boolean }): Promise<void> {
  while (!until.isOver) {
    await turn();
    const next = clock.untilNext();
    if (next !== undefined) clock.advance(next);
  }
}

async function run(place: string): Promise<void> {
  const work = join(place, FOLDER);
  mkdirSync(work);
  await share(place, work);
  const nodes = [await opened(join(place, 'a')), await opened(join(place, 'b'))];
  const [a, b] = nodes;
  if (a === undefined || b === undefined) throw new Error('expected two nodes');
  const clock = new VirtualClock();
  const until = { isOver: false };
  const pumping = pump(clock, until);
  try {
    const onFailed = (error: unknown): void => {
      throw error;
    };
    const onEnded = (peer: string, reason: string, detail: string): void => {
      if (reason !== 'done') throw new Error(`the session with ${peer} ended: ${reason} ${detail}`);
    };
    const [from, to] = [
      await a.exchange({ folder: FOLDER, onFailed, onEnded }),
      await b.exchange({ folder: FOLDER, onFailed, onEnded }),
    ];
    const network = new MemoryNetwork(clock);
    const begin = (exchange: Exchange, peer: string) => {
      return (connection: Connection): Channels => {
        const channels = new Channels(counted(connection));
        exchange.connect(peer, (events) => channels.open(CHANNEL, events));
        return channels;
      };
    };
    await network.transport('b').listen('b', begin(to, 'a'));
    await network.transport('a').dial('b', begin(from, 'b'));
    for (const type of ['first', 'inserted'] as const) {
      writeInsertedFile(join(work, 'large'), {
        seed: 'insertion',
        size,
        isInserted: type === 'inserted',
      });
      const began = performance.now();
      await a.snapshot({ folders: [FOLDER], yes: true }, operationContext());
      Object.assign(wire, { frames: 0, bytes: 0 });
      await from.announce();
      await settled([from, to]);
      const { damaged } = await b.verify({ folders: [FOLDER] }, operationContext());
      if (damaged > 0) throw new Error(`${damaged} values did not come`);
      const seconds = Math.round((performance.now() - began) / 100) / 10;
      process.stdout.write(`${JSON.stringify({ type, mib: size / MIB, ...wire, seconds })}\n`);
    }
    if (wire.bytes > MOST_BYTES) process.exitCode = 1;
  } finally {
    until.isOver = true;
    await pumping;
    for (const node of nodes) await node.close();
  }
}

const place = mkdtempSync(join(values.scratch, 'vault-insertion-'));
try {
  await run(place);
} finally {
  rmSync(place, { recursive: true, force: true });
}
