/** Times at which one object was healed, in milliseconds since 1970, by `objectKey`; oldest first. */
export type Heals = ReadonlyMap<string, readonly number[]>;

/** Heals of one object within a while that make a fight of it, and that while in milliseconds. */
const FIGHT = { heals: 3, within: 600_000 };
/** The longest an object is left to the other side, in milliseconds. */
const LONGEST_TRUCE = 300_000;
const FIRST_TRUCE = 15_000;

/** One object that somebody else keeps writing back. */
export interface Fight {
  readonly object: string;
  /** Heals in the last while. */
  readonly heals: number;
  /** When it is healed again; each time later than the time before. */
  readonly until: number;
}

/** Remembers that objects were healed now, and forgets what is long ago. */
export function withHeals(heals: Heals, objects: readonly string[], now: number): Heals {
  const kept = new Map<string, readonly number[]>();
  for (const [object, times] of heals) {
    const recent = times.filter((time) => now - time < FIGHT.within);
    if (recent.length > 0) kept.set(object, recent);
  }
  for (const object of new Set(objects)) kept.set(object, [...(kept.get(object) ?? []), now]);
  return kept;
}

/** Objects that are fought over: writing them at once again would only go on for ever (as Config Sync's KNV2005). */
export function fightsAt(heals: Heals, now: number): Fight[] {
  return [...heals].flatMap(([object, times]) => {
    const recent = times.filter((time) => now - time < FIGHT.within);
    if (recent.length < FIGHT.heals) return [];
    const truce = Math.min(LONGEST_TRUCE, FIRST_TRUCE * 2 ** (recent.length - FIGHT.heals));
    const until = recent.at(-1)! + truce;
    return now < until ? [{ object, heals: recent.length, until }] : [];
  });
}
