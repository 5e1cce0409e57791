/** What a home is made, opened and examined with, and what comes of it. Plain data. */

/** What opens a home. Exactly what was supplied is tried: nothing else is guessed. */
export type Secret =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'recovery-code'; readonly code: string }
  | { readonly kind: 'device-key'; readonly file: string };

export interface InitOptions {
  /** Absolute. */
  readonly home: string;
  readonly name?: string;
  readonly passphrase?: string;
  /** `true`: a device key file inside the home; a string: its absolute path. */
  readonly deviceKey?: boolean | string;
}
export interface InitResult {
  readonly node: string;
  readonly name: string;
  readonly home: string;
  readonly recoveryCode: string;
  readonly deviceKey: string | null;
}

export interface OpenOptions {
  /** Absolute. */
  readonly home: string;
  /**
   * Called once the home is found, before anything is locked or changed. `deviceKey` says whether a device key file of
   * this home is in place, so that nobody need be asked; undefined: only that file is tried.
   */
  readonly secret: (found: { readonly deviceKey: boolean }) => Promise<Secret | undefined>;
  /** How long to wait for the lock; 0: not at all. */
  readonly waitLockMs: number;
  /** Work for all processors will follow: threads start while the key is derived. Default false. */
  readonly heavy?: boolean;
  readonly signal: AbortSignal;
}

export interface DoctorOptions {
  /** Absolute; need not be there. */
  readonly home: string;
  /** What opens the home, where its device key is not in place. Undefined: what needs it open is left out. */
  readonly secret: Secret | undefined;
  readonly waitLockMs: number;
}
/** How many checks ended so; each was emitted as an item of type `check`. */
export interface DoctorResult {
  readonly ok: number;
  readonly warnings: number;
  readonly problems: number;
}
