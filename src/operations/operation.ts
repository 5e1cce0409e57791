/**
 * What every operation is called with: where, and to whom it speaks on the way. Plain data but for the
 * calls of {@link OperationContext}. Sizes are bytes, times RFC 3339 UTC, ids hex.
 */

/** What happens on the way. Items are results, in order; the rest is for people. */
export type OperationEvent =
  | {
      readonly type: 'progress';
      readonly phase: string;
      readonly files: number;
      readonly bytes: number;
      readonly totalFiles?: number;
      readonly totalBytes?: number;
    }
  | { readonly type: 'item'; readonly item: Item }
  | { readonly type: 'warning'; readonly message: string; readonly path?: string };

/** One line of a result; `type` says which (`file`, `snapshot`, `slot`, …), as in CLI.md and docs/json. */
export type Item = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A question only a person can answer. `ask` gives undefined where nobody can be asked. */
export interface Question {
  readonly kind: 'confirm';
  readonly text: string;
}

export interface OperationContext {
  /** Aborting ends the operation soon; everything durable stays so. */
  readonly signal: AbortSignal;
  emit(event: OperationEvent): void;
  /**
   * Resolves once whoever is told can take more; undefined, or not there: at once. To be awaited between
   * items of which there may be any number.
   */
  ready?(): Promise<void> | undefined;
  /** True: go on. False: do not. Undefined: nobody to ask (then safety rules refuse with 23). */
  confirm(question: Question): Promise<boolean | undefined>;
}

/** Where a folder is meant: name, id, unique id prefix, or a path inside a working copy. */
export type FolderArgument = string;

export interface PathSelection {
  /** Given with -f. */
  readonly folder?: FolderArgument;
  /** As typed; relative to `cwd` when that lies inside the working copy, else to the folder's root. */
  readonly paths: readonly string[];
  /** Absolute current directory of the caller. */
  readonly cwd: string;
}
