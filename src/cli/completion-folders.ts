/** How completion scripts learn the names of folders: by asking vault, where that can ask nobody. */

/**
 * Words of a POSIX shell that print one name a line. Nothing is printed where the home needs a
 * passphrase that would have to be typed or fetched by a program, and where another process holds it.
 * Names with a quote or a backslash are left out.
 */
export const printFolders = [
  'env -u VAULT_PASSPHRASE_COMMAND -u VAULT_JSON',
  'vault --no-input --json folder list </dev/null 2>/dev/null',
  String.raw`| sed -n 's/^{"type":"folder",.*"name":"\([^"\\]*\)".*/\1/p'`,
].join(' ');
