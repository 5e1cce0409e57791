/** Fields of items as text: items are open records, so nothing is taken for granted. */

import type { Item } from '../operations/operation.ts';

/** A field as text: empty where absent, JSON where it is neither text nor number. */
export function fieldText(item: Item, name: string): string {
  const value = item[name];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : JSON.stringify(value);
}

/** A field that is a number; 0 where it is none. */
export function fieldNumber(item: Item, name: string): number {
  const value = item[name];
  return typeof value === 'number' ? value : 0;
}

/** A list field as texts: of an element that is a record, its `message`, else its JSON. */
export function fieldTexts(item: Item, name: string): string[] {
  const value = item[name];
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) => {
    if (typeof one === 'string') return one;
    if (typeof one === 'object' && one !== null && 'message' in one) {
      if (typeof one.message === 'string') return one.message;
    }
    return JSON.stringify(one);
  });
}
