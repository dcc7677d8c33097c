import { type Address, nextAddress, offsetAddress, previousAddress } from "../ip/address.js";
import { type Range, rangeSize } from "../ip/range.js";
import type { RangeSet } from "../ip/range-set.js";

/**
 * The free addresses of one subnet while owners are served one after another. Unlike a RangeSet it changes in place:
 * giving away one block costs a binary search and a splice, however many runs there are, and the smallest run that
 * fits is found by an index of run lengths.
 */
export class FreeSet {
  readonly #runs: Range[];
  /** Distinct run lengths, ascending, and the starts of the runs of each, ascending. */
  readonly #lengths: number[] = [];
  readonly #starts = new Map<number, Address[]>();

  constructor(set: RangeSet) {
    this.#runs = [...set];
    for (const run of set) this.#index(run);
  }

  /** The free runs, ascending; valid until the next change. */
  get runs(): RangeSet {
    return this.#runs;
  }

  /** The free run an address lies in. */
  runAt(address: Address): Range | undefined {
    const run = this.#runs[this.#firstEndingAt(address)];
    return run !== undefined && run.first <= address ? run : undefined;
  }

  /** The smallest run of at least `count` addresses, the lowest of equals. */
  bestFit(count: number): Range | undefined {
    const length = this.#lengths[lowerBound(this.#lengths, count)];
    if (length === undefined) return undefined;
    return this.runAt(this.#starts.get(length)![0]!);
  }

  /** The lowest `count` free addresses at or behind `from`, or as many as there are. */
  lowest(count: number, from: Address | undefined = undefined): RangeSet {
    const taken: Range[] = [];
    let left = count;
    for (let i = from === undefined ? 0 : this.#firstEndingAt(from); i < this.#runs.length && left > 0; i++) {
      const run = this.#runs[i]!;
      const first = from !== undefined && run.first < from ? from : run.first;
      const length = rangeSize({ first, last: run.last });
      taken.push({ first, last: length <= left ? run.last : offsetAddress(first, left - 1) });
      left -= length;
    }
    return taken;
  }

  /** Takes addresses that are all free. */
  remove(set: RangeSet): void {
    for (const range of set) {
      const at = this.#firstEndingAt(range.first);
      const run = this.#runs[at]!;
      const left: Range[] = [];
      if (run.first < range.first) left.push({ first: run.first, last: previousAddress(range.first)! });
      if (range.last < run.last) left.push({ first: nextAddress(range.last)!, last: run.last });
      this.#replace(at, 1, left);
    }
  }

  /** Gives back addresses of which none is free. */
  add(set: RangeSet): void {
    for (const range of set) {
      let { first, last } = range;
      let at = this.#firstEndingAt(first);
      let touching = 0;
      const after = this.#runs[at];
      const before = this.#runs[at - 1];
      if (after !== undefined && after.first === nextAddress(last)) {
        last = after.last;
        touching++;
      }
      if (before !== undefined && nextAddress(before.last) === first) {
        first = before.first;
        at--;
        touching++;
      }
      this.#replace(at, touching, [{ first, last }]);
    }
  }

  #replace(at: number, count: number, runs: readonly Range[]): void {
    // few: what is left of one run, or the one that takes its neighbours in
    for (const old of this.#runs.splice(at, count, ...runs)) this.#unindex(old);
    for (const run of runs) this.#index(run);
  }

  #index(run: Range): void {
    const length = rangeSize(run);
    const starts = this.#starts.get(length);
    if (starts !== undefined) starts.splice(lowerBound(starts, run.first), 0, run.first);
    else {
      this.#starts.set(length, [run.first]);
      this.#lengths.splice(lowerBound(this.#lengths, length), 0, length);
    }
  }

  #unindex(run: Range): void {
    const length = rangeSize(run);
    const starts = this.#starts.get(length)!;
    starts.splice(lowerBound(starts, run.first), 1);
    if (starts.length > 0) return;
    this.#starts.delete(length);
    this.#lengths.splice(lowerBound(this.#lengths, length), 1);
  }

  #firstEndingAt(address: Address): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#runs[middle]!.last < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first element that is not below the value. */
function lowerBound<T extends Address>(sorted: readonly T[], value: T): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
