/** What to do about a chunk: nothing (it is stored or staged), bring it, or nothing as somebody else will. */
export const want = { nothing: 0, bring: 1, promised: 2 } as const;
