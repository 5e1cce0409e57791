/** Whether a stream takes colour, and the few styles there are. */

export type StyleName = 'bold' | 'dim' | 'red' | 'yellow' | 'cyan' | 'green';

export type Style = (name: StyleName, text: string) => string;

const codes: Readonly<Record<StyleName, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  green: [32, 39],
};

/**
 * Decided per stream. Off with `--no-color` or a non-empty `NO_COLOR` (no-color.org), then on with
 * `FORCE_COLOR` (neither empty nor 0), then off with `TERM=dumb`, else on for a terminal.
 */
export function hasColor(
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
  noColor: boolean,
): boolean {
  if (noColor || (env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'] ?? '';
  if (forced !== '' && forced !== '0') return true;
  return isTerminal && env['TERM'] !== 'dumb';
}

/** Writes escape sequences (ECMA-48) around text, or nothing where colour is off. */
export function styleFor(color: boolean): Style {
  if (!color) return (_name, text) => text;
  return (name, text) => {
    const [on, off] = codes[name];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}
