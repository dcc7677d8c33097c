import { randomUUID } from "node:crypto";
import type { SpiderpoolFacts } from "../../core/spiderpool/facts.js";
import { factsFromConfigMap, resolveFacts } from "../../core/spiderpool/facts.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import { applyDescription } from "../../core/spiderpool/structural.js";
import type { Api } from "./api.js";
import { withDefaults } from "./built-in.js";
import { timestamp } from "./metadata.js";
import type { Resource } from "./resources.js";
import { keyOf } from "./store.js";

/** Where Spiderpool's chart keeps its configuration (F1). */
const CONFIG = "spiderpool-conf";

/**
 * How the cluster's Spiderpool is configured: its ConfigMap if one is given, else the chart's defaults with the given
 * facts over them.
 */
export function factsOf(objects: readonly KubeObject[], given: Partial<SpiderpoolFacts>): SpiderpoolFacts {
  const config = objects.find(({ kind, metadata }) => kind === KINDS.ConfigMap.kind && metadata.name === CONFIG);
  return resolveFacts(config === undefined ? {} : factsFromConfigMap(config), given);
}

/** Subnets before pools, so that pools find their owner; namespaces before all. */
const FIRST = ["Namespace", "Node", "SpiderSubnet"];

/** Stores the objects a cluster begins with, and the namespaces they lie in. */
export function seed(api: Api, objects: readonly KubeObject[]): void {
  const config = configMap(api.webhooks.facts);
  const namespaces = new Set([
    "default",
    "kube-system",
    api.webhooks.facts.namespace,
    ...objects.map(({ metadata }) => metadata.namespace ?? ""),
  ]);
  const known = new Set(objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name));
  const missing = [...namespaces].filter((name) => name !== "" && !known.has(name));
  const given = objects.some(({ kind, metadata }) => kind === config.kind && metadata.name === CONFIG);
  const all = [...missing.map(namespaceNamed), ...(given ? [] : [config]), ...objects];
  const rank = ({ kind }: KubeObject) => (FIRST.includes(kind) ? FIRST.indexOf(kind) : FIRST.length);
  for (const object of all.sort((a, b) => rank(a) - rank(b))) {
    const resource = api.resources.get(object.kind);
    if (resource === undefined) continue;
    if (api.store.all(object.kind).has(keyOf(object.metadata)))
      throw new Error(`${object.kind} ${keyOf(object.metadata)} is given twice`);
    api.store.put(object.kind, stored(api, object, resource));
  }
}

function namespaceNamed(name: string): KubeObject {
  return { apiVersion: KINDS.Namespace.apiVersion, kind: KINDS.Namespace.kind, metadata: { name } };
}

/** Spiderpool's configuration as its chart writes it, so that clients find it where they look for it. */
function configMap({ namespace, clusterNetwork: _agentOnly, ...switches }: SpiderpoolFacts): KubeObject {
  const lines = Object.entries(switches).map(([key, value]) => `${key}: ${value}\n`);
  return {
    apiVersion: KINDS.ConfigMap.apiVersion,
    kind: KINDS.ConfigMap.kind,
    metadata: { name: CONFIG, namespace },
    data: { "conf.yml": lines.join("") },
  };
}

function stored(api: Api, given: KubeObject, { custom, description }: Resource): KubeObject {
  const object: KubeObject = {
    ...structuredClone(given),
    metadata: {
      uid: randomUUID(),
      creationTimestamp: timestamp(api.now()),
      generation: 1,
      ...structuredClone(given.metadata),
    },
  };
  if (!custom) return withDefaults(object);
  const shaped = (one: KubeObject) => (description === undefined ? one : applyDescription(description, one).object);
  return shaped(api.webhooks.mutate({ operation: "CREATE", object: shaped(object) }));
}
