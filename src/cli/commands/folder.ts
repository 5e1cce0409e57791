/** `vault folder …`: which folders this home keeps. */

import type { CommandDefinition } from '../definition.ts';
import { folderLines, settingLine } from '../folder-text.ts';
import { fieldText } from '../item-text.ts';
import { tableLines } from '../table.ts';
import { shortId } from '../units.ts';
import { quoted, usageError } from '../usage-error.ts';

const folderPositional = {
  name: 'FOLDER',
  doc: 'a name, an id or its unique prefix, or a path inside a working copy',
} as const;

export const folderAddCommand: CommandDefinition = {
  name: 'folder add',
  group: 'Folders',
  summary: 'put a directory under vault; its files stay where they are',
  details: [
    'A root that overlaps another folder or holds the home is refused.',
    'What is left out is not read, recorded or deleted; what was recorded of it stays as it was. Rules come from files named .vaultignore in any directory, which are kept like other files and follow the rules of .gitignore, and from the options here, which hold on this node only and can be changed with folder set. Patterns of --exclude are gitignore rules from the root of the folder and decide before any file. See what is left out and why with: vault status --ignored',
  ],
  positionals: [{ name: 'PATH', required: true, doc: 'the directory' }],
  options: [
    { name: 'name', type: 'text', value: 'N', doc: "the folder's name (default: the directory's)" },
    { name: 'stored-only', type: 'flag', doc: 'keep the folder without a working copy' },
    {
      name: 'exclude',
      type: 'text',
      value: 'P',
      list: true,
      doc: 'leave out what matches this pattern',
    },
    {
      name: 'exclude-caches',
      type: 'flag',
      doc: 'leave out what lies beside a CACHEDIR.TAG',
    },
    {
      name: 'exclude-if-present',
      type: 'text',
      value: 'NAME',
      list: true,
      doc: 'leave out what lies beside a file or directory of this name',
    },
    {
      name: 'exclude-larger-than',
      type: 'size',
      value: 'SIZE',
      doc: 'leave out files larger than this: 500k, 10M, 1G',
    },
    {
      name: 'one-file-system',
      type: 'flag',
      doc: 'leave out what is mounted inside the folder',
    },
  ],
  async run(invocation) {
    const { given, output } = invocation;
    const name = given.text('name');
    const largerThan = given.number('exclude-larger-than');
    const result = await invocation.withVault((vault) =>
      vault.folderAdd(
        {
          path: invocation.path(given.words[0] ?? ''),
          ...(name === undefined ? {} : { name }),
          ...(given.flag('stored-only') ? { storedOnly: true } : {}),
          ...(given.has('exclude') ? { exclude: given.list('exclude') } : {}),
          ...(given.flag('exclude-caches') ? { excludeCaches: true } : {}),
          ...(given.has('exclude-if-present')
            ? { excludeIfPresent: given.list('exclude-if-present') }
            : {}),
          ...(largerThan === undefined ? {} : { excludeLargerThan: largerThan }),
          ...(given.flag('one-file-system') ? { oneFileSystem: true } : {}),
        },
        invocation.operation(),
      ),
    );
    const place = result.path === null ? '' : ` at ${output.name(result.path)}`;
    output.sum(`added folder ${output.name(result.name)}${place}`);
    output.hint(`next: vault snapshot ${result.name}`);
    return { summary: { ...result } };
  },
};

export const folderListCommand: CommandDefinition = {
  name: 'folder list',
  group: 'Folders',
  summary: 'list the folders of this home',
  positionals: [],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const rows: string[][] = [];
    const context = invocation.operation((item) => {
      const path = fieldText(item, 'path');
      const name = output.name(fieldText(item, 'name'));
      rows.push([name, shortId(fieldText(item, 'folder')), path ? output.name(path) : '-']);
    });
    const result = await invocation.withVault((vault) => vault.folderList(context));
    for (const line of tableLines(rows)) output.print(line);
    if (rows.length === 0) output.hint('there is no folder yet: vault folder add PATH');
    return { summary: { ...result } };
  },
};

export const folderShowCommand: CommandDefinition = {
  name: 'folder show',
  group: 'Folders',
  summary: 'show one folder: its id, its path, its state and its settings',
  positionals: [folderPositional],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const folder = invocation.folder();
    const context = invocation.operation((item) => {
      if (item.type === 'setting') output.print(settingLine(item, output));
      else if (item.type === 'folder')
        for (const line of folderLines(item, output)) output.print(line);
    });
    const result = await invocation.withVault((vault) => vault.folderShow(folder, context));
    return { summary: { ...result } };
  },
};

export const folderSetCommand: CommandDefinition = {
  name: 'folder set',
  group: 'Folders',
  summary: 'change settings of a folder; name=… renames it',
  details: [
    'Settings are name, paused, history, exclude, exclude-caches, exclude-if-present, exclude-larger-than and one-file-system; paused, exclude-caches and one-file-system are true or false. history is all or current: with current this node asks others only for contents of current versions and pinned snapshots. exclude=P and exclude-if-present=NAME may be given several times and replace what was there; exclude+=P adds one, exclude-=P takes one away, and an empty value means none.',
  ],
  positionals: [
    { ...folderPositional, required: true },
    { name: 'KEY=VALUE', required: true, list: true, doc: 'a setting, as shown by folder show' },
  ],
  options: [],
  async run(invocation) {
    const [folder = '', ...words] = invocation.given.words;
    const settings = words.map((word) => {
      const equals = word.indexOf('=');
      if (equals < 1) throw usageError(`expected KEY=VALUE, got ${quoted(word)}`);
      return { key: word.slice(0, equals), value: word.slice(equals + 1) };
    });
    const { output } = invocation;
    const context = invocation.operation();
    const result = await invocation.withVault((vault) =>
      vault.folderSet({ folder: invocation.folderArgument(folder), settings }, context),
    );
    output.sum(`changed folder ${output.name(result.name)}`);
    return { summary: { ...result } };
  },
};

export const folderRemoveCommand: CommandDefinition = {
  name: 'folder remove',
  group: 'Folders',
  summary: 'stop keeping a folder here: its history in this home goes, its files stay',
  details: ['Asks on a terminal; elsewhere --yes is needed, or it is refused (exit 23).'],
  positionals: [folderPositional],
  options: [
    { name: 'dry-run', short: 'n', type: 'flag', doc: 'say what would be removed and do nothing' },
  ],
  async run(invocation) {
    const { given, globals, output } = invocation;
    const folder = invocation.folder();
    const isDry = given.flag('dry-run');
    const context = invocation.operation();
    const result = await invocation.withVault((vault) =>
      vault.folderRemove(
        { folder, ...(globals.yes ? { yes: true } : {}), ...(isDry ? { dryRun: true } : {}) },
        context,
      ),
    );
    const name = output.name(result.name);
    const kept = result.path === null ? '' : `; the files in ${output.name(result.path)} stay`;
    if (isDry) output.print(`would remove folder ${name} and its history here${kept}`);
    else output.sum(`removed folder ${name} and its history here${kept}`);
    return { summary: { ...result, ...(isDry ? { dryRun: true } : {}) } };
  },
};
