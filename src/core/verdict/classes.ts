import type { Asking } from "../cluster/asking.js";
import type { Tenant } from "../cluster/tenants.js";
import { type Candidates, namedPools } from "../spiderpool/ipam/candidates.js";
import { networkOfNic } from "../spiderpool/ipam/networks.js";
import { nicsOfPod } from "../spiderpool/ipam/nics.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { restarted, templateOfNext } from "./after.js";
import { askKey, candidatesIn, certainNics, type Scene } from "./replay.js";
import type { Touched } from "./touched.js";

/** Tenants that ask for the same pools on the same NIC: their candidates are worked out once. */
export interface TenantClass {
  readonly tenants: readonly Tenant[];
  /** Pools that are candidates before, during or after the change, and those its tenants hold. */
  readonly pools: ReadonlySet<string>;
  /** Numbers of the steps that touch something this class depends on; empty = nothing changes for it. */
  readonly steps: readonly number[];
}

/**
 * Sorts tenants into classes and finds what of the change concerns each.
 * @param between the cluster after all steps but the deletes: what goes in the end may serve somebody until then
 */
export function classesOf(
  tenants: readonly Tenant[],
  before: Scene,
  { after, between }: { readonly after: Scene; readonly between: Scene },
  touched: Touched,
): TenantClass[] {
  const groups = new Map<string, Tenant[]>();
  for (const tenant of tenants) {
    const key = classKey(tenant);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [tenant]);
    else group.push(tenant);
  }
  return [...groups.values()].map((group) => classOf(group, before, { after, between }, touched));
}

function classKey({ facts, nic, pool, workload, keeps, followsTemplate }: Tenant): string {
  return facts === undefined
    ? `pool ${pool}`
    : `${keeps} ${followsTemplate} ${workload ?? facts.name}\n${askKey(facts, nic)}`;
}

function classOf(
  tenants: readonly Tenant[],
  before: Scene,
  { after, between }: { readonly after: Scene; readonly between: Scene },
  touched: Touched,
): TenantClass {
  const [first] = tenants as [Tenant];
  const pools = new Set(tenants.map((tenant) => tenant.pool));
  const steps = new Set<number>();
  const join = (numbers: readonly number[] | undefined) => {
    for (const number of numbers ?? []) steps.add(number);
  };
  const joinNetworks = (asker: Tenant) => {
    for (const network of networksOf(asker, before, after)) join(touched.networks.get(network));
  };
  if (first.facts !== undefined) {
    for (const nic of decidingNics(tenants)) {
      const asker = { ...first, nic };
      const was = candidatesIn(before, first.facts, nic);
      const will = nothingMoved(first, touched) ? was : candidatesAfter(asker, before, after);
      const meanwhile = will === was || between === after ? will : candidatesAfter(asker, before, between);
      const changed = !same(was, will);
      if (nic !== first.nic && !changed) continue;
      for (const name of [was, will, meanwhile].flatMap(namedPools)) pools.add(name);
      if (changed || was.source === "namespace annotation") join(touched.namespaces.get(first.facts.namespace));
      if (changed || asksOtherwise(asker, before, after)) joinNetworks(asker);
    }
    // Whatever it asks for there, it may fail the whole Pod (A4, A10).
    for (const nic of nicsOfPod(first.facts) ?? []) {
      const asker = { ...first, nic };
      if (asksAnew(asker, before, after)) joinNetworks(asker);
    }
    const byNics = new Map(tenants.map((tenant) => [tenant.recorded.map((record) => record.interface).join(), tenant]));
    for (const one of byNics.values()) for (const name of unheldPools(one, before, after)) pools.add(name);
    join(first.workload === undefined ? undefined : touched.workloads.get(first.workload));
  }
  for (const pool of pools) join(touched.pools.get(pool));
  return { tenants, pools, steps: [...steps].sort((a, b) => a - b) };
}

/** Whether a NIC asks another IPAM than before, or what makes its network goes. */
function asksOtherwise(tenant: Tenant, before: Scene, after: Scene): boolean {
  const [was, will] = askings(tenant, before, after);
  return was.asks !== will.asks || was.ipam !== will.ipam;
}

/** Whether the network of a NIC becomes Spiderpool's. */
function asksAnew(tenant: Tenant, before: Scene, after: Scene): boolean {
  const [was, will] = askings(tenant, before, after);
  return was.ipam !== "spiderpool" && will.ipam === "spiderpool";
}

function askings(tenant: Tenant, before: Scene, after: Scene): readonly [was: Asking, will: Asking] {
  const next = restarted(tenant, before.snapshot, after.snapshot)!;
  return [before.asking(tenant.facts!, tenant.nic), after.asking(next, tenant.nic)];
}

/** The networks of a NIC before and after. */
function networksOf(tenant: Tenant, before: Scene, after: Scene): Set<string> {
  const next = restarted(tenant, before.snapshot, after.snapshot)!;
  const names = [tenant.facts!, next].map((facts) => networkOfNic(facts, tenant.nic, before.facts) ?? "");
  return new Set(names);
}

/** The NICs whose candidates decide what these tenants get: of an ordinal all that it has records of (A19), else their own. */
function decidingNics(tenants: readonly Tenant[]): ReadonlySet<string> {
  const [first] = tenants as [Tenant];
  if (first.keeps !== "ordinal") return new Set([first.nic]);
  return new Set([first.nic, ...tenants.flatMap(({ recorded }) => recorded.map((record) => record.interface))]);
}

/** What NICs of its Pod ask for that have no address yet: a failure there is one of the whole Pod, and nobody else's (A10). */
function unheldPools(tenant: Tenant, before: Scene, after: Scene): string[] {
  const { nic, facts, recorded } = tenant;
  if (facts === undefined) return [];
  const template = templateOfNext(tenant, before.snapshot, after.snapshot);
  const asking: [Scene, PodFacts][] = [
    [before, facts],
    [after, template === undefined ? facts : { ...facts, annotations: template }],
  ];
  return asking.flatMap(([scene, one]) =>
    certainNics(scene, one, [])
      .filter((other) => other !== nic && !recorded.some((record) => record.interface === other))
      .flatMap((other) => namedPools(candidatesIn(scene, one, other))),
  );
}

/** Candidates come from names; without a pool that comes or goes and without an edited source they are as before. */
function nothingMoved({ facts, workload }: Tenant, touched: Touched): boolean {
  const { pools, namespaces, networks, workloads } = touched;
  return (
    pools.size === 0 &&
    networks.size === 0 &&
    !namespaces.has(facts?.namespace ?? "") &&
    (workload === undefined || !workloads.has(workload))
  );
}

function candidatesAfter(tenant: Tenant, before: Scene, after: Scene): Candidates {
  const facts = tenant.facts!;
  const template = templateOfNext(tenant, before.snapshot, after.snapshot);
  const namespace = after.snapshot.namespaces.get(facts.namespace);
  const annotations = namespace?.metadata.annotations ?? {};
  return candidatesIn(
    after,
    { ...facts, ...(template && { annotations: template }), ...(namespace && { namespaceAnnotations: annotations }) },
    tenant.nic,
  );
}

function same(a: Candidates, b: Candidates): boolean {
  const text = ({ source, v4, v6, error }: Candidates) => [source, v4.join(), v6.join(), error ?? ""].join("\n");
  return text(a) === text(b);
}
