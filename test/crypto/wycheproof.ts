import { readVectors } from '../helpers/project.ts';

/** Tests of an extract, each with its number in Wycheproof; all values are as published. */
export function wycheproof<T>(name: string): readonly (T & { readonly tcId: number })[] {
  const { tests } = readVectors(`wycheproof-${name}.json`) as {
    readonly tests: readonly (T & { readonly tcId: number })[];
  };
  if (tests.length < 50) throw new Error(`only ${tests.length} tests in ${name}`);
  return tests;
}
