/** Text as roff, in the requests of man(7) that groff and mandoc both know. */

/** Each character that roff or a man page reader would take for something else, written out. */
export function roffText(text: string): string {
  const escaped = text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll("'", String.raw`\(aq`)
    .replaceAll('`', String.raw`\(ga`)
    .replaceAll('^', String.raw`\(ha`)
    .replaceAll('~', String.raw`\(ti`)
    .replaceAll('…', '...')
    .replaceAll('→', '->');
  const ascii = escaped.replaceAll(/[^\x20-\x7e]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return String.raw`\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
  return ascii.startsWith('.') ? String.raw`\&` + ascii : ascii;
}

/** `text` in bold, without a break of its line; for what is typed as it stands. */
export function roffBold(text: string): string {
  return String.raw`\fB${roffText(text)}\fR`;
}

/** The argument of a request: quoted. */
export function roffArgument(text: string): string {
  return `"${roffText(text).replaceAll('"', String.raw`\(dq`)}"`;
}
