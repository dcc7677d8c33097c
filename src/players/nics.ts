import { readPoolsAnnotation } from "../core/spiderpool/ipam/annotations.js";
import { additionalNics, FIRST_NIC, networkOfNic } from "../core/spiderpool/ipam/networks.js";
import type { PodFacts } from "../core/spiderpool/ipam/pod-facts.js";
import { isFields, parseJson } from "../core/spiderpool/json.js";
import { KEYS, type SpiderMultusConfig } from "../core/spiderpool/objects.js";
import type { Stage } from "./player.js";

/** Why a Pod's sandbox cannot be made: what its Event says. */
export class SandboxError extends Error {}

/** Which NICs of a Pod ask Spiderpool for addresses. */
export interface PodNics {
  readonly managed: readonly string[];
  /** eth0 belongs to the cluster's overlay network, which brings its own addresses. */
  readonly overlay: boolean;
}

/**
 * The NICs Multus would make for a Pod.
 * @throws SandboxError when a network it names does not exist or cannot be read
 */
export function nicsOf(stage: Stage, pod: PodFacts): PodNics {
  const more = additionalNics(pod);
  if (more === undefined) throw new SandboxError(`annotation ${KEYS.networks} cannot be read`);
  const first = firstIsManaged(stage, pod);
  const others = more.filter(({ network }) => isManaged(stage, network)).map(({ nic }) => nic);
  return { managed: [...(first ? [FIRST_NIC] : []), ...others], overlay: !first };
}

function firstIsManaged(stage: Stage, pod: PodFacts): boolean {
  const network = networkOfNic(pod, FIRST_NIC, stage.facts);
  if (network === undefined) return false;
  if (network !== "unknown") return isManaged(stage, network);
  // Nobody said what the cluster's own network is: whoever asks Spiderpool for eth0 has it there.
  const { annotations, namespaceAnnotations = {} } = pod;
  const text = annotations[KEYS.ippools];
  const listed = text === undefined ? undefined : readPoolsAnnotation(text, pod);
  if (Array.isArray(listed)) return listed.some(({ nic }) => nic === FIRST_NIC);
  if (annotations[KEYS.networks] !== undefined) return false;
  const asks = [KEYS.ippool, KEYS.ippools, KEYS.subnet, KEYS.subnets].some((key) => annotations[key] !== undefined);
  const given = [KEYS.namespaceDefaultV4, KEYS.namespaceDefaultV6].some(
    (key) => namespaceAnnotations[key] !== undefined,
  );
  return asks || given || anyDefaultPool(stage);
}

function anyDefaultPool(stage: Stage): boolean {
  const pools = stage.mirror("SpiderIPPool").all();
  return pools.some(({ spec }) => (spec as { default?: boolean }).default === true);
}

/** Whether a network's IPAM is Spiderpool. */
function isManaged(stage: Stage, network: string): boolean {
  const config = stage.mirror("SpiderMultusConfig").get(network) as SpiderMultusConfig | undefined;
  if (config !== undefined && config.spec.cniType !== "custom") return config.spec.disableIPAM !== true;
  const attachment = stage.mirror("NetworkAttachmentDefinition").get(network);
  if (attachment !== undefined) {
    return /"type"\s*:\s*"spiderpool"/.test((attachment.spec as { config?: string } | undefined)?.config ?? "");
  }
  throw new SandboxError(
    `Multus: cannot find a network-attachment-definition (${network.slice(network.indexOf("/") + 1)}) in namespace (${network.slice(0, network.indexOf("/"))})`,
  );
}

/** Whether the items of `ippools` leave their interface out: matched by position, and no record is found under a name. */
export function isUnnamed({ annotations }: PodFacts): boolean {
  const items = parseJson(annotations[KEYS.ippools] ?? "[]");
  return Array.isArray(items) && items.some((item) => isFields(item) && !item.interface);
}
