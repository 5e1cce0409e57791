/**
 * Feature flags: how a format that only grows tells older programs what they cannot read. A critical
 * flag must be known to read the whole; any other may be unknown, and is kept.
 */

import { asArray, asText, type CborValue } from '../codec.ts';
import { VaultError } from '../errors.ts';
import { MAX_FEATURE_LENGTH, MAX_FEATURES } from '../limits.ts';

/** Each list in ascending order. A name is lower-case letters, digits and `-`. */
export interface FeatureFlags {
  readonly critical: readonly string[];
  readonly optional: readonly string[];
}

export const noFeatures: FeatureFlags = { critical: [], optional: [] };

/** Every flag of log entries that this program knows: format 1 starts with none. */
export const knownEntryFeatures: ReadonlySet<string> = new Set();

export function featuresToValue(features: FeatureFlags): CborValue {
  return [[...features.critical], [...features.optional]];
}

/**
 * The flags of `value`. Throws `VAULT_FORMAT_UNSUPPORTED` naming the first critical one that is not
 * in `known`.
 */
export function asFeatures(value: CborValue | undefined, known: ReadonlySet<string>): FeatureFlags {
  const lists = asArray(value, 2, 2);
  const features = { critical: asNames(lists[0]), optional: asNames(lists[1]) };
  const unknown = features.critical.find((name) => !known.has(name));
  if (unknown !== undefined) throw unsupported(`feature ${unknown}`, { feature: unknown });
  return features;
}

/** What is thrown where bytes need a newer program; `what` says which part of them. */
export function unsupported(what: string, details: Readonly<Record<string, unknown>>): VaultError {
  return new VaultError('VAULT_FORMAT_UNSUPPORTED', `unknown ${what} in a log entry`, {
    hint: 'a newer version of vault wrote this: update vault',
    details,
  });
}

function asNames(value: CborValue | undefined): readonly string[] {
  let before = '';
  return asArray(value, 0, MAX_FEATURES).map((item) => {
    const name = asText(item, MAX_FEATURE_LENGTH);
    if (!/^[a-z0-9-]+$/.test(name) || name <= before) {
      throw new VaultError('VAULT_ENTRY_INVALID', 'malformed record: expected feature names');
    }
    before = name;
    return name;
  });
}
