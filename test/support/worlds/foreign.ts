import { isClusterError } from "../../../src/core/cluster-error.js";
import { KINDS, type KubeObject, OWN } from "../../../src/core/spiderpool/objects.js";
import { everyAddress, offeredBy } from "./addresses.js";
import { heldBy } from "./agent.js";
import type { WorldCluster } from "./cluster.js";
import { GROW_AUTO, LOSE_MARKS } from "./life-spec.js";
import { endpointsOf, keyOf, poolsOf, recordsOf, withRecords } from "./objects.js";
import { addressAt, cidrOf, type PlanModel, type SubnetModel, ZONE } from "./plan-model.js";
import { reservedAll } from "./standing.js";

/** What others do to the cluster behind our back; what Spiderpool refuses does not happen. @returns in words */
export async function foreignEdit(
  world: WorldCluster,
  model: PlanModel,
  what: number,
  target: number,
  value: number,
): Promise<string> {
  const names = [...poolsOf(world.objects).keys()].filter((name) => !name.startsWith("spiderplan-none")).sort();
  const name = names[target % Math.max(1, names.length)];
  const patch = async (told: string, spec: object) => {
    if (name === undefined) return "nothing";
    await quietly(world.actor.patch({ kind: KINDS.SpiderIPPool, name }, { spec }));
    return `kubectl patch pool ${name}: ${told}`;
  };
  const subnet = model.subnets[target % model.subnets.length]!;
  const address = addressAt(subnet, value % (ZONE + subnet.room));
  switch (what) {
    case 0:
      return patch(`nodeName node-${value % 2}`, { nodeName: [`node-${value % 2}`] });
    case 1:
      return patch(`disable ${value % 2 === 0}`, { disable: value % 2 === 0 });
    case 2:
      return patch(`default ${value % 2 === 0}`, { default: value % 2 === 0 });
    case 3:
      return patch(`podAffinity tier ${value % 2}`, {
        podAffinity: value % 3 === 0 ? null : { matchLabels: { tier: value % 2 === 0 ? "x" : "y" } },
      });
    case 4: {
      const spec = {
        subnet: cidrOf(subnet),
        ipVersion: subnet.family,
        ips: [address],
        ...(value % 3 === 0 && { default: true }),
      };
      const pool = {
        ...kindOf("SpiderIPPool"),
        metadata: { name: value % 2 === 0 ? `p-foreign${value}` : `foreign${value}` },
        spec,
      };
      await quietly(world.actor.create(pool, KINDS.SpiderIPPool));
      return `foreign pool ${pool.metadata.name} with ${address}`;
    }
    case 5: {
      const spec = { ipVersion: subnet.family, ips: [address] };
      await quietly(
        world.actor.create(
          { ...kindOf("SpiderReservedIP"), metadata: { name: `foreign${value}` }, spec },
          KINDS.SpiderReservedIP,
        ),
      );
      return `foreign reservation of ${address}`;
    }
    case 6: {
      const live = name === undefined ? undefined : poolsOf(world.objects).get(name);
      if (live === undefined || Object.keys(recordsOf(live)).length > 0) return "nothing";
      await quietly(world.actor.delete({ kind: KINDS.SpiderIPPool, name: live.metadata.name }, {}));
      return `kubectl delete pool ${live.metadata.name}`;
    }
    case LOSE_MARKS:
      return loseMarks(world, target, value);
    case GROW_AUTO:
      return growAuto(world, subnet, value + 1);
    default:
      return loseRecord(world, target);
  }
}

/** I2, I9: the pool's record of an ordinal is lost, its endpoint still tells. */
function loseRecord(world: WorldCluster, target: number): string {
  const ordinals = [...endpointsOf(world.objects).values()]
    .filter((endpoint) => endpoint.status?.ownerControllerType === "StatefulSet")
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const endpoint = ordinals[target % Math.max(1, ordinals.length)];
  const [held] = heldBy(endpoint);
  const pool = held && poolsOf(world.objects).get(held.pool);
  if (endpoint === undefined || held === undefined || pool === undefined) return "nothing";
  const { [held.address]: lost, ...kept } = recordsOf(pool);
  if (lost === undefined) return "nothing";
  world.objects.put(withRecords(pool, kept));
  return `${held.pool} loses its record of ${held.address} (${keyOf(endpoint)})`;
}

/** Pools of ours are stored without our marks: a backup restored, `kubectl replace` of cleaned manifests. */
function loseMarks({ objects }: WorldCluster, target: number, value: number): string {
  const [labelToo, respelt, count] = [value % 2 === 0, (value >> 1) % 2 === 1, 1 + (value >> 2)];
  const ours = [...poolsOf(objects).values()]
    .filter(({ metadata }) => metadata.annotations?.[OWN.owner] !== undefined)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const lost = ours.map((_, at) => ours[(target + at) % ours.length]!).slice(0, count);
  for (const pool of lost) {
    const { [OWN.managedByLabel]: label, ...labels } = pool.metadata.labels ?? {};
    const kept = labelToo || label === undefined ? labels : { ...labels, [OWN.managedByLabel]: label };
    // One entry stays as somebody spells it (M5).
    const [first = ""] = pool.spec.ips ?? [];
    const again = respelt && pool.spec.ips?.length === 1 && !first.includes("-");
    const spec = again ? { ...pool.spec, ips: [`${first}-${first}`] } : pool.spec;
    objects.put({ ...pool, spec, metadata: { ...pool.metadata, annotations: {}, labels: kept } } as KubeObject);
  }
  return lost.length === 0 ? "nothing" : `${lost.map(({ metadata }) => metadata.name).join(", ")} lose our marks`;
}

/**
 * An automatic pool takes the lowest addresses of its subnet that no pool has and nothing reserves (Z9). It is stored as any
 * foreign pool: that Spiderpool made it is nothing to what is asked here.
 */
function growAuto({ objects }: WorldCluster, model: SubnetModel, count: number): string {
  const name = `auto-${model.key}`;
  const pools = [...poolsOf(objects).values()];
  const taken = new Set([...pools.flatMap(offeredBy), ...reservedAll(objects)]);
  const all = Array.from({ length: ZONE + model.room }, (_, offset) => addressAt(model, offset));
  const subnet = objects.all("SpiderSubnet").get(model.key)?.spec as { ips?: string[] } | undefined;
  const inside = new Set(everyAddress(subnet?.ips));
  const free = all.filter((address) => inside.has(address) && !taken.has(address)).slice(0, count);
  if (free.length === 0) return "nothing";
  const live = poolsOf(objects).get(name);
  const had = live === undefined ? [] : offeredBy(live);
  const spec = { subnet: cidrOf(model), ipVersion: model.family, ips: [...had, ...free] };
  objects.put({ ...kindOf("SpiderIPPool"), ...live, metadata: { name, ...live?.metadata }, spec } as KubeObject);
  return `automatic pool ${name} grows by ${free.join(", ")}`;
}

function kindOf(name: "SpiderIPPool" | "SpiderReservedIP"): Pick<KubeObject, "apiVersion" | "kind"> {
  const { apiVersion, kind } = KINDS[name];
  return { apiVersion, kind };
}

async function quietly(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!isClusterError(error)) throw error;
  });
}
