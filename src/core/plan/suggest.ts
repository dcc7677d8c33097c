/** `did you mean X?`, or undefined if nothing is near. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  const name = nearest(written, known);
  return name === undefined ? undefined : `did you mean ${name}?`;
}

/** The known name that was probably meant: at most a third of its letters wrong, two swapped letters counting as one. */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  if (written.length > 100) return undefined;
  let best: { name: string; distance: number } | undefined;
  for (const name of [...known].sort()) {
    if (Math.abs(name.length - written.length) > 4) continue;
    const distance = editDistance(written.toLowerCase(), name.toLowerCase());
    const near = distance <= Math.max(1, Math.floor(name.length / 3)) && distance < name.length;
    if (near && (best === undefined || distance < best.distance)) {
      best = { name, distance };
    }
  }
  return best?.name;
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
