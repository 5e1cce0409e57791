/**
 * Whether answers to those who may not come in differ, in bytes or in time, by what was tried or by whether
 * the node has the folder:
 *
 *   node build/bench/probes.js [--per-kind 10000] [--in-flight 48] [--kind NAME …] [--all]
 *
 * Probes of all kinds go out at random, to two nodes in a process of their own. Prints a line of JSON for
 * each kind and node, and a summary with the greatest Kolmogorov–Smirnov distance between any two of them.
 * Exits with 1 where bytes differ or a distance exceeds 0.03.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { equalBytes } from '../src/bytes.ts';
import { listenAt } from '../src/net/address.ts';
import { knockCookie, REFUSAL } from '../src/net/http-request.ts';
import { systemRandom } from '../src/random.ts';
import { staticKey, testDoor } from '../test/helpers/doors.ts';
import { knockAs, probe, probes, upgradeRequest, type Prober } from '../test/helpers/probes.ts';
import { kolmogorovSmirnov, median } from './harness/statistics.ts';

const MOST_APART = 0.03;
const usual = [
  'random bytes',
  'a random page',
  'a knock of random bytes',
  'a replay',
  'a stale clock',
  'a stranger',
  'a removed key',
  'a spent invite',
];

const { values } = parseArgs({
  options: {
    'per-kind': { type: 'string', default: '10000' },
    'in-flight': { type: 'string', default: '48' },
    kind: { type: 'string', multiple: true, default: usual },
    all: { type: 'boolean', default: false },
  },
});
const perKind = Number(values['per-kind']);
const inFlight = Number(values['in-flight']);
const kinds = values.all ? Object.keys(probes) : values.kind;

const child = spawn(process.execPath, [fileURLToPath(new URL('probed-node.js', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
const nodes = (JSON.parse(line) as string[]).map(listenAt);

const random = systemRandom();
const target = testDoor('target', []);
const [member, removed] = [staticKey('member'), staticKey('removed')];
const recorded = upgradeRequest(knockCookie(knockAs({ target, random }, member)));
const prober: Prober = { target, random, recorded, member, removed, spentInvite: random.bytes(32) };
const [first] = nodes;
if (first === undefined) throw new Error('no node listens');
const socket = createConnection(first, () => socket.write(recorded));
const [answer] = (await once(socket, 'data')) as [Buffer];
socket.destroy();
if (!answer.toString('latin1').startsWith('HTTP/1.1 101 '))
  throw new Error('the member is refused');

interface Group {
  readonly kind: string;
  readonly node: 'has the folder' | 'has nothing';
  readonly at: (typeof nodes)[number];
  readonly ms: number[];
  different: number;
}
const groups = kinds.flatMap((kind) =>
  nodes.map((at, index): Group => {
    return { kind, node: index === 0 ? 'has the folder' : 'has nothing', at, ms: [], different: 0 };
  }),
);
// Made beforehand, so that making them takes no time from those on their way.
const waiting = groups.flatMap((group) => {
  const make = probes[group.kind];
  if (make === undefined) throw new RangeError(`expected a kind of probe, got ${group.kind}`);
  return Array.from({ length: perKind }, () => ({ group, request: make(prober) }));
});
for (let at = waiting.length - 1; at > 0; at--) {
  const other = Math.floor(Math.random() * (at + 1));
  const [one, two] = [waiting[at], waiting[other]];
  if (one && two) [waiting[at], waiting[other]] = [two, one];
}

const started = performance.now();
await Promise.all(
  Array.from({ length: inFlight }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { bytes, ms } = await probe(next.group.at, next.request);
      next.group.ms.push(ms);
      if (!equalBytes(bytes, REFUSAL)) next.group.different++;
    }
  }),
);
child.stdin.end();

const say = (what: object): void => {
  process.stdout.write(`${JSON.stringify(what)}\n`);
};
let apart = { distance: 0, between: ['', ''] };
for (const [index, one] of groups.entries()) {
  say({
    type: 'kind',
    kind: one.kind,
    node: one.node,
    probes: one.ms.length,
    different: one.different,
    medianMs: Math.round(median(one.ms) * 100) / 100,
  });
  for (const other of groups.slice(index + 1)) {
    const distance = kolmogorovSmirnov(one.ms, other.ms);
    if (distance > apart.distance) {
      apart = { distance, between: [one, other].map(({ kind, node }) => `${kind}, ${node}`) };
    }
  }
}
const different = groups.reduce((sum, group) => sum + group.different, 0);
say({
  type: 'summary',
  perKind,
  groups: groups.length,
  different,
  greatestDistance: Math.round(apart.distance * 10_000) / 10_000,
  between: apart.between,
  seconds: Math.round((performance.now() - started) / 100) / 10,
});
if (different > 0 || apart.distance > MOST_APART) process.exitCode = 1;
