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

/** Whose IPAM gives a NIC on a network its address; `absent`: nothing defines the network. */
export type Ipam = "spiderpool" | "other" | "unknown" | "absent";

/** Whose IPAM a network ends in, by its SpiderMultusConfig, else by its net-attach-def. */
export function ipamOf(network: string, world: NetworkWorld): Ipam {
  const config = configOf(network, world);
  const definition = config ?? world.networkAttachments.get(network);
  if (definition === undefined) return "absent";
  // Every Pod may hang on one network, whose text may be long.
  const known = ipams.get(definition);
  if (known !== undefined) return known;
  const ipam = config === undefined ? ipamOfText(configText(definition)) : ipamOfConfig(config);
  ipams.set(definition, ipam);
  return ipam;
}

/** Objects never change. */
const ipams = new WeakMap<KubeObject, Ipam>();

function ipamOfConfig({ spec: { cniType = "custom", customCNI, disableIPAM } }: SpiderMultusConfig): Ipam {
  if (cniType === "custom") return ipamOfText(typeof customCNI === "string" ? customCNI : "");
  return disableIPAM === true ? "other" : "spiderpool";
}

/** The IPAM in the text of a CNI configuration; one that is empty or cannot be read may stand on the nodes. */
function ipamOfText(text: string): Ipam {
  const config = parseJson(text);
  if (!isFields(config)) return "unknown";
  return pluginsOf(config).some(({ ipam }) => isFields(ipam) && ipam.type === SPIDERPOOL) ? "spiderpool" : "other";
}

const SPIDERPOOL = "spiderpool";

/** A plugin alone, or the plugins of a chain. */
function pluginsOf(config: Record<string, unknown>): Record<string, unknown>[] {
  return [config, ...[config.plugins, config.delegates].flatMap((list) => (Array.isArray(list) ? list : []))].filter(
    isFields,
  );
}

function configText(attachment: KubeObject): string {
  return String((attachment.spec as { config?: unknown } | undefined)?.config ?? "");
}

const remembered = new WeakMap<NetworkWorld["multusConfigs"], ReadonlyMap<string, SpiderMultusConfig>>();

/** The config that makes this net-attach-def, which may have another name by annotation (X8). */
function configOf(network: string, { multusConfigs }: NetworkWorld): SpiderMultusConfig | undefined {
  let byNetwork = remembered.get(multusConfigs);
  if (byNetwork === undefined) {
    const all = [...multusConfigs.values()].reverse();
    byNetwork = new Map(all.map((config) => [networkOfConfig(config), config]));
    remembered.set(multusConfigs, byNetwork);
  }
  return byNetwork.get(network);
}

/** `namespace/name` of the net-attach-def a config makes. */
export function networkOfConfig(config: SpiderMultusConfig): string {
  return `${config.metadata.namespace}/${attachmentName(config)}`;
}

function configPools({ spec }: SpiderMultusConfig): Names {
  if (spec.disableIPAM === true) return NO_NAMES;
  const block = spec[CNI_BLOCKS[spec.cniType ?? "custom"] ?? ""];
  if (!isFields(block) || !isFields(block.ippools)) return NO_NAMES;
  return readNames(block.ippools) ?? NO_NAMES;
}

/** Default pools as they stand in the blocks of a SpiderMultusConfig, whichever of them counts. */
export function blockPools(spec: unknown): Names {
  const blocks = isFields(spec) ? Object.values(spec) : [];
  const pools = blocks.flatMap((block) => (isFields(block) && isFields(block.ippools) ? [block.ippools] : []));
  const texts = (list: unknown) => (Array.isArray(list) ? list.filter((name) => typeof name === "string") : []);
  return { v4: pools.flatMap(({ ipv4 }) => texts(ipv4)), v6: pools.flatMap(({ ipv6 }) => texts(ipv6)) };
}

/** Default pools that a net-attach-def gives to Spiderpool's IPAM. */
export function attachmentPools(attachment: KubeObject): Names {
  const config = parseJson(configText(attachment));
  if (!isFields(config)) return NO_NAMES;
  for (const { ipam } of pluginsOf(config)) {
    if (!isFields(ipam) || ipam.type !== SPIDERPOOL) continue;
    return readNames({ ipv4: ipam.default_ipv4_ippool, ipv6: ipam.default_ipv6_ippool }) ?? NO_NAMES;
  }
  return NO_NAMES;
}
