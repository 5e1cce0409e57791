/** What makes a directory a home: its format and id, in the clear, kept twice. */

import { utf8 } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { readTwin, writeTwin } from '../store/twin-file.ts';
import type { FileSystem } from '../system/file-system.ts';

const HOME_FORMAT = 1;
/** Features a home may name that this program knows. None so far. */
const knownFeatures: readonly string[] = [];

export interface HomeMarker {
  readonly format: number;
  readonly features: readonly string[];
  /** 32 hex digits, random. */
  readonly id: string;
}

/** Makes the directory a home: durable on return. */
export function writeHomeMarker(fileSystem: FileSystem, path: string, id: string): void {
  const marker = { magic: 'vault home', format: HOME_FORMAT, features: knownFeatures, id };
  writeTwin(fileSystem, path, utf8(`${JSON.stringify(marker)}\n`));
}

/**
 * The marker, or undefined where there is none. Throws `VAULT_FORMAT_UNSUPPORTED` naming the format or
 * feature that needs a newer vault, `VAULT_DAMAGED` where both copies are bad.
 */
export function readHomeMarker(fileSystem: FileSystem, path: string): HomeMarker | undefined {
  const found = readTwin(fileSystem, path);
  if (found === undefined) return undefined;
  const marker = parse(Buffer.from(found.content).toString('utf8'));
  if (marker === undefined) throw new VaultError('VAULT_DAMAGED', 'the home marker is malformed');
  if (marker.format > HOME_FORMAT) {
    throw unsupported(`home format ${marker.format}`, { format: marker.format });
  }
  const unknown = marker.features.find((feature) => !knownFeatures.includes(feature));
  if (unknown !== undefined) throw unsupported(`the feature ${unknown}`, { feature: unknown });
  return marker;
}

function parse(text: string): HomeMarker | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { magic, format, features, id } = value as Record<string, unknown>;
  if (magic !== 'vault home' || typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) {
    return undefined;
  }
  if (typeof format !== 'number' || !Number.isSafeInteger(format) || format < 1) return undefined;
  if (!Array.isArray(features) || !features.every((one) => typeof one === 'string')) {
    return undefined;
  }
  return { format, features, id };
}

function unsupported(what: string, details: Record<string, unknown>): VaultError {
  return new VaultError(
    'VAULT_FORMAT_UNSUPPORTED',
    `this home needs ${what}, which this vault does not know`,
    {
      hint: 'use a newer vault; nothing was changed',
      details,
    },
  );
}
