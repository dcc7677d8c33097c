import { reservedSets } from "../../core/allocate/quarantine.js";
import type { Step } from "../../core/change/step.js";
import { familyOf } from "../../core/ip/address.js";
import { parseRange } from "../../core/ip/range.js";
import { contains, EMPTY, formatRangeSet, intersect, type RangeSet, subtract, union } from "../../core/ip/range-set.js";
import { KINDS, type KubeObject, OWN, type SpiderReservedIP } from "../../core/spiderpool/objects.js";

/**
 * The step that takes addresses out of quarantine again because the pool that should have released them still has
 * them (DESIGN 7: "denied or in use = un-reserve").
 * @param reserving a step of this run that put a quarantine's SpiderReservedIP
 * @param live the reservation as our last write left it
 * @param kept what stays in its pool
 * @returns undefined when this reservation did not gain any of them in this run
 */
export function undoQuarantine(reserving: Step, live: KubeObject | undefined, kept: RangeSet): Step | undefined {
  if (reserving.kind !== KINDS.SpiderReservedIP || live === undefined || kept.length === 0) return undefined;
  const text = live.metadata.annotations?.[OWN.quarantine];
  if (text === undefined) return undefined;
  const family = familyOf(kept[0]!.first);
  const before = reserving.live === undefined ? EMPTY : ofFamily(reserving.live, family);
  const undone = intersect(subtract(ofFamily(live, family), before), kept);
  if (undone.length === 0) return undefined;
  const left = subtract(ofFamily(live, family), undone);
  const other = ofFamily(live, family === 4 ? 6 : 4);
  const patch = {
    metadata: { annotations: { [OWN.quarantine]: withoutRecords(text, undone) } },
    spec: { ips: [...formatRangeSet(union(left)), ...formatRangeSet(other)] },
  };
  return { ...reserving, action: "update", live, patch, reason: "the addresses stay in their pool" };
}

function ofFamily(object: KubeObject, family: 4 | 6): RangeSet {
  const sets = reservedSets(object as SpiderReservedIP);
  return family === 4 ? sets.v4 : sets.v6;
}

function withoutRecords(text: string, undone: RangeSet): string {
  let records: Record<string, unknown>;
  try {
    records = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return text;
  }
  const family = familyOf(undone[0]!.first);
  const stays = ([key]: [string, unknown]) => {
    const first = parseRange(key)?.first;
    return first === undefined || familyOf(first) !== family || !contains(undone, first);
  };
  return JSON.stringify(Object.fromEntries(Object.entries(records).filter(stays)));
}
