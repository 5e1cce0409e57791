/**
 * Keeps this process small. What a snapshot or restore makes is short-lived, but V8 lets its heap grow
 * to a share of the machine's memory before it looks for what is dead. The figures
 * are in docs/decisions/0007.
 */

import { setFlagsFromString } from 'node:v8';

/** To be called once, before anything heavy; has no effect on what is computed. */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50');
  setFlagsFromString('--semi-space-growth-factor=1');
}
