/** What `revert` and `undo` did, for people. */

import type { ChangeBackResult } from '../operations/change-options.ts';
import type { Item } from '../operations/operation.ts';
import type { CommandResult } from './definition.ts';
import type { Invocation } from './invocation.ts';
import { fieldText } from './item-text.ts';
import type { Output } from './output.ts';
import type { StyleName } from './style.ts';
import { count, formatSeconds, shortId } from './units.ts';

const styles: Readonly<Record<string, StyleName>> = { added: 'green', removed: 'red' };

/** One line for each path; the same in a dry run. */
export function printChange(item: Item, output: Output): void {
  if (output.isJson || item.type !== 'change') return;
  const change = fieldText(item, 'change');
  const ending = fieldText(item, 'kind') === 'directory' ? '/' : '';
  const label = output.style(styles[change] ?? 'yellow', change.padEnd(7));
  output.print(`${label}  ${output.name(fieldText(item, 'path'))}${ending}`);
}

/** Says what was done and how to go back from it. `done`: `reverted`; `would`: `would revert`. */
export function changeBackEnd(
  { output, given }: Invocation,
  result: ChangeBackResult,
  [done, would]: readonly [done: string, would: string],
): CommandResult {
  const isDry = given.flag('dry-run');
  const { added, changed, removed, recorded, skipped, damaged, errors, before } = result;
  const counts = Object.entries({ added, changed, removed }).filter(([, amount]) => amount > 0);
  const text = counts.map(([name, amount]) => `${amount.toLocaleString('en-US')} ${name}`);
  const verb = isDry ? would : done;
  const what = text.length === 0 ? 'nothing to change' : `${verb}: ${text.join(', ')}`;
  const sentence = `${what} in ${formatSeconds(result.seconds)}`;
  if (isDry) output.print(sentence);
  else output.sum(sentence);
  if (recorded > 0) {
    const edits = count(recorded, 'change');
    output.say(
      isDry
        ? `${edits} not recorded yet would be recorded first`
        : `${edits} not recorded yet: recorded first`,
    );
  }
  if (before !== null && text.length > 0) {
    output.hint(`the state before: vault revert --at ${shortId(before)}`);
  }
  const left = skipped + errors;
  if (left > 0) output.warning(`${count(left, 'path')} could not be changed`);
  return {
    summary: { ...result, ...(isDry ? { dryRun: true } : {}) },
    exits: [damaged > 0 ? 22 : 0, left > 0 ? 3 : 0],
  };
}
