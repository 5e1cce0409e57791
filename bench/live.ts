/**
 * How soon a save is recorded, and how soon it is on another node: two whole nodes in one process, on this
 * disk, over loopback, their folders kept live. Files of 1 KB are saved one by one, alone and then beside
 * one that is written ten times a second.
 *
 *   node build/bench/live.js [--saves 100] [--scratch DIR] [--tree DIR --idle-seconds 60]
 *
 * JSON lines: `alone` and `beside` with milliseconds to `recorded` (versions durable here) and `visible` (the
 * file there), 50th and 99th percentile. With `--tree` only what it costs to keep that tree live while nothing
 * happens: `idle` with the process's memory and part of one processor. Nothing is written into the tree.
 */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { deferred } from '../src/async.ts';
import { systemEnvironment } from '../src/home/system-environment.ts';
import { openVault, type Vault } from '../src/vault.ts';
import { makeHome, operationContext } from '../test/helpers/test-home.ts';
import { eventually } from '../test/helpers/wait.ts';

const { values } = parseArgs({
  options: {
    saves: { type: 'string', default: '100' },
    scratch: { type: 'string', default: tmpdir() },
    tree: { type: 'string' },
    'idle-seconds': { type: 'string', default: '60' },
    'idle-home': { type: 'string' },
  },
});
const scratch = mkdtempSync(join(values.scratch, 'vault-live-'));
const { signal } = new AbortController();

async function opened(name: string): Promise<Vault> {
  const environment = systemEnvironment();
  const home = join(scratch, `${name}-home`);
  await makeHome(environment, home);
  await environment.pool.close();
  return reopened(home);
}

function reopened(home: string): Promise<Vault> {
  const secret = (): Promise<undefined> => Promise.resolve(undefined);
  return openVault({ home, secret, waitLockMs: 0, signal });
}

function percentiles(times: readonly number[]): { p50: number; p99: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0) * 10) /
    10;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Resolves with the time at which a file has this content. */
async function arrival(path: string, content: string): Promise<number> {
  const there = deferred<number>();
  const look = (): void => {
    try {
      if (readFileSync(path, 'latin1') === content) there.resolve(performance.now());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') there.reject(error);
    }
  };
  const watcher = watch(join(path, '..'), look);
  const timer = setInterval(look, 500);
  look();
  try {
    return await Promise.race([
      there.promise,
      passed(30_000, undefined, { ref: false }).then(() =>
        Promise.reject(new Error(`${path} did not come`)),
      ),
    ]);
  } finally {
    watcher.close();
    clearInterval(timer);
  }
}

async function saves(): Promise<void> {
  const here = await opened('here');
  const there = await opened('there');
  try {
    const [from, to] = [join(scratch, 'from'), join(scratch, 'to')];
    for (const path of [from, to]) mkdirSync(path);
    mkdirSync(join(from, 'work'));
    const { folder } = await here.folderAdd({ path: from, name: 'work' }, operationContext());
    let onRecorded: (at: number) => void = () => undefined;
    const live = await here.keepLive({ onRecorded: () => onRecorded(performance.now()) });
    const online = await here.online({ listen: '127.0.0.1:0' });
    const addresses = [online.address ?? ''];
    const { invite } = await here.invite({ folder, addresses }, operationContext());
    await there.join({ invite, path: to, cwd: scratch }, operationContext());
    const kept = await there.keepLive({});
    await there.online({});
    await eventually('both to be connected', () => online.peers().some((peer) => peer.isConnected));
    writeFileSync(join(from, 'work', 'first'), 'x');
    await eventually('the first file', () => existsSync(join(to, 'work', 'first')));
    await eventually('silence', () => live.isQuiet && kept.isQuiet);
    for (const isBeside of [false, true]) {
      const sibling = join(from, 'work', 'sibling');
      let count = 0;
      const timer = isBeside
        ? setInterval(() => writeFileSync(sibling, `${count++}`.padEnd(1000, 'y')), 100)
        : undefined;
      const recorded: number[] = [];
      const visible: number[] = [];
      for (let at = 0; at < Number(values.saves); at++) {
        await passed(400 + ((at * 137) % 400));
        const content = `${isBeside} ${at} `.padEnd(1000, 'x');
        const began = performance.now();
        onRecorded = (ms) => {
          recorded.push(ms - began);
          onRecorded = () => undefined;
        };
        writeFileSync(join(from, 'work', `f${at}`), content);
        visible.push((await arrival(join(to, 'work', `f${at}`), content)) - began);
      }
      clearInterval(timer);
      const name = isBeside ? 'beside' : 'alone';
      const result = { recorded: percentiles(recorded), visible: percentiles(visible) };
      console.log(JSON.stringify({ type: name, saves: visible.length, ...result }));
    }
  } finally {
    await there.close();
    await here.close();
  }
}

/** Records the tree, then opens the home again, as a daemon finds it that was started anew. */
async function idle(tree: string): Promise<void> {
  const first = await opened('here');
  await first.folderAdd({ path: tree, name: 'tree' }, operationContext());
  await first.snapshot({ folders: [], yes: true }, operationContext());
  await first.close();
  const self = fileURLToPath(import.meta.url);
  const seconds = values['idle-seconds'];
  const options = ['--idle-home', join(scratch, 'here-home'), '--idle-seconds', seconds];
  const { status } = spawnSync(process.execPath, [self, ...options], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`the process that was to be measured ended with ${status}`);
}

async function measureIdle(home: string): Promise<void> {
  const vault = await reopened(home);
  try {
    const began = performance.now();
    const live = await vault.keepLive({});
    await eventually('the first look', () => live.isQuiet, 600);
    const firstLookSeconds = (performance.now() - began) / 1000;
    await passed(5000);
    const before = process.cpuUsage();
    const seconds = Number(values['idle-seconds']);
    await passed(seconds * 1000);
    const { user, system } = process.cpuUsage(before);
    const mebibytes = Math.round(process.memoryUsage().rss / 1024 / 1024);
    const processor = (user + system) / 1e6 / seconds;
    console.log(JSON.stringify({ type: 'idle', firstLookSeconds, mebibytes, processor }));
  } finally {
    await vault.close();
  }
}

try {
  const { tree, 'idle-home': home } = values;
  if (home !== undefined) await measureIdle(home);
  else await (tree === undefined ? saves() : idle(tree));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
