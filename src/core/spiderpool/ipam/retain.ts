import type { SpiderpoolFacts } from "../facts.js";
import { type EndpointIP, isTerminating, type KubeObject, type SpiderEndpoint } from "../objects.js";

interface StatefulSetSpec {
  readonly replicas?: number;
  readonly ordinals?: { readonly start?: number };
}

/** What stands above a Pod whose record may outlive it. Undefined: it does not exist. */
export interface Keepers {
  /** The apps/v1 StatefulSet the endpoint names. */
  readonly statefulSet?: KubeObject;
  readonly virtualMachineInstance?: KubeObject;
  readonly virtualMachine?: KubeObject;
}

/**
 * Whether a Pod that is gone keeps its endpoint and addresses for its successor: an ordinal inside its StatefulSet
 * (A18), a KubeVirt VM that lives or may start again (A21). Every other Pod gives them back (A17, A20).
 */
export function keepsRecord(endpoint: SpiderEndpoint, keepers: Keepers, facts: SpiderpoolFacts): boolean {
  switch (endpoint.status?.ownerControllerType) {
    case "StatefulSet":
      return facts.enableStatefulSet && isOrdinalOf(endpoint.metadata.name, keepers.statefulSet);
    case "VirtualMachineInstance":
      return (
        facts.enableKubevirtStaticIP && (isAlive(keepers.virtualMachineInstance) || isAlive(keepers.virtualMachine))
      );
    default:
      return false;
  }
}

/** Whether the Pod name is one of the ordinals the StatefulSet wants (A18). */
export function isOrdinalOf(pod: string, statefulSet: KubeObject | undefined): boolean {
  const match = /^(.*)-(\d+)$/.exec(pod);
  if (statefulSet === undefined || match === null || match[1] !== statefulSet.metadata.name) return false;
  const { replicas = 1, ordinals } = (statefulSet.spec ?? {}) as StatefulSetSpec;
  const start = ordinals?.start ?? 0;
  const ordinal = Number(match[2]);
  return ordinal >= start && ordinal < start + replicas;
}

/** The first ordinals a StatefulSet wants, ascending. */
export function ordinalsOf(statefulSet: KubeObject, most: number): number[] {
  const { replicas = 1, ordinals } = (statefulSet.spec ?? {}) as StatefulSetSpec;
  return Array.from({ length: Math.min(replicas, most) }, (_, index) => (ordinals?.start ?? 0) + index);
}

/**
 * Whether a StatefulSet Pod that comes back takes its old addresses again: each recorded pool is still named by the
 * candidates, before any filter (A19). Affinities, `disable` and reservations play no part.
 */
export function takesRecordBack(
  recorded: Pick<EndpointIP, "ipv4Pool" | "ipv6Pool">,
  candidates: { readonly v4: readonly string[]; readonly v6: readonly string[] },
): boolean {
  const named = (pool: string | undefined, list: readonly string[]) => !pool || list.includes(pool);
  return named(recorded.ipv4Pool, candidates.v4) && named(recorded.ipv6Pool, candidates.v6);
}

function isAlive(object: KubeObject | undefined): boolean {
  return object !== undefined && !isTerminating(object);
}
