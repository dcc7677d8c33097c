/**
 * Comparisons that one list of names is worth: thousands of misspelt names beside thousands of right ones would cost the
 * product. Whoever has that many faults mends the first ones, and reads the rest without advice.
 */
const COMPARISONS = 100_000;

/** Names that somebody may have meant: sorted once, asked many times. */
export class KnownNames {
  readonly #names: ReadonlySet<string>;
  #sorted: readonly string[] | undefined;
  #left = COMPARISONS;

  constructor(names: Iterable<string>) {
    this.#names = new Set(names);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** The name that was probably meant: at most a third of its letters wrong, two swapped letters counting as one. */
  nearest(written: string): string | undefined {
    if (written.length > 100) return undefined;
    let best: { name: string; distance: number } | undefined;
    this.#sorted ??= [...this.#names].sort();
    for (const name of this.#sorted) {
      if (Math.abs(name.length - written.length) > 4) continue;
      if (this.#left-- <= 0) return undefined;
      const distance = editDistance(written.toLowerCase(), name.toLowerCase());
      const near = distance <= Math.max(1, Math.floor(name.length / 3)) && distance < name.length;
      if (near && (best === undefined || distance < best.distance)) best = { name, distance };
    }
    return best?.name;
  }

  /** `did you mean X?`, or undefined if nothing is near. */
  didYouMean(written: string): string | undefined {
    const name = this.nearest(written);
    return name === undefined ? undefined : `did you mean ${name}?`;
  }
}

/** `did you mean X?`, or undefined if nothing is near. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  return new KnownNames(known).didYouMean(written);
}

/** The known name that was probably meant, or undefined if nothing is near. */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  return new KnownNames(known).nearest(written);
}

/** Insertions, deletions, changes and swaps of neighbours that lead from one word to the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
