import { familyOf } from "../ip/address.js";
import { formatCidr, formatRange } from "../ip/range.js";
import type { RangeSet } from "../ip/range-set.js";
import type { Fixed, PlanInterface } from "./plan.generated.js";
import type { Nic, NicAsk, Subnet } from "./plan.js";
import { liesIn, readRanges } from "./read-addresses.js";
import { checkUsable, unsupported } from "./read-pools.js";
import { byFamily } from "./read-subnets.js";
import { checkPoolNames, type References, resolveSubnet } from "./references.js";
import { fail, into, named, type Scope } from "./scope.js";

/** One interface; undefined, and noted, if it says nowhere where its addresses come from. */
export function readNic(
  name: string,
  value: PlanInterface,
  kind: string,
  references: References,
  scope: Scope,
): Nic | undefined {
  if (value.pending !== undefined) unsupported(into(scope, "pending"), "pending");
  const ask = readAsk(value, kind, references, scope);
  if (ask === undefined) return undefined;
  return { name, source: scope.at, network: value.network, defaultRoute: value.defaultRoute, ask };
}

function readAsk(value: PlanInterface, kind: string, references: References, scope: Scope): NicAsk | undefined {
  const given = (["fixed", "pools", "defaultPools"] as const).filter((key) => value[key] !== undefined);
  if (given.length !== 1) {
    const what = given.length === 0 ? "does not say where its addresses come from" : `has ${given.join(" and ")}`;
    fail(named(scope), "SP2023", `the interface ${what}`, { hint: "give exactly one of fixed, pools, defaultPools" });
  }
  if (value.fixed !== undefined) return readFixed(value.fixed, kind, references, into(scope, "fixed"));
  if (value.pools !== undefined) {
    return { type: "pools", pools: checkPoolNames(value.pools, references, into(scope, "pools")) };
  }
  return value.defaultPools === undefined ? undefined : { type: "defaultPools" };
}

function readFixed(value: Fixed, kind: string, references: References, scope: Scope): NicAsk | undefined {
  refuseLater(value, kind, scope);
  if (value.subnets === undefined) {
    if (value.pools === undefined) {
      fail(named(scope), "SP2023", "fixed does not say which subnets", { hint: "add `subnets: [name]`" });
    }
    return undefined;
  }
  const subnets = value.subnets.flatMap((name, index) => {
    const subnet = resolveSubnet(name, references, into(scope, "subnets", index));
    return subnet === undefined ? [] : [subnet];
  });
  return {
    type: "fixed",
    subnets: subnets.map((subnet) => subnet.name),
    elastic: value.elastic ?? "auto",
    wishes: readWishes(value.addresses ?? [], subnets, into(scope, "addresses")),
    pool: value.pool,
  };
}

/** Parts of the language that come later; each fault says how to go on without. */
function refuseLater(value: Fixed, kind: string, scope: Scope): void {
  if (value.pools !== undefined) unsupported(into(scope, "pools"), "a slice of declared pools (fixed.pools)");
  if (value.perSubnet !== undefined) unsupported(into(scope, "perSubnet"), "perSubnet");
  if (value.perPod !== undefined && value.perPod !== false) {
    unsupported(into(scope, "perPod"), "perPod", "write `perPod: false`: the Pods share one fixed set");
  } else if (value.perPod === undefined && kind === "StatefulSet") {
    const what = "one address per ordinal (perPod, the default on a StatefulSet)";
    unsupported(scope, what, "write `perPod: false`: the Pods share one fixed set");
  }
}

/** Wished addresses, at most one set a family; each inside one of the interface's subnets. */
function readWishes(texts: readonly string[], subnets: readonly Subnet[], scope: Scope): RangeSet[] {
  const inside = readRanges(texts, scope).filter((written) => {
    const { first, last } = written.range;
    const subnet = subnets.find(({ cidr }) => liesIn(first, cidr) && liesIn(last, cidr));
    if (subnet !== undefined) checkUsable(written, subnet, subnet.gateway);
    else {
      const known = subnets.filter(({ family }) => family === familyOf(first));
      const where = known.map(({ name, cidr }) => `${name} (${formatCidr(cidr)})`).join(", ");
      fail(written.scope, "SP2029", `${formatRange(written.range)} lies in no subnet of this interface`, {
        hint: where === "" ? "none of its subnets is of that family" : `its subnets are ${where}`,
      });
    }
    return subnet !== undefined;
  });
  const { v4, v6 } = byFamily(inside);
  return [v4, v6].filter((set) => set.length > 0);
}
