/** Until when a Lease is held, as one number that two threads see at the same time. */
export type HeldCell = SharedArrayBuffer;

/** The clock all threads of a process share, in nanoseconds; `performance.now` counts from the start of each thread. */
const now = () => process.hrtime.bigint();

export function heldCell(): HeldCell {
  return new SharedArrayBuffer(8);
}

/**
 * Writes until when it is held.
 * @param left milliseconds from now; 0 or less = not any more
 */
export function holdFor(cell: HeldCell, left: number): void {
  const until = left > 0 ? now() + BigInt(Math.floor(left * 1e6)) : 0n;
  Atomics.store(new BigInt64Array(cell), 0, until);
}

/** Whether it is held now. Needs no message and no timer to have come: it is asked right before a write. */
export function isHeldNow(cell: HeldCell): boolean {
  return now() < Atomics.load(new BigInt64Array(cell), 0);
}
