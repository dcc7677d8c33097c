/** A promise of DESIGN 2 that did not hold. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

/** Thrown so that fast-check makes the world smaller. */
export class Violated extends Error {
  constructor(
    readonly violations: readonly Violation[],
    readonly story: string,
  ) {
    super(`${violations.map(({ invariant, message }) => `${invariant}: ${message}`).join("\n")}\n\n${story}`);
  }
}
