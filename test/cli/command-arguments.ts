/** Words that make a command do its work, where it needs any. */
export const argumentsOf: Readonly<Record<string, readonly string[]>> = {
  'key add': ['--device-key'],
  'key remove': ['1'],
  'key change-passphrase': ['--new-passphrase-file', '/new'],
  'config get': ['reserve'],
  'config set': ['reserve', '8M'],
  'folder add': ['.'],
  'folder show': ['docs'],
  'folder set': ['docs', 'a=b'],
  'folder remove': ['docs', '-n'],
  diff: ['yesterday', '-p'],
  restore: ['--to', 'd', '-n'],
  revert: ['--at', 'yesterday'],
  show: ['3f9a'],
  find: ['*.md'],
};
