import type { KubeObject } from "./objects.js";

/** How the cluster's Spiderpool is configured (F1). */
export interface SpiderpoolFacts {
  readonly namespace: string;
  readonly enableIPv4: boolean;
  readonly enableIPv6: boolean;
  readonly enableSpiderSubnet: boolean;
  readonly enableStatefulSet: boolean;
  readonly enableKubevirtStaticIP: boolean;
  readonly enableAutoPoolForApplication: boolean;
  readonly enableValidatingResourcesDeletedWebhook: boolean;
  /** The agent's MULTUS_CLUSTER_NETWORK (A9), `namespace/name`; undefined = unknown. */
  readonly clusterNetwork: string | undefined;
  /** Checks at a Pod's start that, when they fail, free what StatefulSets and VMs keep (N10). */
  readonly enableIPConflictDetection: boolean;
  readonly enableGatewayDetection: boolean;
  /** Spiderpool's Pod webhook may write a Pod's networks anew (N12, `podResourceInject.enabled`). */
  readonly injectsNetworks: boolean;
}

/** What Spiderpool's chart installs unless told otherwise (F1). */
export const CHART_DEFAULTS: SpiderpoolFacts = {
  namespace: "kube-system",
  enableIPv4: true,
  enableIPv6: true,
  enableSpiderSubnet: true,
  enableStatefulSet: true,
  enableKubevirtStaticIP: true,
  enableAutoPoolForApplication: true,
  enableValidatingResourcesDeletedWebhook: false,
  clusterNetwork: undefined,
  enableIPConflictDetection: false,
  enableGatewayDetection: false,
  injectsNetworks: false,
};

const SWITCHES = [
  "enableIPv4",
  "enableIPv6",
  "enableSpiderSubnet",
  "enableStatefulSet",
  "enableKubevirtStaticIP",
  "enableAutoPoolForApplication",
  "enableValidatingResourcesDeletedWebhook",
  "enableIPConflictDetection",
  "enableGatewayDetection",
] as const satisfies readonly (keyof SpiderpoolFacts)[];

/** Facts in force: what the cluster says wins over what the plan says, and that over the chart's defaults (DESIGN 3). */
export function resolveFacts(live: Partial<SpiderpoolFacts>, plan: Partial<SpiderpoolFacts>): SpiderpoolFacts {
  return { ...CHART_DEFAULTS, ...stated(plan), ...stated(live) };
}

/**
 * Facts written in Spiderpool's ConfigMap `spiderpool-conf` (F1): the flat `key: value` lines of `conf.yml`, and whether the
 * Pod webhook is on, which is the one that lies a level deeper.
 * Keys that are absent or not a boolean stay out; the namespace is that of the ConfigMap.
 */
export function factsFromConfigMap(object: KubeObject): Partial<SpiderpoolFacts> {
  const facts: { -readonly [K in keyof SpiderpoolFacts]?: SpiderpoolFacts[K] } = {};
  if (object.metadata.namespace) facts.namespace = object.metadata.namespace;
  const values = new Map<string, string>();
  for (const line of (object.data?.["conf.yml"] ?? "").split("\n")) {
    const match = /^([A-Za-z0-9]+):\s*["']?([^"'#\s]*)["']?\s*(?:#.*)?$/.exec(line.trimEnd());
    if (match) values.set(match[1]!, match[2]!);
  }
  for (const key of SWITCHES) {
    const text = values.get(key);
    if (text === "true" || text === "false") facts[key] = text === "true";
  }
  const injects = injection(object.data?.["conf.yml"] ?? "");
  if (injects !== undefined) facts.injectsNetworks = injects;
  return facts;
}

/** `enabled` under `podResourceInject`, written as a block or in braces; undefined where it does not say. */
function injection(text: string): boolean | undefined {
  const lines = text.split("\n").map((line) => line.replace(/(^|\s)#.*/, ""));
  const start = lines.findIndex((line) => /^["']?podResourceInject["']?\s*:/.test(line));
  if (start < 0) return undefined;
  const first = lines[start]!.slice(lines[start]!.indexOf(":") + 1);
  const end = lines.findIndex((line, index) => index > start && /^[^\s}\]]/.test(line));
  const more = lines.slice(start + 1, end < 0 ? undefined : end);
  const inside = first.trim().startsWith("{") ? entriesInBraces([first, ...more].join("\n")) : more;
  for (const entry of inside) {
    const value = ENABLED.exec(entry)?.[1];
    if (value !== undefined) return value === "true";
  }
  return undefined;
}

const ENABLED = /^\s*["']?enabled["']?\s*:\s*["']?(true|false)\b/;

/** What stands between the commas of a YAML map in braces; lists and maps inside it are left out. */
function entriesInBraces(text: string): string[] {
  const entries = [""];
  let depth = 0;
  for (const char of text) {
    if (char === "}" || char === "]") depth--;
    if (depth === 1 && char === ",") entries.push("");
    else if (depth === 1) entries[entries.length - 1] += char;
    if (char === "{" || char === "[") depth++;
    else if (depth === 0 && char === "}") break;
  }
  return entries;
}

function stated(facts: Partial<SpiderpoolFacts>): Partial<SpiderpoolFacts> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}
