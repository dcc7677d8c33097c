/** Work that may take longer than anybody waits, and on whose behalf it is done. */
export interface DeadlinedWork {
  /** `namespace/name`. */
  readonly planSync: string;
  readonly what: "reading" | "planning" | "deleting";
  /** What it works on: the same again would take as long again. */
  readonly on: string;
}

/** The same work was cut off before: it is not begun again yet. */
export class CutOff extends Error {
  override readonly name = "CutOff";
}

/**
 * Watches over work that cannot be interrupted by itself. Whoever carries it out says when it begins and when it has ended; one
 * that does not end is cut off from outside, together with all that runs beside it, and refused when it comes again.
 */
export interface Deadlines {
  /** Carries synchronous work out. @throws CutOff when this very work was cut off of late */
  run<T>(work: DeadlinedWork, carryOut: () => T): T;
  /** The same for work with pauses; one at a time, so that it is known which one does not end. Rejects with CutOff likewise. */
  runAsync<T>(work: DeadlinedWork, carryOut: () => Promise<T>): Promise<T>;
}

/** Nobody watches: in one thread nobody could cut anything off. */
export const NO_DEADLINES: Deadlines = {
  run: (_work, carryOut) => carryOut(),
  runAsync: (_work, carryOut) => carryOut(),
};
