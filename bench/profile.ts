/**
 * Where the time of one command goes: runs it with every thread sampled and prints seconds for each
 * stage and thread. A profile that was kept is shown beside, so that before and after can be compared.
 *
 *   node build/bench/profile.js TREE [--command first|unchanged|verify|restore] [--keep DIR]
 *        [--out FILE] [--against FILE] [--scratch DIR]
 *
 * `--keep DIR` leaves the `.cpuprofile` files there, for a look with a browser's developer tools;
 * `--out` writes the figures as JSON, `--against` reads such a file. Sampling costs a few per cent.
 */

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measure, runCommand, type Command } from './harness/measure.ts';
import { warm } from './harness/warm.ts';
import { profileTable, type ProfileSummary } from './profile/profile-table.ts';
import { secondsByStage, type Profile } from './profile/stages.ts';
import type { Operation } from './sides/side.ts';
import { vault } from './sides/vault.ts';

const commands: Readonly<Record<string, Operation>> = {
  first: 'snapshot',
  unchanged: 'snapshot',
  verify: 'verify',
  restore: 'restore',
};

async function profile(tree: string, name: string, scratch: string): Promise<ProfileSummary> {
  const operation = commands[name];
  if (operation === undefined) {
    throw new RangeError(`expected --command ${Object.keys(commands).join('|')}, got ${name}`);
  }
  const { signal } = new AbortController();
  const place = join(scratch, 'place');
  const profiles = join(scratch, 'profiles');
  mkdirSync(place);
  mkdirSync(profiles);
  const paths = { place, source: tree, out: join(scratch, 'out') };
  const make = (one: Operation): Command => {
    const command = vault.command(one, paths);
    if (command === undefined) throw new TypeError(`expected a command for ${one}`);
    return command;
  };
  for (const command of vault.prepare(place, tree)) await runCommand(command, signal);
  if (name !== 'first') await runCommand(make('snapshot'), signal);
  warm(operation === 'snapshot' ? tree : place);
  const { seconds, cpuSeconds, peakBytes } = await measure(sampled(make(operation), profiles), {
    scratch,
    signal,
  });
  const threads = readdirSync(profiles).map((file) => {
    const samples = JSON.parse(readFileSync(join(profiles, file), 'utf8')) as Profile;
    return [basename(file, '.cpuprofile'), Object.fromEntries(secondsByStage(samples))] as const;
  });
  const what = `${name} of ${basename(tree)}`;
  return { what, seconds, cpuSeconds, peakBytes, threads: Object.fromEntries(threads) };
}

function sampled(command: Command, profiles: string): Command {
  const loader = new URL('profile-thread.js', import.meta.url).href;
  const env = { ...command.env, NODE_OPTIONS: `--import ${loader}`, VAULT_PROFILE: profiles };
  return { ...command, env };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    command: { type: 'string', default: 'first' },
    keep: { type: 'string' },
    out: { type: 'string' },
    against: { type: 'string' },
    scratch: { type: 'string', default: tmpdir() },
  },
});
const [tree] = positionals;
if (tree === undefined) throw new RangeError('expected a tree to profile');
const scratch = mkdtempSync(join(resolve(values.scratch), 'vault-profile-'));
try {
  const now = await profile(resolve(tree), values.command, scratch);
  const before =
    values.against === undefined
      ? undefined
      : (JSON.parse(readFileSync(values.against, 'utf8')) as ProfileSummary);
  const peak = `peak memory ${(now.peakBytes / 1e6).toFixed(0)} MB`;
  const against = before === undefined ? '' : `, before: ${before.what}`;
  process.stdout.write(`${now.what}, ${peak}${against}\n\n${profileTable(now, before)}\n`);
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(now)}\n`);
  if (values.keep !== undefined) {
    cpSync(join(scratch, 'profiles'), values.keep, { recursive: true });
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
