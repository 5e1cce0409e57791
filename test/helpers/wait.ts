import { setTimeout as pause } from 'node:timers/promises';

/** Returns once `holds` does. Throws after `seconds`, naming what was waited for. */
export async function eventually(what: string, holds: () => boolean, seconds = 30): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await pause(2);
  }
}
