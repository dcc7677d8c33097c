import { mergePatchBetween } from "../change/merge-patch.js";
import type { KubeObject } from "../spiderpool/objects.js";

/** One field of an object as somebody else left it. */
export interface Edit {
  /** Field manager, `kubectl-edit`; `somebody` where it is not known. */
  readonly writer: string;
  /** Path of the field, `spec.ips`; empty for the object itself, when it was deleted. */
  readonly field: string;
  /** JSON, cut where it is long. */
  readonly value: string;
}

/** One undoing of what somebody else did to an object. */
interface Heal {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly undone: readonly Edit[];
}

/** How objects were healed of late, by `objectKey`; oldest first. */
export type Heals = ReadonlyMap<string, readonly Heal[]>;

/**
 * Heals of one field within a while that make a fight of it, and that while in milliseconds. Three edits that people make
 * are no fight: a controller writes the same value back, or goes on for longer than people do.
 */
const FIGHT = { sameValue: 3, sameField: 6, within: 600_000 };
/** The longest an object is left to the other side, in milliseconds. */
const LONGEST_TRUCE = 300_000;
const FIRST_TRUCE = 15_000;
/** Of a change that touches more fields the rest is not remembered; nor is the rest of a long value. */
const MOST = { edits: 100, value: 500 };

/** One object that somebody else keeps writing back. */
export interface Fight {
  readonly object: string;
  readonly writer: string;
  /** How often the same field was undone in the last while. */
  readonly heals: number;
  /** When it is healed again; each time later than the time before. */
  readonly until: number;
}

/** The fields somebody changed; `after` is undefined when the object was deleted. */
export function editsBetween(before: KubeObject, after: KubeObject | undefined, writer: string): Edit[] {
  if (after === undefined) return [{ writer, field: "", value: "deleted" }];
  const patch = mergePatchBetween(ofPlan(before), ofPlan(after));
  return leaves("", patch)
    .slice(0, MOST.edits)
    .map(([field, value]) => ({ writer, field, value: JSON.stringify(value).slice(0, MOST.value) }));
}

/** Remembers that objects were healed now, and forgets what is long ago. */
export function withHeals(heals: Heals, healed: ReadonlyMap<string, readonly Edit[]>, now: number): Heals {
  const kept = new Map<string, readonly Heal[]>();
  for (const [object, all] of heals) {
    const recent = all.filter(({ time }) => now - time < FIGHT.within);
    if (recent.length > 0) kept.set(object, recent);
  }
  for (const [object, undone] of healed) kept.set(object, [...(kept.get(object) ?? []), { time: now, undone }]);
  return kept;
}

/** Objects that are fought over: writing them at once again would only go on for ever (as Config Sync's KNV2005). */
export function fightsAt(heals: Heals, now: number): Fight[] {
  return [...heals].flatMap(([object, all]) => {
    const recent = all.filter(({ time }) => now - time < FIGHT.within);
    const worst = worstOf(recent);
    if (worst === undefined) return [];
    const truce = Math.min(LONGEST_TRUCE, FIRST_TRUCE * 2 ** worst.beyond);
    const until = worst.last + truce;
    return now < until ? [{ object, writer: worst.writer, heals: worst.count, until }] : [];
  });
}

interface Repeated {
  readonly writer: string;
  readonly count: number;
  /** How many more than make a fight. */
  readonly beyond: number;
  readonly last: number;
}

/** What one writer wrote back most often beyond what is still no fight. */
function worstOf(heals: readonly Heal[]): Repeated | undefined {
  const counts = new Map<string, Repeated>();
  const add = (key: string, { writer }: Edit, time: number, enough: number) => {
    const count = (counts.get(key)?.count ?? 0) + 1;
    counts.set(key, { writer, count, beyond: count - enough, last: time });
  };
  for (const { time, undone } of heals) {
    // Within one undoing a field counts once, however often it was written before.
    const values = new Map(undone.map((edit) => [JSON.stringify([edit.writer, edit.field, edit.value]), edit]));
    const fields = new Map(undone.map((edit) => [JSON.stringify([edit.writer, edit.field]), edit]));
    for (const [key, edit] of values) add(key, edit, time, FIGHT.sameValue);
    for (const [key, edit] of fields) add(key, edit, time, FIGHT.sameField);
  }
  let worst: Repeated | undefined;
  for (const one of counts.values()) {
    if (one.beyond >= 0 && (worst === undefined || one.beyond > worst.beyond)) worst = one;
  }
  return worst;
}

/** All that a plan may say of an object. */
function ofPlan({ spec = {}, metadata: { labels = {}, annotations = {} } }: KubeObject): unknown {
  return { spec, labels, annotations };
}

function leaves(path: string, value: unknown): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value === undefined ? [] : [[path, value]];
  }
  return Object.entries(value).flatMap(([key, part]) => leaves(path === "" ? key : `${path}.${key}`, part));
}
