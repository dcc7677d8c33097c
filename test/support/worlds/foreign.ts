import { isClusterError } from "../../../src/core/cluster-error.js";
import { KINDS, type KubeObject, OWN } from "../../../src/core/spiderpool/objects.js";
import { heldBy } from "./agent.js";
import type { WorldCluster } from "./cluster.js";
import { LOSE_MARKS } from "./life-spec.js";
import { endpointsOf, keyOf, poolsOf, recordsOf, withRecords } from "./objects.js";
import { addressAt, cidrOf, type PlanModel, ZONE } from "./plan-model.js";

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
      return loseMarks(world, target, value % 2 === 0);
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

/** A pool of ours is stored without our marks: a backup restored, `kubectl replace` of a cleaned manifest. */
function loseMarks({ objects }: WorldCluster, target: number, labelToo: boolean): string {
  const ours = [...poolsOf(objects).values()]
    .filter(({ metadata }) => metadata.annotations?.[OWN.owner] !== undefined)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const pool = ours[target % Math.max(1, ours.length)];
  if (pool === undefined) return "nothing";
  const { [OWN.managedByLabel]: label, ...labels } = pool.metadata.labels ?? {};
  const kept = labelToo || label === undefined ? labels : { ...labels, [OWN.managedByLabel]: label };
  objects.put({ ...pool, metadata: { ...pool.metadata, annotations: {}, labels: kept } });
  return `${pool.metadata.name} loses our marks`;
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
