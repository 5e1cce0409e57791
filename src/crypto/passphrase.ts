/** Passphrases as bytes. */

import { utf8 } from '../bytes.ts';
import { VaultError } from '../errors.ts';

/**
 * What a passphrase feeds to scrypt: UTF-8 of its NFC form (Unicode TR 15), so that one typed on
 * another keyboard or system is the same. Nothing is trimmed.
 *
 * Throws `VAULT_USAGE` for an empty passphrase, one with a NUL, or one that is not Unicode text.
 */
export function passphraseBytes(passphrase: string): Uint8Array {
  if (passphrase.length === 0) throw new VaultError('VAULT_USAGE', 'the passphrase is empty');
  if (passphrase.includes('\0')) {
    throw new VaultError('VAULT_USAGE', 'the passphrase contains a NUL');
  }
  if (!passphrase.isWellFormed()) {
    throw new VaultError('VAULT_USAGE', 'the passphrase is not Unicode text');
  }
  return utf8(passphrase.normalize('NFC'));
}
