import { templateFacts } from "../../cluster/pod-facts.js";
import type { Naming } from "../../cluster/references.js";
import type { Diagnostic } from "../../diagnostics.js";
import { judgePool } from "../../spiderpool/ipam/filter.js";
import { namesHit } from "../../spiderpool/ipam/glob.js";
import type { PodFacts } from "../../spiderpool/ipam/pod-facts.js";
import type { SpiderIPPool } from "../../spiderpool/objects.js";
import type { Watch } from "./watch.js";

/** Declared pools that live templates or Namespaces name, but whose affinities let none of these in. */
export function unreachableWarnings(watch: Watch): Diagnostic[] {
  if (watch.plan.pools.size === 0) return [];
  const namers = namersOf(watch);
  return [...watch.plan.pools.values()].flatMap((declared): Diagnostic[] => {
    const pool = watch.after.pools.get(declared.name);
    const by = namers.get(declared.name) ?? [];
    if (pool === undefined || pool.spec.disable === true || pool.spec.default === true) return [];
    const reasons = by.map((naming) => refusal(watch, pool, naming));
    const [first] = reasons;
    if (first === undefined || reasons.includes(undefined)) return [];
    return [
      {
        code: "SP4217",
        severity: "warning",
        message: `nobody can get an address of pool ${declared.name}: ${by[0]!.by} names it, but ${first}${others(by.length - 1)}`,
        hint: "correct the pool's affinities, or name it where they hold",
        source: declared.source,
        about: `pool:${declared.name}`,
      },
    ];
  });
}

/** Who names each declared pool; a plan keeps its pools in name order. */
function namersOf({ namings, plan }: Watch): ReadonlyMap<string, readonly Naming[]> {
  const found = new Map<string, Naming[]>();
  const sorted = [...plan.pools.keys()];
  const add = (pool: string, naming: Naming) => {
    const same = found.get(pool);
    if (same === undefined) found.set(pool, [naming]);
    else same.push(naming);
  };
  for (const naming of namings) {
    for (const name of new Set([...naming.names.v4, ...naming.names.v6])) {
      if (plan.pools.has(name)) add(name, naming);
      else for (const pool of namesHit(sorted, name)) add(pool, naming);
    }
  }
  return found;
}

/** Why the pool lets nobody of this naming in; undefined if it may, as whoever hangs on a network. */
function refusal(watch: Watch, pool: SpiderIPPool, naming: Naming): string | undefined {
  if (naming.on === "network") return undefined;
  const family = pool.spec.ipVersion === 6 ? 6 : 4;
  const workload = naming.workload === undefined ? undefined : watch.after.workloads.get(naming.workload);
  const [pod, asked] =
    workload === undefined
      ? [anyPodIn(watch, naming.namespace), onlyNamespaces(pool)]
      : [templateFacts(workload, watch.after), withoutPodName(pool)];
  const judged = judgePool(asked, pod, naming.nic, family, watch.facts);
  return judged.eligible ? undefined : judged.reason;
}

function anyPodIn(watch: Watch, name: string): PodFacts {
  const { labels = {}, annotations = {} } = watch.after.namespaces.get(name)?.metadata ?? {};
  return {
    namespace: name,
    name: "",
    labels: {},
    annotations: {},
    namespaceLabels: labels,
    namespaceAnnotations: annotations,
  };
}

/** Of the Pods of a Namespace only the Namespace is known. */
function onlyNamespaces(pool: SpiderIPPool): SpiderIPPool {
  const { podAffinity: _pods, nodeAffinity: _nodes, nodeName: _node, multusName: _networks, ...spec } = pool.spec;
  return { ...pool, spec };
}

/** Which ordinal a template's Pod is, is open. */
function withoutPodName(pool: SpiderIPPool): SpiderIPPool {
  const { podAffinity, ...spec } = pool.spec;
  const text = JSON.stringify(podAffinity ?? {});
  return text.includes("statefulset.kubernetes.io/") ? { ...pool, spec } : pool;
}

function others(count: number): string {
  if (count === 0) return "";
  return count === 1
    ? "; so it is with the other one that names it"
    : `; so it is with the ${count} others that name it`;
}
