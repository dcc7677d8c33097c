import type { Allocation, Lock } from "../allocate/allocation.js";
import { liveWorkload } from "../allocate/moved.js";
import { type Owner, ownerInSubnet, parseNicOwner, takenPool, takeOwner } from "../allocate/owner.js";
import { selectorMeaning } from "../change/compare.js";
import type { DesiredObject } from "../change/desired-object.js";
import { identity } from "../change/ownership.js";
import type { Diagnostic } from "../diagnostics.js";
import { type Family, formatAddress } from "../ip/address.js";
import { addressesText } from "../ip/amount.js";
import { formatCidr } from "../ip/range.js";
import { formatRangeSet, type RangeSet, size } from "../ip/range-set.js";
import { subnetsOfAsk } from "../plan/nic-subnets.js";
import type { Affinity, DeclaredPool, Plan, Subnet, Workload } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { KEYS, KINDS, type LabelSelector, OWN, type SpiderIPPool } from "../spiderpool/objects.js";
import { anchorPool } from "./anchor.js";
import { slicedAddresses, slicedPool, sliceSelector, unsliced } from "./slices.js";
import { withoutUnrecorded } from "./unrecorded.js";

/** The SpiderIPPools a plan asks for: its declared ones, the fixed ones of its workloads, the anchors they lean on. */
export function desiredPools(
  plan: Plan,
  allocations: readonly Allocation[],
  lock: Lock,
  snapshot: Snapshot,
  install: string,
): { objects: DesiredObject[]; diagnostics: Diagnostic[] } {
  const objects: DesiredObject[] = [];
  const diagnostics: Diagnostic[] = [];
  const taken = new Map(allocations.filter((a) => takenPool(a.owner)).map((a) => [a.owner, a]));
  const sliced = slicedAddresses(lock);
  for (const pool of plan.pools.values()) {
    const subnet = plan.subnets.get(pool.subnet);
    const take = taken.get(takeOwner(pool.name));
    const addresses = pool.addresses ?? take?.addresses;
    if (subnet !== undefined && addresses !== undefined) {
      const left = unsliced(addresses, pool.name, sliced, snapshot);
      objects.push(declaredPool(pool, subnet, left, take, install));
    }
  }
  const anchored = new Set<Family>();
  for (const allocation of allocations) {
    const workload = ownerWorkload(plan, allocation);
    const subnet = plan.subnets.get(allocation.subnet);
    const drained = allocation.draining ? drainedPool(allocation, snapshot, install) : undefined;
    if (drained !== undefined) objects.push(drained);
    if (workload === undefined || subnet === undefined || allocation.leaving || allocation.frozen) continue;
    const selector = podSelector(plan, snapshot, workload, allocation.owner);
    if (selector === undefined) diagnostics.push(noSelector(workload));
    else if (allocation.addresses.length > 0) {
      const from = plan.pools.get(slicedPool(allocation.owner) ?? "");
      objects.push(fixedPool(allocation, workload, { subnet, from, selector }, install));
      anchored.add(anchorFamily(plan, workload, allocation));
    }
  }
  for (const family of [...anchored].sort()) objects.push(anchorPool(family));
  return withoutUnrecorded({ objects, diagnostics: unique(diagnostics) }, snapshot);
}

/** Which Pods an owner is: one ordinal (D5), or all of the workload. */
function podSelector(plan: Plan, snapshot: Snapshot, workload: Workload, owner: Owner): LabelSelector | undefined {
  const { ordinal } = parseNicOwner(owner) ?? {};
  if (ordinal !== undefined) return { matchLabels: { [KEYS.podName]: `${workload.workload}-${ordinal}` } };
  return workload.pods ?? liveSelector(plan, snapshot, workload);
}

/** The live object's own selector: what `pods` may be left out for (DESIGN 3). */
function liveSelector(plan: Plan, snapshot: Snapshot, workload: Workload): LabelSelector | undefined {
  const spec = liveWorkload(plan, workload.name, snapshot)?.spec as { selector?: LabelSelector } | undefined;
  return spec?.selector;
}

function declaredPool(
  pool: DeclaredPool,
  subnet: Subnet,
  addresses: RangeSet,
  take: Allocation | undefined,
  install: string,
): DesiredObject {
  const options = {
    meta: pool.meta,
    ...(take && { owner: ownerInSubnet(take.owner, take.subnet) }),
  };
  const base = identity(install, KINDS.SpiderIPPool, pool.name, options);
  const spec = poolSpec(subnet, addresses, {
    gateway: pool.gateway ?? subnet.gateway,
    routes: pool.routes,
    pods: pool.pods,
    namespaces: pool.namespaces,
    nodes: pool.nodes ?? subnet.nodes,
    networks: pool.networks.length > 0 ? pool.networks : subnet.networks,
    default: pool.default,
    disabled: pool.disabled || pool.slicesOnly === true,
  });
  return {
    kind: KINDS.SpiderIPPool,
    object: { ...base, spec },
    reason: `${take?.reason ?? addressesText(size(addresses), "declared")}, ${audience(spec)}`,
    source: pool.source,
    scope: "whole",
  };
}

/** For whom a pool is, as a reviewer would say it. */
function audience(spec: SpiderIPPool["spec"]): string {
  const named = (field: string, names: readonly string[] | undefined) =>
    names?.length ? [`${field} ${names.join(", ")}`] : [];
  const selected = (field: string, selector: LabelSelector | undefined) =>
    selector ? [`${field} ${selectorMeaning(selector)}`] : [];
  const asked = [
    ...selected("Pods", spec.podAffinity),
    ...named("Namespaces", spec.namespaceName),
    ...selected("Namespaces", spec.namespaceAffinity),
    ...named("nodes", spec.nodeName),
    ...selected("nodes", spec.nodeAffinity),
    ...named("networks", spec.multusName),
  ];
  const marks = [...(spec.default ? ["default"] : []), ...(spec.disable ? ["disabled"] : [])];
  return [asked.length > 0 ? `for ${asked.join("; ")}` : "shared", ...marks].join(", ");
}

/** What a fixed pool inherits from: its subnet, or for a slice the declared pool. */
interface Origin {
  readonly subnet: Subnet;
  readonly from: DeclaredPool | undefined;
  /** The Pods it is for. */
  readonly selector: LabelSelector;
}

function fixedPool(allocation: Allocation, workload: Workload, origin: Origin, install: string): DesiredObject {
  const { subnet, from, selector } = origin;
  const base = identity(install, KINDS.SpiderIPPool, allocation.pool, {
    owner: ownerInSubnet(allocation.owner, allocation.subnet),
    meta: workload.meta,
  });
  const spec = poolSpec(subnet, allocation.addresses, {
    gateway: from?.gateway ?? subnet.gateway,
    routes: from?.routes ?? subnet.routes,
    pods: from === undefined ? selector : sliceSelector(from, selector),
    namespaces: { names: [workload.namespace] },
    nodes: from?.nodes ?? subnet.nodes,
    networks: from === undefined || from.networks.length === 0 ? subnet.networks : from.networks,
    default: false,
    disabled: allocation.prepared ?? from?.disabled ?? false,
  });
  return {
    kind: KINDS.SpiderIPPool,
    object: { ...base, spec },
    reason: allocation.reason,
    source: allocation.source ?? workload.source,
    scope: "whole",
  };
}

/** What a migration leaves: as it lives, but it hands out no new address (A24). */
function drainedPool(allocation: Allocation, snapshot: Snapshot, install: string): DesiredObject | undefined {
  const live = snapshot.pools.get(allocation.pool);
  if (live === undefined) return undefined;
  const meta = live.metadata.annotations?.[OWN.meta];
  const base = identity(install, KINDS.SpiderIPPool, allocation.pool, {
    owner: ownerInSubnet(allocation.owner, allocation.subnet),
    ...(meta !== undefined && { annotations: { [OWN.meta]: meta } }),
  });
  return {
    kind: KINDS.SpiderIPPool,
    object: { ...base, spec: { ...live.spec, disable: true } },
    reason: `the migration drains it: ${allocation.reason}`,
    scope: "whole",
  };
}

interface PoolShape {
  readonly gateway: Subnet["gateway"];
  readonly routes: DeclaredPool["routes"];
  readonly pods: LabelSelector | undefined;
  readonly namespaces: Affinity | undefined;
  readonly nodes: Affinity | undefined;
  readonly networks: readonly string[];
  readonly default: boolean;
  readonly disabled: boolean;
}

/** Canonical form: fused addresses, ipVersion, default and disable always written (I26), gateway and routes too (I14). */
function poolSpec(subnet: Subnet, addresses: RangeSet, shape: PoolShape): SpiderIPPool["spec"] {
  const spec: SpiderIPPool["spec"] = {
    subnet: formatCidr(subnet.cidr),
    ipVersion: subnet.family,
    ips: formatRangeSet(addresses),
    default: shape.default,
    disable: shape.disabled,
  };
  if (shape.gateway !== undefined) spec.gateway = formatAddress(shape.gateway);
  if (shape.routes.length > 0) spec.routes = [...shape.routes];
  // M9: an explicit empty list is the only way to say no to the subnet's routes in the request that adopts.
  else if (subnet.routes.length > 0) spec.routes = [];
  if (shape.pods !== undefined) spec.podAffinity = shape.pods;
  if (shape.namespaces?.names !== undefined) spec.namespaceName = [...shape.namespaces.names];
  if (shape.namespaces?.selector !== undefined) spec.namespaceAffinity = shape.namespaces.selector;
  if (shape.nodes?.names !== undefined) spec.nodeName = [...shape.nodes.names];
  if (shape.nodes?.selector !== undefined) spec.nodeAffinity = shape.nodes.selector;
  if (shape.networks.length > 0) spec.multusName = [...shape.networks];
  return spec;
}

function ownerWorkload(plan: Plan, allocation: Allocation): Workload | undefined {
  const owner = parseNicOwner(allocation.owner);
  return owner === undefined ? undefined : plan.workloads.get(`${owner.namespace}/${owner.kind}/${owner.workload}`);
}

/** The family whose list names the anchor: v4, or v6 where the NIC has v6 subnets only (A10). */
function anchorFamily(plan: Plan, workload: Workload, allocation: Allocation): Family {
  const nic = workload.interfaces.get(parseNicOwner(allocation.owner)?.nic ?? "");
  const subnets = nic === undefined ? [allocation.subnet] : subnetsOfAsk(nic.ask, plan.pools);
  return subnets.some((subnet) => plan.subnets.get(subnet)?.family === 4) ? 4 : 6;
}

function noSelector(workload: Workload): Diagnostic {
  return {
    code: "SP2601",
    severity: "error",
    message: `the Pods of ${workload.name} are unknown: it is not in the cluster and the plan gives no \`pods\``,
    hint: "add pods: {labels: {...}} with the labels of its Pod template, or create the workload first",
    source: workload.source,
    about: workload.name,
  };
}

function unique(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((diagnostic) => [`${diagnostic.code} ${diagnostic.about}`, diagnostic])).values()];
}
