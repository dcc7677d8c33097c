import { child, type Diagnostic, keyOf, type SourceRef } from "../diagnostics.js";
import { parseAddress } from "../ip/address.js";
import { subnetsOfAsk } from "./nic-subnets.js";
import type { DeclaredPool, Nic, Plan, Workload } from "./plan.js";
import { liesIn } from "./read-addresses.js";
import { fail, warn } from "./scope.js";

/** A1, A4: Spiderpool reads one source per Pod, so default pools go with no other way to ask. */
export function checkSources(workload: Workload, found: Diagnostic[]): void {
  const nics = [...workload.interfaces.values()];
  const named = nics.find((nic) => nic.ask.type !== "defaultPools");
  if (named === undefined) return;
  for (const nic of nics) {
    if (nic.ask.type !== "defaultPools") continue;
    const at = keyOf(child(nic.source, "defaultPools"));
    const text = `${nic.name} takes default pools, but ${named.name} is ${named.ask.type === "fixed" ? "fixed" : "given pools"}`;
    fail({ at, about: workload.name, found }, "SP2024", text, {
      hint: "Spiderpool reads one source per Pod (A1, A4): name the pools of every interface, or of none",
    });
  }
}

/** Z8, A15: Spiderpool finds the record of the Pod's UID in the pool and gives its address to the second NIC as well. */
export function checkSharedPools(workload: Workload, found: Diagnostic[]): void {
  const namers = new Map<string, string>();
  for (const { name, ask, source } of workload.interfaces.values()) {
    if (ask.type !== "pools") continue;
    for (const [index, pool] of ask.pools.entries()) {
      const other = namers.get(pool);
      if (other === undefined) namers.set(pool, name);
      else if (other !== name) {
        const at = child(source, "pools", index);
        const text = `${other} and ${name} both name pool ${pool}: a Pod that gets both from it has one address on two interfaces (A15)`;
        warn({ at, about: workload.name, found }, "SP2051", text, { hint: "give each interface a pool of its own" });
      }
    }
  }
}

/** A live pool is kept by one interface in one subnet, and is not a declared pool as well. */
export function checkKeptPools(plan: Plan, found: Diagnostic[]): void {
  const keepers = new Map<string, SourceRef>();
  for (const workload of plan.workloads.values()) {
    for (const { ask, source } of workload.interfaces.values()) {
      if (ask.type !== "fixed" || ask.pool === undefined) continue;
      const at = child(source, "fixed", "pool");
      const other = keepers.get(ask.pool) ?? plan.pools.get(ask.pool)?.source;
      keepers.set(ask.pool, at);
      const many = ask.subnets.length > 1;
      if (other === undefined && !many) continue;
      const why = many
        ? "a pool lies in one subnet, the interface has several"
        : "something else of the plan is that pool";
      fail({ at, about: workload.name, found }, "SP2043", `pool ${ask.pool} cannot be kept: ${why}`, {
        hint: many ? "name the pool's subnet only" : "let one of the two have it",
        related: other === undefined ? undefined : [{ note: "the other is at", source: other }],
      });
    }
  }
}

/** A slice serves one workload's Pods with the affinities of the pool it is cut from: both must be able to hold. */
export function checkSlices(workload: Workload, plan: Plan, found: Diagnostic[]): void {
  for (const { ask, source } of workload.interfaces.values()) {
    for (const [index, name] of (ask.type === "fixed" ? (ask.slices ?? []) : []).entries()) {
      const pool = plan.pools.get(name);
      const fault = pool && sliceFault(pool, workload);
      if (fault === undefined) continue;
      const at = child(source, "fixed", "pools", index);
      const related = [{ note: `pool ${name} is at`, source: pool!.source }];
      fail({ at, about: workload.name, found }, "SP2046", fault.message, { hint: fault.hint, related });
    }
  }
}

function sliceFault(
  { name, take, namespaces, pods }: DeclaredPool,
  workload: Workload,
): { message: string; hint: string } | undefined {
  if (take !== undefined) {
    return {
      message: `pool ${name} has no addresses of its own to slice, only a take`,
      hint: "write its addresses out",
    };
  }
  if (namespaces?.names !== undefined && !namespaces.names.includes(workload.namespace)) {
    const hint = "add the namespace to the pool, or choose another pool";
    return { message: `pool ${name} is not for namespace ${workload.namespace}`, hint };
  }
  const labels = Object.entries(pods?.matchLabels ?? {});
  const other = labels.find(([key, value]) => (workload.pods?.matchLabels?.[key] ?? value) !== value);
  if (other === undefined) return undefined;
  const hint = "a slice keeps the pool's workload affinity; widen that, or choose another pool";
  return { message: `pool ${name} is for Pods with ${other.join("=")}, which these do not have`, hint };
}

/** A25: a route whose gateway lies in no interface's subnet would be dropped without a word. */
export function checkRoutes(workload: Workload, plan: Plan, found: Diagnostic[]): void {
  if (workload.routes.length === 0) return;
  const nics = [...workload.interfaces.values()].map((nic) => subnetsOf(nic, workload, plan));
  if (nics.includes(undefined) || namesUnreadable(workload, plan)) return; // where the pools lie is not known
  const names = new Set(nics.flatMap((subnets) => subnets ?? []));
  workload.routes.forEach((route) => {
    const gateway = parseAddress(route.gw);
    if (gateway === undefined) return;
    for (const name of names) {
      const subnet = plan.subnets.get(name);
      if (subnet !== undefined && liesIn(gateway, subnet.cidr)) return;
    }
    const text = `the gateway ${route.gw} of the route to ${route.dst} lies in no subnet of the workload's interfaces`;
    fail({ at: child(workload.source, "routes"), about: workload.name, found }, "SP2026", text, {
      hint: `Spiderpool would drop the route (A25); the subnets are ${[...names].sort().join(", ") || "none"}`,
    });
  });
}

function namesUnreadable(workload: Workload, { unreadable }: Plan): boolean {
  if (unreadable === undefined) return false;
  return [...workload.interfaces.values()].some(({ ask }) => {
    if (ask.type === "defaultPools") return false;
    const pools = ask.type === "pools" ? ask.pools : (ask.slices ?? []);
    const subnets = ask.type === "fixed" ? ask.subnets : [];
    return [...subnets, ...pools.map((name) => `pool:${name}`)].some((name) => unreadable.has(name));
  });
}

/** Subnets an interface may get addresses from; undefined if the plan does not tell. */
function subnetsOf({ ask, network }: Nic, workload: Workload, plan: Plan): readonly string[] | undefined {
  if (ask.type !== "defaultPools") return subnetsOfAsk(ask, plan.pools);
  const pools = plan.namespaces.get(workload.namespace)?.defaultPools ?? plan.networks.get(network ?? "")?.defaultPools;
  return pools?.flatMap((pool) => plan.pools.get(pool)?.subnet ?? []);
}
