import type { Diagnostic } from "../diagnostics.js";
import { formatAddress } from "../ip/address.js";
import { addressesOf, clip, EMPTY, type RangeSet } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import type { Demand } from "./demand.js";
import { type Owner, ownerShown } from "./owner.js";
import { type Space, spaceKey } from "./space.js";
import { listed } from "./text.js";

/** Which addresses a slice has been promised that its pool's users still have: they join it when released (P9, P16). */
export function waitingSlices(
  demands: readonly Demand[],
  spaces: ReadonlyMap<string, Space>,
  frozen: ReadonlySet<Owner>,
  snapshot: Snapshot,
): Diagnostic[] {
  return demands.flatMap((demand): Diagnostic[] => {
    const { owner, subnet, source } = demand;
    const space = spaces.get(spaceKey(demand));
    if (space === undefined || frozen.has(owner)) return [];
    const waiting = clip(space.holdings.held.get(owner) ?? EMPTY, space.busy);
    if (waiting.length === 0) return [];
    return [
      {
        code: "SP3104",
        severity: "info",
        message: `${listed(waiting)} joins ${ownerShown(owner, subnet.name)} when released: ${users(waiting, snapshot)}`,
        hint: "nothing to do: other addresses serve it until then",
        source,
        about: owner,
      },
    ];
  });
}

function users(waiting: RangeSet, snapshot: Snapshot): string {
  const all = [...addressesOf(waiting)].flatMap((address) =>
    (snapshot.use.byAddress.get(address) ?? []).map(({ pod }) => `${pod} has ${formatAddress(address)}`),
  );
  return all.length > 3 ? `${all.slice(0, 3).join(", ")} and ${all.length - 3} more` : all.join(", ");
}
