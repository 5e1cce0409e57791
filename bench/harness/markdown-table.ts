/** Tables as Markdown has them, with columns as wide as their cells. */

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly align?: 'right';
}

/** Throws `RangeError` where a row has not one cell for each column. */
export function markdownTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  for (const row of rows) {
    if (row.length !== columns.length) {
      throw new RangeError(`expected ${columns.length} cells, got ${row.length}`);
    }
  }
  const widths = columns.map(({ title }, at) =>
    Math.max(3, ...[title, ...rows.map((row) => row[at] ?? '')].map((cell) => cell.length)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, at) =>
      columns[at]?.align === 'right'
        ? cell.padStart(widths[at] ?? 0)
        : cell.padEnd(widths[at] ?? 0),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = columns.map(({ align }, at) => {
    const dashes = '-'.repeat(widths[at] ?? 3);
    return align === 'right' ? `${dashes.slice(1)}:` : dashes;
  });
  return [line(columns.map(({ title }) => title)), line(rule), ...rows.map(line)].join('\n');
}
