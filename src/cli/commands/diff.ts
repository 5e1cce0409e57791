/** `vault diff`: what changed between two moments, or since one. */

import type { CommandDefinition } from '../definition.ts';
import { fieldText } from '../item-text.ts';
import type { DiffResult } from '../../operations/look-options.ts';
import type { Item } from '../../operations/operation.ts';
import type { Output } from '../output.ts';
import type { StyleName } from '../style.ts';
import { count } from '../units.ts';

export const diffCommand: CommandDefinition = {
  name: 'diff',
  group: 'History',
  summary: 'say what changed between two moments, or between one and the working copy',
  details: [
    'With one WHEN, what changed from then to the files as they lie now, recorded or not; in a folder without a working copy, to the newest recorded state. A WHEN is a snapshot, tag or time. A second word that is no moment is a path; write ./NAME for a path that could be taken for one.',
    'Each line says what became of a path: added, changed, removed, renamed, mode (only the executable bit) or kind (a file became a symlink, say). With --patch, what git apply and patch take instead: the differing lines of text files. Files with NUL bytes, and files above 8 MiB, are only said to differ.',
  ],
  positionals: [
    { name: 'WHEN', required: true, doc: 'the moment to compare from' },
    { name: 'WHEN|PATH', list: true, doc: 'the moment to compare with; then paths to look at' },
  ],
  options: [{ name: 'patch', short: 'p', type: 'flag', doc: 'print the differing lines' }],
  onlyPrints: true,
  async run(invocation) {
    const { given, output } = invocation;
    const [from = '', ...paths] = given.words;
    const isPatch = given.flag('patch');
    const context = invocation.operation((item) => {
      if (output.isJson || item.type !== 'difference') return;
      if (isPatch) printPatch(item, output);
      else output.print(differenceLine(item, output));
    });
    const result = await invocation.withVault((vault) =>
      vault.diff(
        { ...invocation.selection(), from, paths, ...(isPatch ? { patch: true } : {}) },
        context,
      ),
    );
    if (!isPatch) output.sum(diffSentence(result));
    return { summary: { ...result }, exits: [result.damaged > 0 ? 22 : 0] };
  },
};

const styles: Readonly<Record<string, StyleName>> = { added: 'green', removed: 'red' };

function differenceLine(item: Item, output: Output): string {
  const change = fieldText(item, 'change');
  const path = output.name(fieldText(item, 'path'));
  const ending = fieldText(item, 'kind') === 'directory' ? '/' : '';
  const from = fieldText(item, 'from');
  const origin = from === '' ? '' : `${output.name(from)} => `;
  const mode = item['executable'] === true ? ' (executable)' : ' (not executable)';
  const note =
    change === 'mode'
      ? mode
      : change === 'kind'
        ? ` (${fieldText(item, 'kindBefore')} => ${fieldText(item, 'kind')})`
        : '';
  return `${output.style(styles[change] ?? 'yellow', change.padEnd(7))}  ${origin}${path}${ending}${note}`;
}

const lineStyles: Readonly<Record<string, StyleName>> = { '+': 'green', '-': 'red', '@': 'cyan' };

/** The patch, its bytes as they are; on a terminal, without what that would act on. */
function printPatch(item: Item, output: Output): void {
  const patch = fieldText(item, 'patch');
  if (patch === '') return;
  for (const line of patch.slice(0, -1).split('\n')) {
    const shown = line.split('\t').map((part) => output.name(part));
    const style = /^(\+\+\+|---|diff) /.test(line) ? 'bold' : lineStyles[line[0] ?? ''];
    const text = shown.join('\t');
    output.print(style === undefined ? text : output.style(style, text));
  }
}

function diffSentence(result: DiffResult): string {
  const { added, changed, removed, renamed, mode, kind } = result;
  const sum = added + changed + removed + renamed + mode + kind;
  if (sum === 0) return result.damaged === 0 ? 'no differences' : 'no differences that can be told';
  const counts = { added, changed, removed, renamed, mode, kind };
  const parts = Object.entries(counts).filter(([, amount]) => amount > 0);
  const text = parts.map(([name, amount]) => `${amount.toLocaleString('en-US')} ${name}`);
  return `${count(sum, 'difference')}: ${text.join(', ')}`;
}
