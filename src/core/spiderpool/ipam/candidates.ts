import type { Family } from "../../ip/address.js";
import type { Snapshot } from "../../snapshot.js";
import type { SpiderpoolFacts } from "../facts.js";
import { KEYS } from "../objects.js";
import { hasSubnetAnnotation, type Names, type NicPools, ownChoice, readDefaultPools } from "./annotations.js";
import { autoPoolCandidates } from "./auto-pools.js";
import { compileGlob, isPattern, literalPrefix, namesWithPrefix } from "./glob.js";
import { type NetworkWorld, networkDefaultPools } from "./network-defaults.js";
import type { PodFacts } from "./pod-facts.js";

export { globMatch } from "./glob.js";

/** Where the names of pools came from (A1). */
export type Source =
  | "subnet annotation"
  | "ippools annotation"
  | "ippool annotation"
  | "namespace annotation"
  | "network configuration"
  | "default pools";

/** The pools Spiderpool considers for one NIC, before any affinity is looked at. */
export interface Candidates {
  readonly source: Source;
  /** Names in code-unit order; their order means nothing to Spiderpool (A12). */
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  /** Patterns that hit no pool: the Pod starts without an address and without an error if nothing else is left (A5). */
  readonly unmatched: readonly string[];
  /** Whether pools' gateways make no default route on this NIC (A25). */
  readonly cleanGateway?: boolean;
  /** Why the Pod fails before any pool is tried. */
  readonly error?: string;
}

/** What of a cluster decides about candidates. */
export interface CandidateWorld extends NetworkWorld {
  readonly pools: Snapshot["pools"];
  /** Names of all pools in code-unit order; with it a pattern costs its hits and not all pools. */
  readonly sortedPoolNames?: readonly string[];
}

/**
 * The candidates of one NIC of a Pod: the first source that says anything, all lower ones ignored (A1-A6).
 * @param nic `eth0`, `net1` ...
 */
export function candidates(pod: PodFacts, nic: string, world: CandidateWorld, facts: SpiderpoolFacts): Candidates {
  return candidatesByNic(pod, world, facts)(nic);
}

type CandidatesOf = (nic: string) => Candidates;

/** The candidates of any NIC of a Pod; what stands once for all of its NICs is read once. */
export function candidatesByNic(pod: PodFacts, world: CandidateWorld, facts: SpiderpoolFacts): CandidatesOf {
  const subnets = facts.enableSpiderSubnet && hasSubnetAnnotation(pod.annotations);
  if (subnets)
    return (nic) =>
      enabled({ source: "subnet annotation", ...autoPoolCandidates(pod, nic, world.pools, facts) }, facts);
  const chosen = ownChoice(pod);
  if (chosen === undefined) return fromDefaults(pod, world, facts);
  if (typeof chosen.read === "string") return always(failed(chosen.source, chosen.read));
  return chosen.source === "ippool annotation"
    ? always(expand(chosen.source, chosen.read, world, facts))
    : fromItems(chosen.read, world, facts);
}

function always(found: Candidates): CandidatesOf {
  return () => found;
}

function fromItems(items: readonly NicPools[], world: CandidateWorld, facts: SpiderpoolFacts): CandidatesOf {
  const source = "ippools annotation";
  const expanded = items.map((item) => ({ ...expand(source, item, world, facts), cleanGateway: item.cleanGateway }));
  // Spiderpool serves all listed NICs in one go: a bad name on another NIC fails this one too.
  const error = expanded.find((one) => one.error !== undefined)?.error;
  return (nic) => {
    const own = expanded[items.findIndex((item) => item.nic === nic)];
    if (own === undefined) return failed(source, `annotation ${KEYS.ippools} does not list ${nic}`); // A4
    return error === undefined ? own : failed(source, error);
  };
}

function fromDefaults(pod: PodFacts, world: CandidateWorld, facts: SpiderpoolFacts): CandidatesOf {
  const namespace = readDefaultPools(pod.namespaceAnnotations ?? {});
  if (typeof namespace === "string") return always(failed("namespace annotation", namespace));
  if (given(namespace)) return always(expand("namespace annotation", namespace, world, facts));
  return (nic) => fromLowerDefaults(pod, nic, world, facts);
}

function fromLowerDefaults(pod: PodFacts, nic: string, world: CandidateWorld, facts: SpiderpoolFacts): Candidates {
  const network = networkDefaultPools(pod, nic, world, facts);
  if (given(network)) return expand("network configuration", network, world, facts);
  const marked = [...world.pools.values()].filter((pool) => pool.spec.default === true);
  if (marked.length === 0) return failed("default pools", "nothing names a pool and no pool is marked default");
  const names = (family: Family) =>
    marked.filter((pool) => pool.spec.ipVersion === family).map((pool) => pool.metadata.name);
  return expand("default pools", { v4: names(4), v6: names(6) }, world, facts);
}

/** Patterns become the pools of the family they hit; a missing or doubled name fails the Pod (A5). */
function expand(source: Source, names: Names, world: CandidateWorld, facts: SpiderpoolFacts): Candidates {
  const unmatched: string[] = [];
  let error: string | undefined;
  const family = (version: Family, list: readonly string[]) => {
    const out: string[] = [];
    for (const name of list) {
      const glob = isPattern(name) ? compileGlob(name) : undefined;
      if (!isPattern(name)) out.push(name);
      else if (glob === undefined) error ??= `bad pattern ${name}`;
      else {
        const hits = poolsWithPrefix(literalPrefix(name), world).filter(
          (pool) => world.pools.get(pool)?.spec.ipVersion === version && glob(pool),
        );
        if (hits.length === 0) unmatched.push(name);
        for (const pool of hits) out.push(pool);
      }
    }
    return out.sort();
  };
  const chosen = enabled({ source, v4: family(4, names.v4), v6: family(6, names.v6), unmatched }, facts);
  error ??= nameError(chosen.v4, world) ?? nameError(chosen.v6, world);
  return error === undefined ? chosen : failed(source, error);
}

function poolsWithPrefix(prefix: string, { pools, sortedPoolNames }: CandidateWorld): string[] {
  if (sortedPoolNames !== undefined) return namesWithPrefix(sortedPoolNames, prefix);
  return [...pools.keys()].filter((name) => name.startsWith(prefix));
}

function nameError(sorted: readonly string[], world: CandidateWorld): string | undefined {
  for (const [index, name] of sorted.entries()) {
    if (name === sorted[index - 1]) return `pool ${name} is named twice`;
    if (!world.pools.has(name)) return `pool ${name} does not exist`;
  }
  return undefined;
}

/** Families that are switched off are dropped (A6). */
function enabled(found: Candidates, facts: SpiderpoolFacts): Candidates {
  return { ...found, v4: facts.enableIPv4 ? found.v4 : [], v6: facts.enableIPv6 ? found.v6 : [] };
}

function failed(source: Source, error: string): Candidates {
  return { source, v4: [], v6: [], unmatched: [], error };
}

function given(names: Names): boolean {
  return names.v4.length + names.v6.length > 0;
}
