/** Patterns of `--include` and `--exclude`: `*`, `?`, `[…]` within a name, `**` across names. */

/**
 * Whether a path (names with `/` between) matches. A pattern without `/` matches a name at any depth,
 * one with `/` the whole path from the folder's root; either also matches everything below a directory
 * it names.
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  const anchored = pattern.replace(/^\/+|\/+$/g, '');
  const source = anchored
    .split('/')
    .map(nameSource)
    .join('/')
    .replaceAll('\0/', '(?:.*/)?')
    .replaceAll('\0', '.*');
  const prefix = anchored.includes('/') || pattern.startsWith('/') ? '^' : '(?:^|/)';
  const expression = new RegExp(`${prefix}${source}(?:/|$)`, 's');
  return (path) => expression.test(path);
}

function nameSource(name: string): string {
  if (name === '**') return '\0';
  let source = '';
  for (let at = 0; at < name.length; at++) {
    const character = name[at] ?? '';
    const close = character === '[' ? name.indexOf(']', at + 2) : -1;
    if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (close > 0) {
      const inside = name.slice(at + 1, close).replaceAll('\\', '\\\\');
      source += `[${inside.startsWith('!') ? `^${inside.slice(1)}` : inside}]`;
      at = close;
    } else source += character.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  }
  return source;
}
