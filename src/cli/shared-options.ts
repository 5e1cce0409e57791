/** Options that several commands share. */

import type { OptionDefinition } from './definition.ts';

export const listenOption: OptionDefinition = {
  name: 'listen',
  type: 'text',
  value: 'HOST:PORT',
  doc: 'take connections of other nodes there, * for all addresses, or off (default: the setting listen)',
};

export const noWatchOption: OptionDefinition = {
  name: 'no-watch',
  type: 'flag',
  doc: 'do not watch folders: record what changed in them when a command says so',
};

export const atOption: OptionDefinition = {
  name: 'at',
  type: 'text',
  value: 'WHEN',
  doc: 'a snapshot, tag, version or time: 3f9a2c, now, 2026-01-31, 2h ago, yesterday (default: now)',
};

export const fetchOption: OptionDefinition = {
  name: 'fetch',
  type: 'flag',
  doc: 'ask other nodes for contents that are not kept here (exit 24 where none can be reached)',
};
