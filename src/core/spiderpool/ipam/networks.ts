import type { SpiderpoolFacts } from "../facts.js";
import { KEYS } from "../objects.js";
import type { PodFacts } from "./pod-facts.js";

/** A Multus network a NIC hangs on. */
export interface NicNetwork {
  readonly nic: string;
  /** `namespace/name` of the net-attach-def. */
  readonly network: string;
}

/** The first NIC of every Pod. */
export const FIRST_NIC = "eth0";

/** From here on reading a text again for each of its NICs costs more than keeping what was read. */
const LONG = 300;

type Read = readonly NicNetwork[] | undefined;

const remembered = new WeakMap<PodFacts["annotations"], { readonly namespace: string; readonly nics: Read }>();

/** The NICs beyond eth0 in the order of the networks annotation (A4, A9); `undefined` if it cannot be read. */
export function additionalNics({ namespace, annotations }: Pick<PodFacts, "namespace" | "annotations">): Read {
  const text = annotations[KEYS.networks];
  if (!text) return [];
  if (text.length < LONG) return readNetworks(text, namespace);
  const known = remembered.get(annotations);
  if (known?.namespace === namespace) return known.nics;
  const nics = readNetworks(text, namespace);
  remembered.set(annotations, { namespace, nics });
  return nics;
}

function readNetworks(annotation: string, own: string): Read {
  const text = annotation.trim();
  if (text === "") return [];
  const entries = text.startsWith("[") ? fromJson(text) : text.split(",").map(fromText);
  return entries?.map(({ namespace, name, nic }, index) => ({
    nic: nic || `net${index + 1}`,
    network: `${namespace || own}/${name}`,
  }));
}

/**
 * The network of one NIC (A9): of eth0 the default-network annotation, else the cluster's network.
 * @returns `namespace/name`; `unknown` where only the agent's settings could tell; undefined if the NIC has none
 */
export function networkOfNic(pod: PodFacts, nic: string, facts: SpiderpoolFacts): string | "unknown" | undefined {
  if (nic !== FIRST_NIC) return additionalNics(pod)?.find((entry) => entry.nic === nic)?.network;
  const own = defaultNetwork(pod.annotations, facts);
  if (own !== undefined) return own;
  if (facts.clusterNetwork === undefined) return "unknown";
  if (facts.clusterNetwork === "") return undefined;
  return facts.clusterNetwork.includes("/") ? facts.clusterNetwork : `${facts.namespace}/${facts.clusterNetwork}`;
}

/** `namespace/name` of the network that a Pod's annotation puts eth0 on (A9). */
export function defaultNetwork(
  annotations: Readonly<Record<string, string>>,
  { namespace: own }: Pick<SpiderpoolFacts, "namespace">,
): string | undefined {
  const text = annotations[KEYS.defaultNetwork];
  if (!text) return undefined;
  const { namespace, name } = (text.trimStart().startsWith("[") ? fromJson(text)?.[0] : undefined) ?? fromText(text);
  return `${namespace || own}/${name}`;
}

interface Entry {
  readonly namespace: string;
  readonly name: string;
  readonly nic: string;
}

/** `namespace/name@nic`, the first and last part optional. */
function fromText(text: string): Entry {
  const trimmed = text.trim();
  const slash = trimmed.indexOf("/");
  const [name = "", nic = ""] = trimmed.slice(slash + 1).split("@");
  return { namespace: slash < 0 ? "" : trimmed.slice(0, slash), name, nic };
}

function fromJson(text: string): Entry[] | undefined {
  try {
    const list = JSON.parse(text) as { name?: unknown; namespace?: unknown; interface?: unknown }[];
    return list.map((item) => {
      if (typeof item.name !== "string" || item.name === "") throw new TypeError("a network without a name");
      return { namespace: String(item.namespace ?? ""), name: item.name, nic: String(item.interface ?? "") };
    });
  } catch {
    return undefined;
  }
}
