/** The results kept in the benchmark's own page. */

const BEGIN = '<!-- results: written by --write-readme -->';
const END = '<!-- end of results -->';

/** The page with `results` in the place of those before. Throws `RangeError` where it marks no place. */
export function withResults(page: string, results: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new RangeError(`expected a page with ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${results.trim()}\n\n${page.slice(end)}`;
}
