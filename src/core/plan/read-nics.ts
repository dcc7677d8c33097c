import { type Address, familyOf } from "../ip/address.js";
import { formatCidr, formatRange } from "../ip/range.js";
import { EMPTY, formatRangeSet, type RangeSet, subtract } from "../ip/range-set.js";
import type { Fixed, PlanInterface } from "./plan.generated.js";
import type { Nic, NicAsk, Subnet } from "./plan.js";
import { liesIn, readAddress, readRanges, type WrittenRange } from "./read-addresses.js";
import { checkSize, checkUsable } from "./read-pools.js";
import { byFamily } from "./read-subnets.js";
import { checkPoolNames, type References, resolveSubnet } from "./references.js";
import { compareText, fail, into, named, type Scope } from "./scope.js";

/** One interface; undefined, and noted, if it says nowhere where its addresses come from. */
export function readNic(
  name: string,
  value: PlanInterface,
  kind: string,
  references: References,
  scope: Scope,
): Nic | undefined {
  if (value.pending !== undefined && value.fixed === undefined) {
    const hint = "leave it out: only fixed addresses are held before they are offered";
    fail(named(into(scope, "pending")), "SP2049", "pending: the interface is not fixed", { hint });
  }
  const ask = readAsk(value, kind, references, scope);
  if (ask === undefined) return undefined;
  return {
    name,
    source: scope.at,
    network: value.network,
    defaultRoute: value.defaultRoute,
    ask,
    pending: value.pending,
  };
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
  if ((value.subnets === undefined) === (value.pools === undefined)) {
    const what = value.pools === undefined ? "does not say which subnets" : "says subnets and pools";
    fail(named(scope), "SP2023", `fixed ${what}`, { hint: "give `subnets: [name]`, or `pools: [name]` for a slice" });
    return undefined;
  }
  if (typeof value.elastic === "number") checkSize(value.elastic, "elastic alone: the pool", into(scope, "elastic"));
  if (value.pools !== undefined) return readSlice(value, value.pools, kind, references, scope);
  const subnets = (value.subnets ?? []).flatMap((name, index) => {
    const subnet = resolveSubnet(name, references, into(scope, "subnets", index));
    return subnet === undefined ? [] : [subnet];
  });
  // Where a subnet is missing nobody knows what may be wished for, and that it is missing was told.
  const known = subnets.length === (value.subnets ?? []).length;
  return {
    type: "fixed",
    subnets: known ? subnets.map((subnet) => subnet.name) : (value.subnets ?? []),
    elastic: value.elastic ?? "auto",
    wishes: known ? readWishes(value.addresses ?? [], subnets, into(scope, "addresses")) : [],
    pool: value.pool,
    perPod: readPerPod(known ? value : withoutWishes(value), kind, subnets, scope),
    perSubnet: known ? readPerSubnet(value, subnets, scope) : undefined,
  };
}

function withoutWishes({ perPod, ...fixed }: Fixed): Fixed {
  return { ...fixed, ...(perPod !== undefined && { perPod: perPod !== false }) };
}

/** A slice of declared pools: what of it is asked for lies inside them. */
function readSlice(
  value: Fixed,
  names: readonly string[],
  kind: string,
  references: References,
  scope: Scope,
): NicAsk | undefined {
  const slices = checkPoolNames(names, references, into(scope, "pools"));
  const pools = slices.flatMap((name) => references.pools.get(name) ?? []);
  const subnets = [...new Set(pools.map(({ subnet }) => subnet))].flatMap((name) => references.subnets.get(name) ?? []);
  if (value.pool !== undefined) {
    const hint = "leave one of the two out";
    fail(into(scope, "pool"), "SP2046", `pool ${value.pool} is kept as it is, and a slice is a new one`, { hint });
  }
  // Where a pool is missing nobody knows what may be wished for, and that it is missing was told.
  const unknown = pools.length < names.length;
  const wishes = unknown ? [] : readWishes(value.addresses ?? [], subnets, into(scope, "addresses"));
  const perPod = unknown ? undefined : readPerPod(value, kind, subnets, scope);
  const single = [...(perPod ?? new Map<number, Address>()).values()].map((one) => [{ first: one, last: one }]);
  for (const set of [...wishes, ...single]) {
    const outside = pools.reduce((left: RangeSet, { addresses }) => subtract(left, sameFamily(addresses, left)), set);
    if (outside.length === 0) continue;
    const hint = `wish for addresses of ${slices.join(", ")}`;
    fail(scope, "SP2046", `${formatRangeSet(outside).join(", ")} lies in no pool of this interface`, { hint });
  }
  const perSubnet = unknown ? undefined : readPerSubnet(value, subnets, scope);
  return { type: "fixed", subnets: [], slices, elastic: value.elastic ?? "auto", wishes, perPod, perSubnet };
}

function sameFamily(addresses: RangeSet | undefined, like: RangeSet): RangeSet {
  const same = typeof addresses?.[0]?.first === typeof like[0]?.first;
  return addresses !== undefined && same ? addresses : EMPTY;
}

/**
 * The wishes of each ordinal; undefined where the Pods share a set. StatefulSets have one address per ordinal unless
 * they say otherwise: Spiderpool alone gives an ordinal any address after a scale-down and up (A18, D5).
 */
function readPerPod(
  value: Fixed,
  kind: string,
  subnets: readonly Subnet[],
  scope: Scope,
): ReadonlyMap<number, Address> | undefined {
  const asked = value.perPod ?? (kind === "StatefulSet" && value.pool === undefined);
  if (asked === false) return undefined;
  const here = value.perPod === undefined ? scope : into(scope, "perPod");
  const refuse = (message: string, hint: string) => fail(named(here), "SP2044", message, { hint });
  if (kind.split(".")[0] !== "StatefulSet") {
    refuse(`perPod: the Pods of a ${kind} have no ordinals`, "leave it out: the Pods share one fixed set");
    return undefined;
  }
  if (value.pool !== undefined) {
    refuse(`perPod: pool ${value.pool} is one pool, kept for all Pods together`, "leave one of the two out");
    return undefined;
  }
  if (value.addresses !== undefined) {
    refuse("addresses: each ordinal has an address of its own", "write `perPod: {0: ADDRESS}`, or `perPod: false`");
  }
  const read = Object.entries(typeof asked === "object" ? asked : {}).flatMap(([key, text]): [number, Address][] => {
    const ordinal = into(here, key);
    const address = readAddress(text, ordinal);
    if (address === undefined) return [];
    const wish = insideOne([{ range: { first: address, last: address }, scope: ordinal }], subnets);
    return wish.length === 0 ? [] : [[Number(key), address]];
  });
  checkTwice(read, here);
  return new Map(read.sort(([a], [b]) => a - b));
}

function checkTwice(wishes: readonly (readonly [number, Address])[], scope: Scope): void {
  const seen = new Map<Address, number>();
  for (const [ordinal, address] of wishes) {
    const other = seen.get(address);
    if (other === undefined) seen.set(address, ordinal);
    else {
      const text = formatRange({ first: address, last: address });
      fail(into(scope, String(ordinal)), "SP2030", `${text} of ordinal ${ordinal} is also wished by ordinal ${other}`, {
        hint: "give it to one of them",
      });
    }
  }
}

/** Sizes by subnet; each key is one of the interface's subnets. */
function readPerSubnet(
  value: Fixed,
  subnets: readonly Subnet[],
  scope: Scope,
): ReadonlyMap<string, number> | undefined {
  if (value.perSubnet === undefined) return undefined;
  const here = into(scope, "perSubnet");
  const names = subnets.map(({ name }) => name);
  const sizes = Object.entries(value.perSubnet).filter(([name, count]) => {
    if (!names.includes(name)) {
      const hint = `its subnets are ${names.join(", ")}`;
      fail(named(into(here, name)), "SP2045", `perSubnet: ${name} is no subnet of this interface`, { hint });
    }
    checkSize(count, `the pool in ${name}`, into(here, name));
    return names.includes(name);
  });
  return new Map(sizes.sort(([a], [b]) => compareText(a, b)));
}

/** Wished addresses, at most one set a family. */
function readWishes(texts: readonly string[], subnets: readonly Subnet[], scope: Scope): RangeSet[] {
  const { v4, v6 } = byFamily(insideOne(readRanges(texts, scope), subnets));
  return [v4, v6].filter((set) => set.length > 0);
}

/** Those that lie in one of the interface's subnets; each that does not is noted. */
function insideOne(wishes: readonly WrittenRange[], subnets: readonly Subnet[]): WrittenRange[] {
  return wishes.filter((written) => {
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
}
