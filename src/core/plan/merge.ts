import type { Diagnostic, Result } from "../diagnostics.js";
import { compareClusters } from "./all-clusters.js";
import { checkPlan } from "./check.js";
import { type Collected, collect, type Entry, type PlanDocument } from "./collect.js";
import type { Plan } from "./plan.js";
import { migrated, readMigrations, readMoved } from "./read-changes.js";
import { readNetwork } from "./read-networks.js";
import { readNamespace, readPool } from "./read-pools.js";
import { readReservation, readSubnet } from "./read-subnets.js";
import { readWorkload } from "./read-workloads.js";
import type { References } from "./references.js";
import { inOrder } from "./scope.js";
import { readSettings } from "./settings.js";
import { didYouMean, KnownNames } from "./suggest.js";

export type { PlanDocument } from "./collect.js";

/**
 * Joins the documents that apply to one cluster into one checked plan (DESIGN 3).
 * @param cluster value of `--cluster`; required as soon as any document names clusters
 * @returns the plan, errors included as far as it can be read, so that owners an error is not `about` can go on; an
 * entry of which nothing can be read is left out. Undefined if it is not known which documents apply.
 */
export function mergePlan(documents: readonly PlanDocument[], cluster: string | undefined): Result<Plan | undefined> {
  const clusters = clustersOf(documents);
  const fault = clusterFault(documents, clusters, cluster);
  if (fault !== undefined) return { value: undefined, diagnostics: [fault] };
  const name = planCluster(documents, cluster);
  const own = documents.filter(appliesTo(name));
  const found: Diagnostic[] = [];
  if (cluster !== undefined && clusters.length === 0) found.push(clusterUnheeded(cluster));
  const collected = collect(own, found);
  const plan = withChanges(own, readPlan(collected, name, found), found);
  checkPlan(plan, found);
  return { value: plan, diagnostics: inOrder(found) };
}

/** The cluster a plan is read for: undefined where no document names any, whatever `--cluster` says. */
export function planCluster(documents: readonly PlanDocument[], cluster: string | undefined): string | undefined {
  return clustersOf(documents).length > 0 ? cluster : undefined;
}

/** Every cluster the documents name, by `clusters` or as a key of `ranges`, in order. */
export function clustersOf(documents: readonly PlanDocument[]): string[] {
  const names = new Set<string>();
  for (const { spec } of documents) {
    for (const name of spec.clusters ?? []) names.add(name);
    for (const subnet of Object.values(spec.subnets ?? {})) {
      if (!Array.isArray(subnet.ranges)) for (const name of Object.keys(subnet.ranges)) names.add(name);
    }
  }
  return [...names].sort();
}

/**
 * Judges every pair of clusters of the plan: those that share a CIDR must have disjoint ranges (DESIGN 3). What is
 * wrong inside one cluster is for `mergePlan` to tell.
 */
export function checkAllClusters(documents: readonly PlanDocument[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  const clusters = clustersOf(documents).map((cluster) => {
    const { subnets } = collect(documents.filter(appliesTo(cluster)), []);
    return { cluster, subnets: read(subnets, (entry) => readSubnet(entry, cluster, [])).values() };
  });
  compareClusters(clusters, found);
  return inOrder(found);
}

function appliesTo(cluster: string | undefined): (document: PlanDocument) => boolean {
  return ({ spec }) => spec.clusters === undefined || (cluster !== undefined && spec.clusters.includes(cluster));
}

/** Never an empty plan by accident: without a known cluster nothing is known. */
function clusterFault(
  documents: readonly PlanDocument[],
  clusters: readonly string[],
  cluster: string | undefined,
): Diagnostic | undefined {
  if (documents.length === 0) {
    return { code: "SP1002", severity: "error", message: "the plan holds no NetworkPlan document" };
  }
  if (clusters.length === 0) return undefined;
  const known = clusters.join(", ");
  if (cluster === undefined) {
    return {
      code: "SP2003",
      severity: "error",
      message: `the plan is for several clusters (${known}) and none is chosen`,
      hint: "name one with --cluster",
    };
  }
  if (clusters.includes(cluster) && documents.some(appliesTo(cluster))) return undefined;
  return {
    code: "SP2004",
    severity: "error",
    message: `the plan knows no cluster ${cluster}`,
    hint: didYouMean(cluster, clusters) ?? `it knows ${known}`,
  };
}

/** Harmless, but perhaps the `clusters` of a document were lost. */
function clusterUnheeded(cluster: string): Diagnostic {
  return {
    code: "SP2004",
    severity: "warning",
    message: `no document of the plan names a cluster, so --cluster ${cluster} chooses nothing: all of it is for every cluster`,
    hint: `leave --cluster out, or write clusters: [${cluster}] into the documents that are for that one alone`,
  };
}

/** The plan with its renamings, and with its migrations as far as they are. */
function withChanges(documents: readonly PlanDocument[], plan: Plan, found: Diagnostic[]): Plan {
  const migrations = readMigrations(documents, plan, found);
  const moved = readMoved(documents, plan, found);
  return { ...plan, workloads: migrated(plan.workloads, migrations), migrations, moved };
}

function readPlan(collected: Collected, cluster: string | undefined, found: Diagnostic[]): Plan {
  const subnets = read(collected.subnets, (entry) => readSubnet(entry, cluster, found));
  const references: References = {
    subnets,
    subnetNames: new KnownNames(collected.subnets.map((entry) => entry.name)),
    poolNames: new KnownNames(collected.pools.map((entry) => entry.name)),
    pools: new Map(),
  };
  const pools = read(collected.pools, (entry) => readPool(entry, references, found));
  const unreadable = new Set([
    ...collected.subnets.flatMap(({ name }) => (subnets.has(name) ? [] : name)),
    ...collected.pools.flatMap(({ name }) => (pools.has(name) ? [] : `pool:${name}`)),
  ]);
  return {
    cluster,
    settings: readSettings(collected.settings, found),
    subnets,
    reserved: read(collected.reserved, (entry) => readReservation(entry, found)),
    networks: read(collected.networks, (entry) => readNetwork(entry, pools, references, found)),
    pools,
    namespaces: read(collected.namespaces, (entry) => readNamespace(entry, references, found)),
    workloads: read(collected.workloads, (entry) => readWorkload(entry, { ...references, pools }, found)),
    ...(unreadable.size > 0 && { unreadable }),
  };
}

function read<T, U>(entries: readonly Entry<T>[], one: (entry: Entry<T>) => U | undefined): ReadonlyMap<string, U> {
  const map = new Map<string, U>();
  for (const entry of entries) {
    const value = one(entry);
    if (value !== undefined) map.set(entry.name, value);
  }
  return map;
}
