/** Items of type `result`, one for each folder of a command over several. */

import type { ErrorCode } from '../errors.ts';
import type { Item } from '../operations/operation.ts';
import { exitOfError, gravity } from './exit-codes.ts';
import { fieldText } from './item-text.ts';
import type { Output } from './output.ts';
import { shortId } from './units.ts';

/**
 * A folder that failed while others were done has a field `error` with `code`, `message` and maybe
 * `hint`. It is told as an error at once, and its exit code holds for the whole command.
 */
export class FolderResults {
  readonly #output: Output;
  readonly #render: (item: Item) => void;
  readonly #failed: number[] = [];
  #done = 0;

  constructor(output: Output, render: (item: Item) => void) {
    this.#output = output;
    this.#render = render;
  }

  /** Takes any item; other types are passed over. */
  take(item: Item): void {
    if (item.type !== 'result') return;
    const error = item['error'];
    if (typeof error !== 'object' || error === null) {
      this.#done++;
      this.#render(item);
      return;
    }
    const { code, message, hint } = error as Readonly<Record<string, unknown>>;
    const name = fieldText(item, 'name') || shortId(fieldText(item, 'folder'));
    this.#output.failed({
      message: `${name}: ${typeof message === 'string' ? message : 'failed'}`,
      hint: typeof hint === 'string' ? hint : undefined,
    });
    this.#failed.push(isErrorCode(code) ? exitOfError[code] : 1);
  }

  /** The exit codes that hold. Where one folder was done, another's plain failure is incompleteness: 3. */
  exits(): readonly number[] {
    if (this.#done === 0) return this.#failed;
    return this.#failed.map((code) => (gravity.includes(code) ? code : 3));
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(exitOfError, code);
}
