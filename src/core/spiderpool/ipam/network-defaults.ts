import type { Snapshot } from "../../snapshot.js";
import { attachmentName } from "../admission/network.js";
import type { SpiderpoolFacts } from "../facts.js";
import { isFields, parseJson } from "../json.js";
import { CNI_BLOCKS } from "../multus-defaults.js";
import type { KubeObject, SpiderMultusConfig } from "../objects.js";
import { type Names, readNames } from "./annotations.js";
import { networkOfNic } from "./networks.js";
import type { PodFacts } from "./pod-facts.js";

/** What of a cluster tells the default pools of a network. */
export type NetworkWorld = Pick<Snapshot, "multusConfigs" | "networkAttachments">;

const NO_NAMES: Names = { v4: [], v6: [] };

/** The default pools of the network a NIC hangs on (A1, source 5): from its SpiderMultusConfig, else its net-attach-def. */
export function networkDefaultPools(pod: PodFacts, nic: string, world: NetworkWorld, facts: SpiderpoolFacts): Names {
  const network = networkOfNic(pod, nic, facts);
  if (network === undefined) return NO_NAMES;
  const config = configOf(network, world);
  if (config !== undefined) return configPools(config);
  const attachment = world.networkAttachments.get(network);
  return attachment === undefined ? NO_NAMES : attachmentPools(attachment);
}

/** Whether Spiderpool is known to give a NIC on this network its address: its config makes a net-attach-def that asks for one. */
export function isServedNetwork(network: string, world: NetworkWorld): boolean {
  const spec = configOf(network, world)?.spec;
  return spec !== undefined && (spec.cniType ?? "custom") !== "custom" && spec.disableIPAM !== true;
}

/** The config that makes this net-attach-def, which may have another name by annotation (X8). */
function configOf(network: string, world: NetworkWorld): SpiderMultusConfig | undefined {
  for (const config of world.multusConfigs.values()) {
    if (`${config.metadata.namespace}/${attachmentName(config)}` === network) return config;
  }
  return undefined;
}

function configPools({ spec }: SpiderMultusConfig): Names {
  if (spec.disableIPAM === true) return NO_NAMES;
  const block = spec[CNI_BLOCKS[spec.cniType ?? "custom"] ?? ""];
  if (!isFields(block) || !isFields(block.ippools)) return NO_NAMES;
  return readNames(block.ippools) ?? NO_NAMES;
}

function attachmentPools(attachment: KubeObject): Names {
  const config = parseJson(String((attachment.spec as { config?: unknown } | undefined)?.config ?? ""));
  if (!isFields(config)) return NO_NAMES;
  for (const plugin of [config, ...(Array.isArray(config.plugins) ? config.plugins : [])]) {
    const ipam = isFields(plugin) ? plugin.ipam : undefined;
    if (!isFields(ipam) || ipam.type !== "spiderpool") continue;
    return readNames({ ipv4: ipam.default_ipv4_ippool, ipv6: ipam.default_ipv6_ippool }) ?? NO_NAMES;
  }
  return NO_NAMES;
}
