/** `key` and `config`: the slots that open the home, and the settings of this node. */

import { VaultError } from '../errors.ts';
import { settingDefinitions, settingName, type SettingName } from '../home/settings.ts';
import type { KeyAddOptions } from './api.ts';
import type { OperationContext } from './operation.ts';
import type { Session } from './session.ts';
import { timeText } from './time-text.ts';

export async function listKeys(
  { home }: Session,
  context: OperationContext,
): Promise<{ readonly slots: number }> {
  const slots = home.slots();
  for (const { id, kind, label, createdMs } of slots) {
    context.emit({
      type: 'item',
      item: { type: 'slot', slot: id, kind, label, created: timeText(createdMs * 1000) },
    });
  }
  return { slots: slots.length };
}

export async function addKey(
  { home }: Session,
  options: KeyAddOptions,
): Promise<{ readonly slot: string }> {
  if (options.kind === 'passphrase') {
    if (options.passphrase === undefined) {
      throw new VaultError('VAULT_USAGE', 'a passphrase is needed');
    }
    const { passphrase } = options;
    const slot = await home.addSlot(
      { kind: 'passphrase', passphrase },
      options.label ?? 'passphrase',
    );
    return { slot: slot.id };
  }
  const file = options.file ?? home.layout.deviceKey;
  const slot = await home.addSlot({ kind: 'device-key', file }, options.label ?? 'device key');
  return { slot: slot.id };
}

/** Removes a slot by its id or a unique prefix of it. Throws `VAULT_NOT_FOUND`, `VAULT_USAGE`, `VAULT_REFUSED`. */
export async function removeKey(
  { home }: Session,
  given: string,
): Promise<{ readonly slot: string }> {
  const fitting = home.slots().filter(({ id }) => given.length >= 4 && id.startsWith(given));
  const [slot] = fitting;
  if (fitting.length > 1) {
    throw new VaultError(
      'VAULT_USAGE',
      `several key slots have an id that begins with ${JSON.stringify(given)}`,
    );
  }
  if (slot === undefined) {
    throw new VaultError('VAULT_NOT_FOUND', `there is no key slot ${JSON.stringify(given)}`, {
      hint: 'list them with: vault key list',
    });
  }
  await home.removeSlot(slot.id);
  return { slot: slot.id };
}

export type SettingValue = {
  readonly key: string;
  readonly value: string;
  readonly origin: 'set' | 'default';
};

export function getSetting({ home }: Session, key: string): SettingValue {
  const name = settingName(key);
  return { key: name, value: home.setting(name), origin: home.isSet(name) ? 'set' : 'default' };
}

export async function setSetting(
  session: Session,
  key: string,
  text: string,
): Promise<{ readonly key: string; readonly value: string }> {
  const name = settingName(key);
  const value = session.home.set(name, text);
  if (name === 'reserve') session.home.applyReserve();
  return { key: name, value };
}

export function listSettings(
  session: Session,
  context: OperationContext,
): { readonly settings: number } {
  const names = Object.keys(settingDefinitions) as SettingName[];
  for (const name of names) {
    context.emit({
      type: 'item',
      item: {
        type: 'setting',
        ...getSetting(session, name),
        about: settingDefinitions[name].about,
      },
    });
  }
  return { settings: names.length };
}
