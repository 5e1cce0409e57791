/** `vault log` and `vault show`: versions. */

import type { CommandDefinition, OptionDefinition } from '../definition.ts';
import { usageError } from '../usage-error.ts';
import { snapshotLines, VersionLines, versionLines } from '../version-text.ts';

const limitOption: OptionDefinition = {
  name: 'limit',
  type: 'count',
  value: 'N',
  doc: 'at most so many versions',
};

export const logCommand: CommandDefinition = {
  name: 'log',
  group: 'History',
  summary: 'list the versions of a file or directory, the newest first',
  details: [
    'Of a directory, also those of everything below it; without PATH, of the whole folder. Where a file was moved, its versions before the move follow. A star marks current versions.',
  ],
  positionals: [{ name: 'PATH', doc: 'this file or directory, also one that is gone' }],
  options: [
    limitOption,
    {
      name: 'since',
      type: 'text',
      value: 'WHEN',
      doc: 'only what came after: a snapshot, tag, version or time; a date means its start',
    },
  ],
  onlyPrints: true,
  async run(invocation) {
    const { given, output } = invocation;
    const lines = new VersionLines(output);
    const limit = given.number('limit');
    const since = given.text('since');
    const context = invocation.operation((item) => {
      if (!output.isJson) output.print(lines.line(item));
    });
    const result = await invocation.withVault((vault) =>
      vault.log(
        {
          ...invocation.selection(),
          ...(limit === undefined ? {} : { limit }),
          ...(since === undefined ? {} : { since }),
        },
        context,
      ),
    );
    return { summary: { ...result }, exits: [result.damaged > 0 ? 22 : 0] };
  },
};

export const showCommand: CommandDefinition = {
  name: 'show',
  group: 'History',
  summary: 'show all that is known of a version, or a snapshot and what came with it',
  details: [
    'An id may be shortened as long as it stays the only one. Of a snapshot, the versions are listed that the snapshot before it did not have, the newest first.',
  ],
  positionals: [
    { name: 'VERSION|SNAPSHOT', required: true, doc: 'an id, the start of one, or a tag' },
  ],
  options: [limitOption],
  onlyPrints: true,
  async run(invocation) {
    const { given, output } = invocation;
    const { folder, paths, cwd } = invocation.selection();
    const [id] = paths;
    if (id === undefined) throw usageError('which version or snapshot is meant?');
    const limit = given.number('limit');
    const lines = new VersionLines(output);
    let isList = false;
    const context = invocation.operation((item) => {
      if (output.isJson) return;
      if (isList) output.print(lines.line(item));
      else if (item.type === 'snapshot') {
        isList = true;
        for (const line of [...snapshotLines(item, output), '']) output.print(line);
      } else for (const line of versionLines(item, output)) output.print(line);
    });
    const result = await invocation.withVault((vault) =>
      vault.show(
        {
          ...(folder === undefined ? {} : { folder }),
          cwd,
          id,
          ...(limit === undefined ? {} : { limit }),
        },
        context,
      ),
    );
    return { summary: { ...result }, exits: [result.damaged > 0 ? 22 : 0] };
  },
};
