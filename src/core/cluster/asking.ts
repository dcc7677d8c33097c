import { type Family, parseAddress } from "../ip/address.js";
import { cidrRange, parseCidr, rangeContains } from "../ip/range.js";
import { rangeSet } from "../ip/range-set.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { type Ipam, ipamOf } from "../spiderpool/ipam/network-defaults.js";
import { additionalNics, FIRST_NIC, networkOfNic } from "../spiderpool/ipam/networks.js";
import { nicsOfPod } from "../spiderpool/ipam/nics.js";
import type { PodFacts } from "../spiderpool/ipam/pod-facts.js";
import { controllerOf, isKind, KEYS, type KubeObject } from "../spiderpool/objects.js";
import { isFinished, isHostNetwork } from "./lifecycle.js";
import type { Snapshot } from "./snapshot.js";

/** Whether a NIC asks Spiderpool for its address when its Pod starts. */
export type Asks = "yes" | "no" | "unknown";

/** Whether a NIC asks Spiderpool, and what its network's own definition says of it. */
export interface Asking {
  readonly asks: Asks;
  readonly ipam: Ipam;
}

type Cluster = Pick<
  Snapshot,
  "complete" | "pods" | "endpoints" | "pools" | "use" | "multusConfigs" | "networkAttachments"
>;

/**
 * Whether a NIC of a Pod asks Spiderpool: it is there, and its network ends in Spiderpool's IPAM. The network is that of the
 * Pod's annotation, of eth0 else the cluster's (A9). Where no definition of it is known, running Pods on it tell.
 */
export function askingOf(snapshot: Cluster, pod: PodFacts, nic: string, facts: SpiderpoolFacts): Asking {
  const network = networkOfNic(pod, nic, facts);
  if (nic !== FIRST_NIC && network === undefined) {
    // An annotation that cannot be read tells of no NIC for certain.
    return { asks: additionalNics(pod) === undefined ? "unknown" : "no", ipam: "unknown" };
  }
  const named = network === undefined || network === "unknown" ? undefined : network;
  const ipam = named === undefined ? "unknown" : ipamOf(named, snapshot);
  if (ipam === "spiderpool") return { asks: "yes", ipam };
  if (ipam === "other") return { asks: "no", ipam };
  return { asks: evidenceOf(snapshot, facts).get(evidenceKey(pod, nic, facts)) ?? "unknown", ipam };
}

/** Stands for the cluster's own network, of which no annotation speaks: settings may name it and no object define it. */
const DEFAULT = "";

function evidenceKey(pod: PodFacts, nic: string, facts: SpiderpoolFacts): string {
  if (nic === FIRST_NIC && !pod.annotations[KEYS.defaultNetwork]) return DEFAULT;
  return networkOfNic(pod, nic, facts) ?? DEFAULT;
}

type Evidence = ReadonlyMap<string, Asks>;

/** By the namespace in which names without one are looked up. */
const remembered = new WeakMap<Cluster["pods"], Map<string, Evidence>>();

/**
 * What running Pods tell of the networks they hang on: one with an address on record has it from Spiderpool; one that runs with
 * an address that no endpoint and no pool knows has it from somebody else. Who has one from Spiderpool outweighs all others.
 */
function evidenceOf(snapshot: Cluster, settings: SpiderpoolFacts): Evidence {
  const known = remembered.get(snapshot.pods) ?? new Map<string, Evidence>();
  const found = known.get(settings.namespace) ?? gatherEvidence(snapshot, settings);
  remembered.set(snapshot.pods, known.set(settings.namespace, found));
  return found;
}

function gatherEvidence(snapshot: Cluster, settings: SpiderpoolFacts): Evidence {
  const evidence = new Map<string, Asks>();
  const isForeign = foreignAddresses(snapshot);
  for (const [path, pod] of snapshot.pods) {
    if (isHostNetwork(pod) || isFinished(pod)) continue;
    const { namespace = "", name, annotations } = pod.metadata;
    const facts = { namespace, name, labels: {}, annotations: annotations ?? {} };
    for (const nic of nicsOfPod(facts) ?? []) {
      const asks = seenOn(snapshot, path, pod, nic, isForeign);
      if (asks === undefined) continue;
      const key = evidenceKey(facts, nic, settings);
      if (asks === "yes" || !evidence.has(key)) evidence.set(key, asks);
    }
  }
  return evidence;
}

function seenOn(
  snapshot: Cluster,
  path: string,
  pod: KubeObject,
  nic: string,
  isForeign: (address: string) => boolean,
): Asks | undefined {
  const controller = controllerOf(pod);
  const machine = controller !== undefined && isKind(controller, "kubevirt.io", "VirtualMachineInstance");
  const current = snapshot.endpoints.get(machine ? `${pod.metadata.namespace}/${controller.name}` : path)?.status
    ?.current;
  if (current?.ips.some((ip) => ip.interface === nic && (ip.ipv4 || ip.ipv6))) return "yes";
  // While a Pod starts, later NICs have no name yet (T5).
  if (current?.ips.some((ip) => ip.interface === "")) return undefined;
  const addresses = addressesOf(pod);
  if (addresses.length === 0) return undefined;
  if (nic === FIRST_NIC) return addresses.every(isForeign) ? "no" : undefined;
  return snapshot.complete.has("SpiderEndpoint") ? "no" : undefined;
}

/** Addresses of eth0 that Kubernetes shows of a running Pod. */
function addressesOf(pod: KubeObject): string[] {
  const { podIP, podIPs } = (pod.status ?? {}) as { podIP?: string; podIPs?: { ip?: string }[] };
  return (podIPs ?? [{ ip: podIP }]).flatMap(({ ip }) => (ip ? [ip] : []));
}

/** Tells addresses that Spiderpool has not given: of none of its records, and where endpoints are not known, of no pool's CIDR. */
function foreignAddresses({ complete, pools, use }: Cluster): (address: string) => boolean {
  const all = complete.has("SpiderEndpoint");
  const cidrs = ([4, 6] as const).map((family: Family) =>
    rangeSet(
      [...pools.values()].flatMap(({ spec }) => {
        const cidr = parseCidr(spec.subnet);
        return cidr?.family === family ? [cidrRange(cidr)] : [];
      }),
    ),
  );
  return (text) => {
    const address = parseAddress(text);
    if (address === undefined || use.byAddress.has(address)) return false;
    return all || !cidrs.flat().some((range) => rangeContains(range, address));
  };
}
