/** What is told of a failure that did not end what was being done. */

/** One sentence without a full stop. */
export function failureText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
