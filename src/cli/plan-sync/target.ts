import { userInfo } from "node:os";
import { isClusterError } from "../../core/cluster-error.js";
import type { PlanSyncStatus } from "../../core/plan-sync/plan-sync.generated.js";
import { readWish, type Wish } from "../../core/plan-sync/wish.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import { CliError, type Io } from "../io.js";
import { connectCluster, withWaysOut } from "../observe.js";
import type { ClusterOptions } from "../options.js";

/** Where a PlanSync is. */
export interface TargetOptions extends Omit<ClusterOptions, "snapshot"> {
  readonly namespace?: string;
}

/** A PlanSync on a cluster, as it was read. */
export interface Target {
  readonly cluster: Cluster;
  readonly object: KubeObject;
  readonly wish: Wish;
  readonly status: PlanSyncStatus;
}

/**
 * Finds the PlanSync a person named: `namespace/name`, `name` with `-n`, or a name that only one of them has.
 * @throws CliError saying which there are
 */
export async function findPlanSync(io: Io, name: string, options: TargetOptions): Promise<Target> {
  const cluster = await connectCluster(io, options);
  const slash = name.indexOf("/");
  const namespace = slash < 0 ? options.namespace : name.slice(0, slash);
  const plain = name.slice(slash + 1);
  try {
    if (namespace !== undefined)
      return targetOf(cluster, await cluster.get({ kind: KINDS.PlanSync, namespace, name: plain }));
    const { items } = await cluster.list(KINDS.PlanSync);
    const found = items.filter(({ metadata }) => metadata.name === plain);
    if (found.length === 1) return targetOf(cluster, found[0]!);
    throw new CliError(unknown(plain, found.length > 1 ? found : items, found.length > 1));
  } catch (error) {
    if (isClusterError(error, "NotFound")) {
      throw new CliError(
        `there is no PlanSync ${namespace === undefined ? plain : `${namespace}/${plain}`} in this cluster`,
      );
    }
    throw withWaysOut(error);
  }
}

/** The PlanSync as it is by now. */
export async function readAgain({ cluster, object }: Target): Promise<Target> {
  const { namespace, name } = object.metadata;
  return targetOf(cluster, await cluster.get({ kind: KINDS.PlanSync, namespace, name }));
}

/** Sets annotations of a PlanSync; null takes one away. */
export async function annotate(target: Target, annotations: Readonly<Record<string, string | null>>): Promise<Target> {
  const { namespace, name } = target.object.metadata;
  const ref = { kind: KINDS.PlanSync, namespace, name };
  return targetOf(target.cluster, await target.cluster.patch(ref, { metadata: { annotations } }));
}

/** Who does this, for those who read it later. */
export function whoami(io: Io): string {
  if (io.env.SPIDERPLAN_USER) return io.env.SPIDERPLAN_USER;
  try {
    return userInfo().username;
  } catch {
    return io.env.USER ?? "somebody";
  }
}

function targetOf(cluster: Cluster, object: KubeObject): Target {
  return { cluster, object, wish: readWish(object), status: (object.status ?? {}) as PlanSyncStatus };
}

function unknown(name: string, objects: readonly KubeObject[], several: boolean): string {
  const names = objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(", ");
  if (several) return `several PlanSyncs are called ${name}: ${names}; say which with -n NAMESPACE`;
  return names === ""
    ? `there is no PlanSync ${name} in this cluster, nor any other`
    : `there is no PlanSync ${name}; there are ${names}`;
}
