import { type EmbeddedOptions, startEmbeddedCluster } from "../../src/adapters/embedded/embedded-cluster.js";
import { systemClock } from "../../src/cli/clock.js";
import { resolveFacts } from "../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderEndpoint, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { startAgent } from "../../src/players/agent.js";
import { startController } from "../../src/players/controller.js";
import { settleAll } from "../../src/players/player.js";
import type { ClusterActor } from "../../src/ports/cluster.js";

export interface PlayedCluster {
  readonly actor: ClusterActor;
  readonly url: string;
  readonly kubeconfig: string;
  requests(): number;
  writes(): number;
  /** Waits until no player has anything left to do. */
  settle(): Promise<void>;
  create(...objects: KubeObject[]): Promise<void>;
  patch(kind: keyof typeof KINDS, name: string, patch: object): Promise<KubeObject>;
  remove(kind: keyof typeof KINDS, name: string): Promise<void>;
  /** Undefined if it is not there; names of namespaced objects are `namespace/name`. */
  find(kind: keyof typeof KINDS, name: string): Promise<KubeObject | undefined>;
  pods(prefix?: string): Promise<KubeObject[]>;
  /** Address of every Pod by name, of its endpoint's NIC; "" without one. */
  addresses(nic?: string): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

const ref = (kind: keyof typeof KINDS, name: string) => {
  const slash = name.indexOf("/");
  const namespace = slash < 0 ? undefined : name.slice(0, slash);
  return { kind: KINDS[kind], ...(namespace === undefined ? {} : { namespace }), name: name.slice(slash + 1) };
};

/** An embedded cluster on which both players play. */
export async function playCluster(options: EmbeddedOptions = {}): Promise<PlayedCluster> {
  const cluster = await startEmbeddedCluster(options);
  const facts = resolveFacts({}, options.facts ?? {});
  const { actor } = cluster;
  const controller = startController(actor, systemClock, { kubernetes: true, facts });
  const agent = startAgent(actor, systemClock, { facts });
  const pods = async (prefix = "") =>
    (await actor.list(KINDS.Pod)).items.filter(({ metadata }) => metadata.name.startsWith(prefix));
  const find = (kind: keyof typeof KINDS, name: string) => actor.get(ref(kind, name)).catch(() => undefined);
  return {
    ...cluster,
    settle: () => settleAll(controller, agent),
    create: async (...objects) => {
      for (const object of objects) await actor.create(object, KINDS[object.kind as keyof typeof KINDS]);
    },
    patch: (kind, name, patch) => actor.patch(ref(kind, name), patch),
    remove: (kind, name) => actor.delete(ref(kind, name), {}),
    find,
    pods,
    addresses: async (nic = "eth0") => {
      const found: Record<string, string> = {};
      for (const { metadata } of await pods()) {
        const endpoint = (await find("SpiderEndpoint", `${metadata.namespace}/${metadata.name}`)) as SpiderEndpoint;
        const ip = endpoint?.status?.current?.ips.find((one) => one.interface === nic);
        found[metadata.name] = [ip?.ipv4, ip?.ipv6]
          .filter(Boolean)
          .map((text) => text!.split("/")[0])
          .join(",");
      }
      return found;
    },
    stop: async () => {
      await Promise.all([controller.stop(), agent.stop()]);
      await cluster.stop();
    },
  };
}

export function node(name: string, labels: Record<string, string> = {}): KubeObject {
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
}

/** A workload whose Pods have the label `app: name`. */
export function workload(
  kind: "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CloneSet",
  name: string,
  options: { replicas?: number; annotations?: Record<string, string>; spec?: object; pod?: object } = {},
): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: KINDS[kind].apiVersion,
    kind,
    metadata: { name, namespace: "default" },
    spec: {
      ...(kind === "DaemonSet" || kind === "Job" ? {} : { replicas: options.replicas ?? 1 }),
      ...(kind === "Job" ? {} : { selector: { matchLabels: labels } }),
      template: {
        metadata: { labels, annotations: options.annotations ?? {} },
        spec: { containers: [{ name: "c", image: "app:1" }], ...options.pod },
      },
      ...options.spec,
    },
  };
}

export function ipPool(name: string, spec: Partial<SpiderIPPool["spec"]>): SpiderIPPool {
  return {
    apiVersion: KINDS.SpiderIPPool.apiVersion,
    kind: "SpiderIPPool",
    metadata: { name },
    spec: { subnet: "10.6.0.0/24", ...spec },
  };
}

/** The annotation that lets eth0 choose among pools. */
export function poolAnnotation(...names: string[]): Record<string, string> {
  return { "ipam.spidernet.io/ippool": JSON.stringify({ ipv4: names }) };
}

/** The names of those who hold a pool's addresses, by address. */
export function holders(pool: KubeObject | undefined): Record<string, string> {
  const text = (pool as SpiderIPPool | undefined)?.status?.allocatedIPs ?? "{}";
  const records = JSON.parse(text) as Record<string, { pod: string }>;
  return Object.fromEntries(Object.entries(records).map(([ip, { pod }]) => [ip, pod]));
}
