/**
 * When an answer leaves: a fixed time after the question, or a whole multiple of it where the work took
 * longer. How long the work took does not show.
 */
export function answerAt(askedMs: number, readyMs: number, gridMs: number): number {
  const steps = Math.max(1, Math.ceil((readyMs - askedMs) / gridMs));
  return askedMs + steps * gridMs;
}
