/** `vault events`: what happens, as it happens. */

import { VaultError } from '../../errors.ts';
import type { Item } from '../../operations/operation.ts';
import type { CommandDefinition } from '../definition.ts';
import { fieldText } from '../item-text.ts';
import type { Output } from '../output.ts';

export const eventsCommand: CommandDefinition = {
  name: 'events',
  group: 'Start',
  summary: 'tell what happens, as it happens, until interrupted',
  details: [
    'The daemon tells it: what was recorded here and what came from others, conflicts, peers that come and go, and trouble. With --json each event is a line that docs/json/events.schema.json describes. Who reads too slowly misses some, and is told how many.',
  ],
  positionals: [],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const daemon = await invocation.findDaemon();
    if (daemon === undefined) {
      throw new VaultError('VAULT_CLOSED', 'no daemon is running, so nothing happens', {
        hint: 'start one with: vault start',
      });
    }
    try {
      await daemon.events(invocation.operation((item) => output.print(eventLine(item, output))));
    } finally {
      daemon.close();
    }
    return { summary: {} };
  },
};

/** Its type, and whatever else is a text or number in it. */
function eventLine(item: Item, output: Output): string {
  const { type, time: _time, ...fields } = item;
  const said = Object.entries(fields)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => `${name} ${output.name(String(value))}`);
  return [fieldText(item, 'time'), type, ...said].filter((part) => part !== '').join('  ');
}
