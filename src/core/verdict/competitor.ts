/** Eligible pools by rank: a later rank is only tried when the earlier ones are full (A11). */
export type Ranks = readonly (readonly string[])[];

/** A number of Pods that are alike to all pools. */
export interface Competitor {
  /** What each tries when it starts; several where it may start on nodes that differ. None: it never starts anew. */
  readonly ways: readonly Ranks[];
  /** The pool they have an address of until they restart, even if it would not take them again. */
  readonly held?: string;
  readonly count: number;
}
