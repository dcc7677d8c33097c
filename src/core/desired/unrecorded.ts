import { listed } from "../allocate/text.js";
import type { DesiredObject } from "../change/desired-object.js";
import { isOrphaned } from "../cluster/lifecycle.js";
import type { Diagnostic } from "../diagnostics.js";
import { type Family, familyOf } from "../ip/address.js";
import { addressesOf, addressSet, clip, formatRangeSet, type RangeSet, rangeSet, subtract } from "../ip/range-set.js";
import { deletingThem } from "../leftover-endpoints.js";
import type { Snapshot } from "../snapshot.js";
import { effectiveSet } from "../spiderpool/canonical.js";
import type { SpiderIPPool } from "../spiderpool/objects.js";
import { podShown } from "../usage.js";

/**
 * The desired pools without addresses that somebody has unrecorded and that no pool offers any more: of a pool that is made
 * again after it vanished from the store Spiderpool knows no users, and gives their addresses to the next Pods (T1, A14).
 * Each joins its pool when it was given back, or is recorded again.
 */
export function withoutUnrecorded(
  { objects, diagnostics }: { readonly objects: DesiredObject[]; readonly diagnostics: Diagnostic[] },
  snapshot: Snapshot,
): { objects: DesiredObject[]; diagnostics: Diagnostic[] } {
  const unrecorded = addressesBetweenPools(snapshot);
  if (unrecorded[4].length + unrecorded[6].length === 0) return { objects, diagnostics };
  const told: Diagnostic[] = [];
  const left = objects.map((desired): DesiredObject => {
    const pool = desired.object as SpiderIPPool;
    const wanted = effectiveSet(pool.spec);
    const kept = clip(wanted, unrecorded[typeof wanted[0]?.first === "bigint" ? 6 : 4]);
    if (kept.length === 0) return desired;
    told.push(diagnostic(desired, kept, snapshot));
    const spec = { ...pool.spec, ips: formatRangeSet(subtract(wanted, kept)) };
    return { ...desired, object: { ...desired.object, spec } };
  });
  return { objects: left, diagnostics: [...diagnostics, ...told] };
}

/** What is in use without a record and offered by no pool; what a live pool offers is its own, its record late or lost. */
function addressesBetweenPools({ pools, use }: Snapshot): Readonly<Record<Family, RangeSet>> {
  if (use.unrecorded.size === 0) return { 4: [], 6: [] };
  const offered = [...pools.values()].flatMap(({ spec }) => effectiveSet(spec));
  const of = (family: Family) =>
    subtract(
      addressSet([...use.unrecorded].filter((address) => familyOf(address) === family)),
      rangeSet(offered.filter(({ first }) => familyOf(first) === family)),
    );
  return { 4: of(4), 6: of(6) };
}

function diagnostic({ object, source }: DesiredObject, kept: RangeSet, snapshot: Snapshot): Diagnostic {
  const { use } = snapshot;
  const pods = [...addressesOf(kept)].flatMap((address) => (use.byAddress.get(address) ?? []).map(({ pod }) => pod));
  const users = [...new Set(pods)].sort();
  const gone = users.filter((pod) => isOrphaned(snapshot, pod));
  const restart = `restart ${gone.length === 0 ? "these Pods" : "the others"} one by one`;
  const ways = [deletingThem(gone), gone.length === users.length ? "" : restart].filter((text) => text !== "");
  const shown = users.map(podShown);
  const some = `${shown.slice(0, 3).join(", ")}${shown.length > 3 ? ` and ${shown.length - 3} more` : ""}`;
  return {
    code: "SP4227",
    severity: "warning",
    message: `pool ${object.metadata.name} omits ${listed(kept)} until released: in use by ${some} without a pool's record, so that Spiderpool would give them to other Pods as well`,
    hint: `${ways.join("; ")}; each address joins the pool when it is given back`,
    ...(source && { source }),
  };
}
