/** The type byte of every record of an entry, as the entry lists it and its seal binds it. */

/** 0 is the block of links. 1 … 127 are records; an unknown one is kept and passed over. */
export const recordType = {
  links: 0,
  version: 1,
  snapshot: 2,
  logStart: 3,
  member: 4,
  rotation: 5,
  checkpoint: 6,
  dropSet: 7,
} as const;

export const MAX_RECORD_TYPE = 127;
