import { recordsOf, recordsText, reservedSets } from "../../core/allocate/quarantine.js";
import type { Step } from "../../core/change/step.js";
import { familyOf } from "../../core/ip/address.js";
import { clip, EMPTY, formatRangeSet, intersect, type RangeSet, rangeSet, subtract } from "../../core/ip/range-set.js";
import { type KubeObject, OWN, type SpiderReservedIP } from "../../core/spiderpool/objects.js";
import { beginningRest } from "./start-rest.js";

/**
 * The step that takes addresses out of quarantine again because the pool that should have released them still has
 * them (DESIGN 7: "denied or in use = un-reserve").
 * @param reserving a step of this run that put a quarantine's SpiderReservedIP
 * @param live the reservation as our last write left it
 * @param kept what stays in its pool; one family
 * @returns undefined when the rest of none of them began in this run
 */
export function undoQuarantine(reserving: Step, live: KubeObject | undefined, kept: RangeSet): Step | undefined {
  if (live === undefined || kept.length === 0) return undefined;
  const family = familyOf(kept[0]!.first);
  const begun = rangeSet(
    beginningRest(reserving)
      .map(({ range }) => range)
      .filter((range) => familyOf(range.first) === family),
  );
  const { v4, v6 } = reservedSets(live as SpiderReservedIP);
  const undone = intersect(intersect(begun, kept), family === 4 ? v4 : v6);
  if (undone.length === 0) return undefined;
  const left = subtract(family === 4 ? v4 : v6, undone);
  const ips = [...formatRangeSet(left), ...formatRangeSet(family === 4 ? v6 : v4)];
  const records = recordsOf(live).flatMap((record) => {
    if (familyOf(record.range.first) !== family) return [record];
    return subtract([record.range], clip([record.range], undone)).map((range) => ({ ...record, range }));
  });
  const annotations = { [OWN.quarantine]: recordsText(records) };
  const patch = { metadata: { annotations }, spec: { ips: ips.length > 0 ? ips : null } };
  const reason = "the addresses stay in their pool";
  const metadata = { ...live.metadata, annotations: { ...live.metadata.annotations, ...annotations } };
  const object = { ...live, metadata };
  return { ...reserving, action: "update", object, live, patch, added: EMPTY, removed: undone, reason };
}
