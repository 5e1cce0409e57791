/** A line typed on a terminal that neither echoes nor interprets: the few keys that edit it. */

import { StringDecoder } from 'node:string_decoder';

export type EditorState = 'open' | 'done' | 'interrupted' | 'ended';

/** Takes bytes as they come; keys cut between two reads are put together. */
export class LineEditor {
  readonly #decoder = new StringDecoder('utf8');
  readonly #characters: string[] = [];
  state: EditorState = 'open';

  get text(): string {
    return this.#characters.join('');
  }

  /**
   * Enter ends the line, Ctrl-C interrupts, Ctrl-D on an empty line ends the input, Backspace takes
   * one character away, Ctrl-U all. Other control characters are ignored.
   */
  type(bytes: Uint8Array): void {
    for (const character of this.#decoder.write(Buffer.from(bytes))) {
      if (this.state !== 'open') return;
      this.#key(character);
    }
  }

  #key(character: string): void {
    const code = character.codePointAt(0) ?? 0;
    if (character === '\r' || character === '\n') this.state = 'done';
    else if (code === 0x03) this.state = 'interrupted';
    else if (code === 0x04) {
      if (this.#characters.length === 0) this.state = 'ended';
    } else if (code === 0x7f || code === 0x08) this.#characters.pop();
    else if (code === 0x15) this.#characters.length = 0;
    else if (code >= 0x20) this.#characters.push(character);
  }
}
