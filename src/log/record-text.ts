/** Texts of records. */

import { invalid } from './link.ts';

/** `text` itself. Throws `VAULT_ENTRY_INVALID` where a lone surrogate would be lost in UTF-8. */
export function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw invalid('a text without lone surrogates');
  return text;
}
