/** The cases by name, in the order in which they run, each with what it does. */
export const cases = {
  'first-tree': 'first snapshot of the tree',
  'unchanged-tree': 'snapshot of the tree with nothing changed since the one before',
  'list-snapshots': 'list the snapshots: the start of the program and its key derivation',
  'verify-tree': 'read and check everything stored of the tree',
  'restore-tree': 'restore the tree',
  'first-large': 'first snapshot of one incompressible file of 2 GiB',
  'insert-large': 'snapshot after 5 bytes were inserted in the middle of that file',
  'restore-large': 'restore that file',
  'next-release': 'snapshot after the tree was replaced by its next release',
  'first-mixed': 'first snapshot of generated photos, films, mail and documents',
  'restore-mixed': 'restore those',
  'many-tables': 'write to a store of 200,000 tables, beside an empty one',
} as const;

export type CaseName = keyof typeof cases;

export const caseNames = Object.keys(cases) as CaseName[];

export function isCaseName(name: string): name is CaseName {
  return Object.hasOwn(cases, name);
}
