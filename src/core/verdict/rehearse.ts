import { offered } from "../change/diff.js";
import { applyMergePatch } from "../change/merge-patch.js";
import type { OrderedStep } from "../change/order.js";
import { covers, formatRangeSet, overlaps, subtract } from "../ip/range-set.js";
import type { Snapshot } from "../snapshot.js";
import { admit, indexWorld, type World, type WorldIndex } from "../spiderpool/admission/admit.js";
import { cidrLabel } from "../spiderpool/canonical.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { KEYS, KINDS, type KubeObject, type SpiderIPPool, type SpiderSubnet } from "../spiderpool/objects.js";
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
  const stage = openStage(snapshot);
  const held = new Set<string>();
  return steps.map((step) => {
    const refusal = step.blocked ? undefined : play(stage, step, facts);
    const played = refusal
      ? hold(step, relation(refusal.because, held, leaving), refusal.message, refusal.because)
      : step;
    if (played.blocked) held.add(played.name);
    return played;
  });
}

/** Why a step cannot be, and the objects that stand in its way. */
interface Refusal {
  readonly message: string;
  readonly because: readonly string[];
}

/** A refused step leans on a step that is held back itself, waits for a leaving pool, or is wrong on its own. */
function relation(because: readonly string[], held: ReadonlySet<string>, leaving: ReadonlySet<string>) {
  if (because.some((name) => leaving.has(name))) return "waiting";
  return because.some((name) => held.has(name)) ? "depends" : "conflict";
}

/** The cluster as the steps so far leave it. */
interface Stage {
  readonly world: World & { readonly index: WorldIndex };
  readonly maps: Readonly<Record<string, Map<string, KubeObject>>>;
}

function openStage(snapshot: Snapshot): Stage {
  // By name: of several in the way the same one is told, whatever order the API has (FIXED-4).
  const pools = new Map(byName(snapshot.pools).map(([name, pool]) => [name, labelled(pool)]));
  const subnets = new Map(byName(snapshot.subnets));
  const reserved = new Map(snapshot.reserved);
  const multusConfigs = new Map(snapshot.multusConfigs);
  const world = { pools, subnets, reserved, multusConfigs, networkAttachments: snapshot.networkAttachments };
  return {
    world: { ...world, index: indexWorld(world) },
    maps: {
      SpiderIPPool: pools as Map<string, KubeObject>,
      SpiderSubnet: subnets as Map<string, KubeObject>,
      SpiderReservedIP: reserved as Map<string, KubeObject>,
      SpiderMultusConfig: multusConfigs as Map<string, KubeObject>,
    },
  };
}

function byName<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Spiderpool compares pools of one label (P9); we compare those of one CIDR, labelled or not. */
function labelled(pool: SpiderIPPool): SpiderIPPool {
  if (pool.metadata.labels?.[KEYS.poolCidr] !== undefined) return pool;
  const labels = { ...pool.metadata.labels, [KEYS.poolCidr]: cidrLabel(pool.spec.subnet) };
  return { ...pool, metadata: { ...pool.metadata, labels } };
}

function play(stage: Stage, step: OrderedStep, facts: SpiderpoolFacts): Refusal | undefined {
  const stored = stage.maps[step.kind.kind];
  if (stored === undefined) return undefined; // Namespaces and Pod templates have no admission of Spiderpool's
  const key = step.namespace ? `${step.namespace}/${step.name}` : step.name;
  if (step.action === "delete") return remove(stage, step, key);
  const old = stored.get(key);
  const object = old === undefined ? step.object : (applyMergePatch(old, step.patch ?? {}) as KubeObject);
  if (step.kind === KINDS.SpiderSubnet && step.removed.length > 0) {
    const refusal = shrinkUnderPools(stage, object as SpiderSubnet);
    if (refusal !== undefined) return refusal;
    // By then Spiderpool's controller has recorded what the pools still offer (T3), so U7 has been judged here.
    delete object.status;
  }
  const { object: admitted, denial } = admit({ operation: old ? "UPDATE" : "CREATE", object, old }, stage.world, facts);
  if (denial !== undefined) {
    return {
      message: `Spiderpool would refuse it (${denial.rule}): ${denial.message}`,
      because: suspects(stage, object),
    };
  }
  stored.set(key, admitted);
  if (admitted.kind === "SpiderIPPool") stage.world.index.putPool(admitted as SpiderIPPool);
  if (admitted.kind === "SpiderSubnet") stage.world.index.putSubnet(admitted as SpiderSubnet);
  return undefined;
}

function remove(stage: Stage, step: OrderedStep, key: string): Refusal | undefined {
  if (step.kind === KINDS.SpiderSubnet) {
    const left = poolsOf(stage, step.object as SpiderSubnet).map((pool) => pool.metadata.name);
    if (left.length > 0) return { message: `${told(left)} would be deleted with it (U9)`, because: left };
    stage.world.index.deleteSubnet(key);
  }
  if (step.kind === KINDS.SpiderIPPool) stage.world.index.deletePool(key);
  stage.maps[step.kind.kind]?.delete(key);
  return undefined;
}

/** U7, judged on the pools themselves: the status the webhook reads is a moment old. */
function shrinkUnderPools(stage: Stage, after: SpiderSubnet): Refusal | undefined {
  const outside = poolsOf(stage, after).filter((pool) => !covers(offered(after), offered(pool)));
  const [first] = outside;
  if (first === undefined) return undefined;
  const lost = formatRangeSet(subtract(offered(first), offered(after))).join(", ");
  const names = outside.map((pool) => pool.metadata.name);
  return { message: `${told(names)} still offers ${lost} (U7)`, because: names };
}

function poolsOf(stage: Stage, subnet: SpiderSubnet): SpiderIPPool[] {
  const { ipVersion, subnet: cidr } = subnet.spec;
  return [
    ...(stage.world.index
      .poolsByCidr(ipVersion ?? 0)
      .get(cidr)
      ?.values() ?? []),
  ];
}

/** What stands in the way of a pool: who offers its addresses, and the subnet it has to lie in. */
function suspects(stage: Stage, object: KubeObject): string[] {
  if (object.kind === "SpiderSubnet") return poolsOf(stage, object as SpiderSubnet).map((pool) => pool.metadata.name);
  const family = (object.spec as SpiderIPPool["spec"] | undefined)?.ipVersion;
  const owners = (object.metadata.ownerReferences ?? []).filter((owner) => owner.controller).map((owner) => owner.name);
  const sharing = [...stage.world.pools.values()].filter(
    (pool) =>
      pool.metadata.name !== object.metadata.name &&
      pool.spec.ipVersion === family &&
      overlaps(offered(pool), offered(object)),
  );
  return [...owners, ...sharing.map((pool) => pool.metadata.name)];
}

function told(names: readonly string[]): string {
  const some = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${some} and ${names.length - 3} more pools` : some;
}
