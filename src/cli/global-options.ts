/** The options every command takes, before or after its name. */

import type { OptionDefinition } from './definition.ts';

export const globalOptions: readonly OptionDefinition[] = [
  {
    name: 'home',
    type: 'text',
    value: 'DIR',
    variable: 'VAULT_HOME',
    doc: "this node's private directory (default: in the platform's data directory)",
  },
  {
    name: 'folder',
    short: 'f',
    type: 'text',
    value: 'FOLDER',
    variable: 'VAULT_FOLDER',
    doc: 'the folder meant: a name, an id or its unique prefix, or a path inside a working copy',
  },
  {
    name: 'json',
    type: 'flag',
    variable: 'VAULT_JSON',
    doc: 'print JSON lines on standard output; the last is the summary or the error',
  },
  {
    name: 'quiet',
    short: 'q',
    type: 'flag',
    variable: 'VAULT_QUIET',
    doc: 'no progress, hints or summaries; results, warnings and errors only',
  },
  { name: 'verbose', short: 'v', type: 'flag', doc: 'say more, and give the causes of errors' },
  { name: 'no-color', type: 'flag', variable: 'NO_COLOR', doc: 'no colour in the output' },
  { name: 'no-input', type: 'flag', doc: 'never ask anything' },
  { name: 'yes', type: 'flag', doc: 'answer every question with yes' },
  {
    name: 'wait-lock',
    type: 'duration',
    value: 'DUR',
    doc: 'wait this long (45s, 30m, 2h) for a home another process holds (default: not at all)',
  },
  {
    name: 'passphrase-file',
    type: 'text',
    value: 'F',
    variable: 'VAULT_PASSPHRASE_FILE',
    doc: 'take the passphrase or recovery code from the first line of this file; - is standard input',
  },
  {
    name: 'passphrase-command',
    type: 'text',
    value: 'CMD',
    variable: 'VAULT_PASSPHRASE_COMMAND',
    doc: 'take it from the first line this program prints; split into words, run without a shell',
  },
  { name: 'help', short: 'h', type: 'flag', doc: 'explain the command' },
  { name: 'version', type: 'flag', doc: 'print the version' },
];
