import { offered } from "../change/diff.js";
import { applyMergePatch } from "../change/merge-patch.js";
import type { OrderedStep } from "../change/order.js";
import { cidrRange, parseCidr, rangesOverlap } from "../ip/range.js";
import { covers, formatRangeSet, subtract } from "../ip/range-set.js";
import type { SpiderpoolFacts } from "../plan/plan.js";
import type { Snapshot } from "../snapshot.js";
import { admit, type Denial, type World } from "../spiderpool/admission/admit.js";
import { KINDS, type KubeObject, type SpiderIPPool, type SpiderSubnet } from "../spiderpool/objects.js";
import { createAddressBook } from "./address-book.js";
import { hold } from "./guard.js";

/**
 * Plays the steps against Spiderpool's own admission, one after the other, each on the cluster the ones before left
 * (FIXED-5, G22). A step that would be denied is held back with the webhook's reason; what needs it is denied in turn.
 * @param leaving pools that stay although the plan dropped them, so that steps in their way can say they wait
 */
export function rehearse(
  steps: readonly OrderedStep[],
  snapshot: Snapshot,
  facts: SpiderpoolFacts,
  leaving: ReadonlySet<string>,
): OrderedStep[] {
  const stage = createStage(snapshot, facts);
  const held = new Set<string>();
  return steps.map((step) => {
    const played = step.blocked ? step : stage.play(step, (pools) => relation(pools, held, leaving));
    if (played.blocked) held.add(played.name);
    return played;
  });
}

type Relation = "waiting" | "depends" | "conflict";

/** Why a denied step is denied: it waits for a leaving pool, it leans on a step held back, or it is wrong by itself. */
function relation(pools: readonly string[], held: ReadonlySet<string>, leaving: ReadonlySet<string>): Relation {
  if (pools.some((pool) => held.has(pool))) return "depends";
  return pools.some((pool) => leaving.has(pool)) ? "waiting" : "conflict";
}

interface Stage {
  play(step: OrderedStep, relate: (pools: readonly string[]) => Relation): OrderedStep;
}

/** The cluster as the steps leave it. Each pool is judged beside its neighbours only, so 10,000 steps stay linear. */
function createStage(snapshot: Snapshot, facts: SpiderpoolFacts): Stage {
  const pools = new Map(snapshot.pools);
  const subnets = new Map(snapshot.subnets);
  const reserved = new Map(snapshot.reserved);
  const multusConfigs = new Map(snapshot.multusConfigs);
  const book = createAddressBook();
  const byCidr = new Map<string, Set<string>>();
  const unreadable = new Set<string>(); // P10: it blocks every sibling
  const enter = (pool: SpiderIPPool): void => {
    pools.set(pool.metadata.name, pool);
    book.set(pool.metadata.name, offered(pool));
    if ((pool.spec.ips?.length ?? 0) > 0 && offered(pool).length === 0) unreadable.add(pool.metadata.name);
    else unreadable.delete(pool.metadata.name);
    const same = byCidr.get(pool.spec.subnet);
    if (same === undefined) byCidr.set(pool.spec.subnet, new Set([pool.metadata.name]));
    else same.add(pool.metadata.name);
  };
  for (const pool of pools.values()) enter(pool);

  /** Pools of the same name, with the same addresses, and one of every other CIDR that intersects (P6, P7, P9). */
  const neighbours = (object: KubeObject): Map<string, SpiderIPPool> => {
    const spec = object.spec as SpiderIPPool["spec"];
    const names = [object.metadata.name, ...book.offering(offered(object)), ...unreadable];
    for (const [cidr, members] of byCidr) {
      const [first] = members;
      if (first !== undefined && cidr !== spec.subnet && cidrsOverlap(cidr, spec.subnet)) names.push(first);
    }
    return new Map(names.flatMap((name) => (pools.has(name) ? [[name, pools.get(name)!] as const] : [])));
  };
  const poolsOf = (cidr: string): SpiderIPPool[] => [...(byCidr.get(cidr) ?? [])].map((name) => pools.get(name)!);

  const worldFor = (object: KubeObject): World => ({
    pools:
      object.kind === "SpiderIPPool"
        ? neighbours(object)
        : object.kind === "SpiderSubnet"
          ? subnetNeighbours(object)
          : pools,
    subnets,
    reserved,
    multusConfigs,
    networkAttachments: snapshot.networkAttachments,
  });
  const subnetNeighbours = (object: KubeObject): Map<string, SpiderIPPool> => {
    const { subnet } = object.spec as SpiderSubnet["spec"];
    const found = new Map(poolsOf(subnet).map((pool) => [pool.metadata.name, pool]));
    for (const [cidr, members] of byCidr) {
      const [first] = members;
      if (first !== undefined && cidr !== subnet && cidrsOverlap(cidr, subnet)) found.set(first, pools.get(first)!);
    }
    return found;
  };

  const remove = (step: OrderedStep, relate: (pools: readonly string[]) => Relation): OrderedStep => {
    if (step.kind === KINDS.SpiderSubnet) {
      const left = poolsOf((step.object as SpiderSubnet).spec.subnet).map((pool) => pool.metadata.name);
      // U9: Spiderpool would take these pools along.
      if (left.length > 0) return hold(step, relate(left), `${told(left)} would be deleted with it (U9)`);
      subnets.delete(step.name);
    } else if (step.kind === KINDS.SpiderIPPool) {
      pools.delete(step.name);
      book.remove(step.name);
      byCidr.get((step.object as SpiderIPPool).spec.subnet)?.delete(step.name);
    } else if (step.kind === KINDS.SpiderReservedIP) reserved.delete(step.name);
    return step;
  };

  const shrinksUnder = (step: OrderedStep, after: SpiderSubnet): string[] =>
    step.removed.length === 0
      ? []
      : poolsOf(after.spec.subnet)
          .filter((pool) => !covers(offered(after), offered(pool)))
          .map((pool) => pool.metadata.name);

  return {
    play(step, relate) {
      if (step.action === "delete") return remove(step, relate);
      const key = step.namespace ? `${step.namespace}/${step.name}` : step.name;
      const maps = {
        SpiderIPPool: pools,
        SpiderSubnet: subnets,
        SpiderReservedIP: reserved,
        SpiderMultusConfig: multusConfigs,
      };
      const map = maps[step.kind.kind as keyof typeof maps] as Map<string, KubeObject> | undefined;
      if (map === undefined) return step; // Namespaces and Pod templates have no admission of Spiderpool's
      const old = map.get(key);
      const object = old === undefined ? step.object : (applyMergePatch(old, step.patch ?? {}) as KubeObject);
      if (step.kind === KINDS.SpiderSubnet) {
        const left = shrinksUnder(step, object as SpiderSubnet);
        if (left.length > 0) {
          const lost = formatRangeSet(subtract(offered(pools.get(left[0]!)), offered(object)));
          return hold(step, relate(left), `${told(left)} still offers ${lost.join(", ")} (U7)`);
        }
        // The controller has had its say by then: what is recorded is what the pools offer now (T3).
        if (old?.status !== undefined && step.removed.length > 0) delete (object as SpiderSubnet).status;
      }
      const { object: stored, denial } = admit(
        { operation: old ? "UPDATE" : "CREATE", object, old },
        worldFor(object),
        facts,
      );
      if (denial !== undefined) return denied(step, denial, relate(suspects(step, object)));
      if (step.kind === KINDS.SpiderIPPool) enter(stored as SpiderIPPool);
      else map.set(key, stored);
      return step;
    },
  };

  function suspects(step: OrderedStep, object: KubeObject): string[] {
    if (step.kind === KINDS.SpiderIPPool) {
      const owner = object.metadata.ownerReferences?.find((reference) => reference.controller)?.name;
      return [...book.offering(offered(object)).filter((name) => name !== step.name), ...(owner ? [owner] : [])];
    }
    return step.kind === KINDS.SpiderSubnet ? [...subnetNeighbours(object).keys()] : [];
  }
}

function denied(step: OrderedStep, denial: Denial, type: Relation): OrderedStep {
  return hold(step, type, `Spiderpool would refuse it (${denial.rule}): ${denial.message}`);
}

function told(names: readonly string[]): string {
  const some = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${some} and ${names.length - 3} more pools` : some;
}

function cidrsOverlap(a: string, b: string): boolean {
  const x = parseCidr(a);
  const y = parseCidr(b);
  return x !== undefined && y !== undefined && rangesOverlap(cidrRange(x), cidrRange(y));
}
