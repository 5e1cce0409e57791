/** One line of progress on a terminal's standard error, at most ten times a second. */

import type { Clock } from '../clock.ts';
import { systemCode } from '../errors.ts';
import type { OperationEvent } from '../operations/operation.ts';
import type { OutputStream } from './context.ts';
import { visibleText } from './display-text.ts';
import { count, formatBytes } from './units.ts';

/** Milliseconds between two drawings of the line. */
const PROGRESS_INTERVAL_MS = 100;

type ProgressEvent = Extract<OperationEvent, { readonly type: 'progress' }>;

/** Draws at once, then as often as allowed, the newest state always in the end. */
export class Progress {
  readonly #stream: OutputStream;
  readonly #clock: Clock;
  readonly #enabled: boolean;
  #text = '';
  #isShown = false;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  /** Where not `enabled` nothing is ever written. */
  constructor(stream: OutputStream, clock: Clock, enabled: boolean) {
    this.#stream = stream;
    this.#clock = clock;
    this.#enabled = enabled;
  }

  /** Replaces the line. */
  show(text: string): void {
    if (!this.#enabled) return;
    this.#text = text;
    const wait = this.#drawnAt + PROGRESS_INTERVAL_MS - this.#clock.monotonicMs();
    if (wait <= 0) this.#draw();
    else this.#cancelTimer ??= this.#clock.timer(wait, () => this.#draw());
  }

  update(event: ProgressEvent): void {
    if (this.#enabled) this.show(progressText(event));
  }

  /** Takes the line away so that something else can be written; the next {@link show} brings it back. */
  clear(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
    this.#write('\r\u001b[K');
  }

  #draw(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#drawnAt = this.#clock.monotonicMs();
    this.#isShown = true;
    const room = Math.max(10, (this.#stream.columns || 80) - 1);
    const text = visibleText(`vault: ${this.#text}`);
    const line = text.length > room ? `${text.slice(0, room - 1)}…` : text;
    this.#write(`\r${line}\u001b[K`);
  }

  #write(text: string): void {
    try {
      this.#stream.write(Buffer.from(text));
    } catch (error) {
      if (systemCode(error) === undefined) throw error; // a closed terminal needs no progress
    }
  }
}

/** `snapshot: 1,204 of 50,112 files, 12.1 MiB of 1.20 GiB, 1 %`. */
function progressText(event: ProgressEvent): string {
  const { phase, files, bytes, totalFiles, totalBytes } = event;
  const parts: string[] = [];
  if (totalFiles !== undefined) {
    parts.push(`${files.toLocaleString('en-US')} of ${count(totalFiles, 'file')}`);
  } else if (files > 0) parts.push(count(files, 'file'));
  if (totalBytes !== undefined) {
    parts.push(`${formatBytes(bytes)} of ${formatBytes(totalBytes)}`);
    if (totalBytes > 0) parts.push(`${Math.min(100, Math.floor((100 * bytes) / totalBytes))} %`);
  } else if (bytes > 0) parts.push(formatBytes(bytes));
  return parts.length === 0 ? phase : `${phase}: ${parts.join(', ')}`;
}
