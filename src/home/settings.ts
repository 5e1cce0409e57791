/** Settings of one node: known names, their defaults and what they accept. Sealed, kept twice. */

import { utf8 } from '../bytes.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import { VaultError } from '../errors.ts';
import { MAX_LABEL } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { readTwin, writeTwin } from '../store/twin-file.ts';
import type { FileSystem } from '../system/file-system.ts';

interface Definition {
  readonly fallback: string;
  readonly about: string;
  /** The value as it is kept, or undefined where the text is none. */
  readonly parse: (text: string) => string | undefined;
  readonly expected: string;
}

const MIB = 1024 * 1024;

function integer(min: number, max: number): Pick<Definition, 'parse' | 'expected'> {
  return {
    parse: (text) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? String(value) : undefined;
    },
    expected: `a whole number from ${min} to ${max}`,
  };
}

/** Every setting there is. */
export const settingDefinitions = {
  name: {
    fallback: '',
    about: 'what this node is called, here and on other nodes',
    parse: (text) => (isLabel(text) ? text : undefined),
    expected: `a name of 1 to ${MAX_LABEL} characters without control characters`,
  },
  compression: {
    fallback: '3',
    about: 'zstd level for new content; 0 stores it as it is',
    ...integer(0, 19),
  },
  workers: {
    fallback: '0',
    about: 'worker threads; 0 takes one for each processor',
    ...integer(0, 64),
  },
  rescan: {
    fallback: '3600',
    about:
      'seconds between looks at everything in a folder that is kept live, a quarter more or less',
    ...integer(10, 604_800),
  },
  listen: {
    fallback: '*:7420',
    about:
      'where connections of other nodes are taken: HOST:PORT, host * for all addresses; off for nowhere',
    parse: (text) => (text === 'off' || isListenAddress(text) ? text : undefined),
    expected: 'HOST:PORT, *:PORT or off',
  },
  reserve: {
    fallback: String(8 * MIB),
    about: 'bytes kept allocated so that a full disk can still be worked on; 0 for none',
    ...integer(0, 999_999_999),
  },
} as const satisfies Record<string, Definition>;

export type SettingName = keyof typeof settingDefinitions;

/** Settings that were set, by name. */
export type Settings = Readonly<Partial<Record<SettingName, string>>>;

/** As `net/address.ts` reads it. */
function isListenAddress(text: string): boolean {
  const port = Number(/^(?:\[[\da-fA-F:.%\w]+\]|[^:[\]/]+):(\d{1,5})$/.exec(text)?.[1]);
  return port <= 65_535;
}

/** Whether a text can be the name of a node or folder. */
export function isLabel(text: string): boolean {
  return (
    text.length > 0 &&
    text.length <= MAX_LABEL &&
    text.isWellFormed() &&
    text.trim() === text &&
    !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)
  );
}

/** The setting of that name. Throws `VAULT_USAGE` naming the known ones. */
export function settingName(name: string): SettingName {
  if (Object.hasOwn(settingDefinitions, name)) return name as SettingName;
  throw new VaultError('VAULT_USAGE', `unknown setting ${JSON.stringify(name)}`, {
    hint: `the settings are ${Object.keys(settingDefinitions).join(', ')}`,
  });
}

/** A valid value. Throws `VAULT_USAGE` naming the offending text. */
export function parseSetting(name: SettingName, text: string): string {
  const definition: Definition = settingDefinitions[name];
  const value = definition.parse(text);
  if (value === undefined) {
    throw new VaultError(
      'VAULT_USAGE',
      `${JSON.stringify(text)} is no value for ${name}: expected ${definition.expected}`,
    );
  }
  return value;
}

/** The value in force. */
export function effectiveSetting(settings: Settings, name: SettingName): string {
  return settings[name] ?? settingDefinitions[name].fallback;
}

const rowKey = utf8('vault v1 settings');

/** Settings kept at `path`. Throws `VAULT_DAMAGED` where they cannot be read. */
export function readSettings(fileSystem: FileSystem, path: string, key: SecretKey): Settings {
  const found = readTwin(fileSystem, path);
  if (found === undefined) return {};
  const text = Buffer.from(openRow(key, rowKey, found.content)).toString('utf8');
  const settings: Partial<Record<SettingName, string>> = {};
  for (const [name, value] of Object.entries(JSON.parse(text) as Record<string, string>)) {
    // A newer vault's settings are kept out of sight rather than refused.
    if (Object.hasOwn(settingDefinitions, name)) settings[name as SettingName] = value;
  }
  return settings;
}

export function writeSettings(
  fileSystem: FileSystem,
  path: string,
  key: SecretKey,
  random: RandomSource,
  settings: Settings,
): void {
  writeTwin(fileSystem, path, sealRow(key, rowKey, utf8(JSON.stringify(settings)), random));
}
