import type { Diagnostic } from "../diagnostics.js";
import { size } from "../ip/range-set.js";
import type { Plan } from "../plan/plan.js";
import type { Demand } from "./demand.js";
import type { Claim } from "./live.js";
import { type Owner, ownerInSubnet, withoutOrdinal } from "./owner.js";

/**
 * A StatefulSet that got an address for each Pod, or gave that up, while its Pods run: they take their old addresses
 * along to every restart (A19), so the new pools stay without users. Told once a NIC and subnet.
 */
export function tellTurned(demands: readonly Demand[], leaving: readonly Claim[], plan: Plan): Diagnostic[] {
  const asked = new Map(demands.map((demand) => [formless(demand.owner, demand.subnet.name), demand]));
  const told = new Map<string, { demand: Demand; claims: Claim[] }>();
  for (const claim of leaving) {
    const key = formless(claim.owner, claim.subnet);
    const demand = asked.get(key);
    if (demand === undefined || claim.used.length === 0 || isPinned(demand.owner) === isPinned(claim.owner)) continue;
    if (plan.migrations?.has(withoutOrdinal(demand.owner))) continue;
    const known = told.get(key) ?? { demand, claims: [] };
    known.claims.push(claim);
    told.set(key, known);
  }
  return [...told.values()].map(({ demand, claims }) => warning(demand, claims));
}

function warning({ owner, subnet, source }: Demand, claims: readonly Claim[]): Diagnostic {
  const nic = withoutOrdinal(owner);
  const pods = claims.reduce((sum, { used }) => sum + size(used), 0);
  const [form, old] = isPinned(owner) ? ["one address for each Pod", "pool"] : ["one set of addresses", "pools"];
  const entry = `spec.migrations: [{owner: ${nic}, from: ${subnet.name}, to: ${subnet.name}, phase: drain}]`;
  return {
    code: "SP4205",
    severity: "warning",
    message: `${nic} now has ${form} in ${subnet.name}, but ${pods === 1 ? "1 Pod keeps its" : `${pods} Pods keep their`} old one at every restart (A19); the old ${old} stay${old === "pool" ? "s" : ""}, leaving, until nobody has an address of ${old === "pool" ? "it" : "them"}`,
    hint: isPinned(owner)
      ? `to move them: ${entry}, and the template's new lines by annotate: true or spiderplan annotations`
      : "to move them: scale the StatefulSet down, sync, and scale it up again",
    source,
    about: nic,
  };
}

function isPinned(owner: Owner): boolean {
  return withoutOrdinal(owner) !== owner;
}

/** `owner/subnet`, whichever of the two forms. */
function formless(owner: Owner, subnet: string): string {
  return ownerInSubnet(withoutOrdinal(owner), subnet);
}
