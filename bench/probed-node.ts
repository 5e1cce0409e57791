/**
 * The process that `bench/probes.ts` probes: two nodes of one key, one of which has a folder with a member,
 * and one of which has nothing. Says where they listen and goes on until its input ends.
 */

import { testDoor } from '../test/helpers/doors.ts';

const events = { frame: () => undefined, drained: () => undefined, closed: () => undefined };
const settings = { knocksPerSecond: 1e9, knockBurst: 1e9 };
const addresses: string[] = [];
for (const known of [['member'], []]) {
  const { door } = testDoor('target', known, settings);
  const { address } = await door.listen('127.0.0.1:0', () => events);
  addresses.push(address);
}
process.stdout.write(`${JSON.stringify(addresses)}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
