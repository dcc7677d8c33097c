import type { Hold, Past, PastQuestion } from "./who-had.js";

/** How sure a ledger is. `possible` is no knowledge: it can neither be said nor denied. */
export type Certainty = "proved" | "likely" | "possible";

/**
 * Whether the Pod had the address at some moment of the time asked for. Proved: the operator saw it begin or saw it held,
 * watched, and had not seen it end. Likely: the same Pod had it before and after a gap, or when the ledger ends.
 * Possible: it began or ended in a gap that touches that time.
 */
export function certaintyOf(hold: Hold, past: Past, { first, last }: PastQuestion): Certainty {
  const { began, ended } = hold;
  const end = ended?.after ?? past.read!.last;
  const from = Math.max(first, began.at);
  const to = Math.min(last, end);
  // At the moment of a release that was seen the address is free; where a gap begins it was still seen held.
  if (from > to || (ended?.at === end && from === end)) {
    return ended === undefined && began.at <= last ? "likely" : "possible";
  }
  return hold.blind.some((span) => span.from < from && to < span.to) ? "likely" : "proved";
}

/** Whether the ledger can say that nobody had the address in all the time asked for. */
export function nobodyHad(past: Past, { last }: PastQuestion): boolean {
  return past.holds.length === 0 && past.blind.length === 0 && past.read !== undefined && past.read.last >= last;
}

/** Whether the ledger knows anything of the time asked for. */
export function isKnown(past: Past, question: PastQuestion): boolean {
  return nobodyHad(past, question) || past.holds.some((hold) => certaintyOf(hold, past, question) !== "possible");
}
