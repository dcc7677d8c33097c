import { startWebhooks } from "../../src/adapters/embedded/webhook-server.js";
import { systemClock } from "../../src/cli/clock.js";
import { isClusterError } from "../../src/core/cluster-error.js";
import { CHART_DEFAULTS } from "../../src/core/spiderpool/facts.js";
import { KEYS, KINDS, type Kind, type KubeObject, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { startAgent } from "../../src/players/agent.js";
import { startController } from "../../src/players/controller.js";
import { settleAll } from "../../src/players/player.js";
import type { ClusterActor } from "../../src/ports/cluster.js";
import { ACCESS_KINDS } from "./access.js";
import { type FlakyProxy, flakyProxy } from "./flaky-proxy.js";
import { addNode, type RealCluster, startRealCluster, until } from "./real-apiserver.js";

/** A real control plane with our admission model as its webhooks and the players as Spiderpool. */
export interface RealPlayedCluster extends RealCluster {
  /** Creates objects as `kubectl apply` would, Nodes Ready; what is there already stays. */
  add(objects: readonly KubeObject[]): Promise<void>;
  /** Waits until every Pod that workloads ask for runs. */
  settle(): Promise<void>;
  /** What the API server reaches its webhooks through. */
  readonly admission: FlakyProxy;
  /** Takes away all that tests left, but for Namespaces and rights. */
  clean(): Promise<void>;
}

/** What tests leave behind, in the order it can go. */
const LEFT: readonly (readonly Kind[])[] = [
  [KINDS.PlanSync, KINDS.Deployment, KINDS.StatefulSet, KINDS.DaemonSet, KINDS.CloneSet, KINDS.Job],
  [KINDS.ReplicaSet],
  [KINDS.Pod],
  [KINDS.SpiderEndpoint],
  [KINDS.SpiderIPPool],
  [KINDS.SpiderReservedIP, KINDS.SpiderSubnet, KINDS.SpiderMultusConfig, KINDS.NetworkAttachmentDefinition, KINDS.Node],
  [KINDS.Secret, KINDS.ConfigMap, KINDS.Event, KINDS.Lease],
];

/** Each delete of a pool asks a webhook, which reads all pools: hundreds take more than a minute. */
const CLEAN_SECONDS = 180;

/** What is Kubernetes's own. */
const SYSTEM = /^kube-|^default$|^default-token|^system:/;

const REGISTRATIONS: Readonly<Record<string, Kind>> = {
  MutatingWebhookConfiguration: registration("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
  ValidatingWebhookConfiguration: registration("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
};

let shared: Promise<RealPlayedCluster> | undefined;

/**
 * The cluster that the files of one worker process share, as empty as at its start: an API server takes its time to
 * start. `stop` leaves it to the next file; it ends with the process.
 */
export async function sharedRealPlayedCluster(): Promise<RealPlayedCluster> {
  shared ??= startRealPlayedCluster();
  const cluster = await shared.catch((error: unknown) => {
    shared = undefined;
    throw error;
  });
  await reset(cluster);
  return { ...cluster, stop: async () => {} };
}

/** @param seen what the controllers and the agent see of the cluster; all of it by default */
export async function startRealPlayedCluster(
  seen: (actor: ClusterActor) => ClusterActor = (actor) => actor,
): Promise<RealPlayedCluster> {
  const cluster = await startRealCluster();
  const { actor, authority } = cluster;
  const facts = CHART_DEFAULTS;
  const { cert, key } = authority.issue("webhooks", { names: ["IP:127.0.0.1"] });
  const webhooks = await startWebhooks({ cert, key, actor, facts });
  const admission = await flakyProxy(webhooks.url);
  const configurations = JSON.stringify(webhooks.configurations(authority.cert)).replaceAll(
    webhooks.url,
    admission.url,
  );
  for (const one of JSON.parse(configurations)) await actor.create(one, REGISTRATIONS[one.kind]!);
  await until("the webhooks answer", () => denies(cluster));
  const players = [
    startController(seen(actor), systemClock, { kubernetes: !cluster.controllers, facts }),
    startAgent(seen(actor), systemClock, { facts }),
  ];
  const settle = async () => {
    await until("all Pods run", async () => {
      await settleAll(...players);
      return allRun(cluster);
    });
  };
  return {
    ...cluster,
    admission,
    add: (objects) => add(cluster, objects),
    settle,
    clean: () => clean(cluster),
    stop: async () => {
      for (const player of players) await player.stop();
      await admission.stop();
      await webhooks.stop();
      await cluster.stop();
    },
  };
}

async function add({ actor }: RealCluster, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    try {
      if (object.kind === "Node") await addNode(actor, object);
      else await actor.create(object, KINDS[object.kind as keyof typeof KINDS]);
    } catch (error) {
      if (!isClusterError(error, "AlreadyExists")) throw error;
      const { kind, metadata } = object;
      if (kind !== "Namespace") continue;
      const { labels = {}, annotations = {} } = metadata;
      await actor.patch({ kind: KINDS.Namespace, name: metadata.name }, { metadata: { labels, annotations } });
    }
  }
}

/** A registration takes effect when the API server's own watch has seen it. */
async function denies({ actor }: RealCluster): Promise<boolean> {
  const name = "is-admission-on";
  const { apiVersion, kind } = KINDS.SpiderReservedIP;
  try {
    const bad = { apiVersion, kind, metadata: { name }, spec: { ipVersion: 4, ips: ["no-address"] } };
    await actor.create(bad, KINDS.SpiderReservedIP);
    await actor.delete({ kind: KINDS.SpiderReservedIP, name }, {});
    return false;
  } catch (error) {
    return isClusterError(error, "Denied");
  }
}

async function allRun({ actor }: RealCluster): Promise<boolean> {
  const list = async (kind: Kind) => (await actor.list(kind)).items;
  const [pods, nodes, daemons, ...sized] = await Promise.all(
    [KINDS.Pod, KINDS.Node, KINDS.DaemonSet, KINDS.Deployment, KINDS.StatefulSet, KINDS.CloneSet].map(list),
  );
  const wanted = sized.flat().reduce((sum, { spec }) => sum + ((spec as { replicas?: number }).replicas ?? 1), 0);
  const running = pods!.filter(
    ({ status, metadata }) => (status as { phase?: string }).phase === "Running" && !metadata.deletionTimestamp,
  );
  // How many nodes a DaemonSet reaches is the scheduler's business: it says so itself.
  const reached = daemons!.map(({ status }) => (status as { desiredNumberScheduled?: number }).desiredNumberScheduled);
  if (nodes!.length > 0 && reached.some((count) => !count)) return false;
  const all = wanted + reached.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return running.length === pods!.length && running.length >= all;
}

async function clean({ actor }: RealCluster): Promise<void> {
  for (const together of LEFT) {
    await Promise.all(
      together.map((kind) =>
        until(
          `no ${kind.plural} are left`,
          async () => {
            const items = (await actor.list(kind)).items.filter(isLeft);
            await Promise.all(items.map((item) => remove(actor, kind, item)));
            return items.length === 0;
          },
          CLEAN_SECONDS,
        ),
      ),
    );
  }
  const ours = [KEYS.namespaceDefaultV4, KEYS.namespaceDefaultV6, "spiderplan.io/applied"];
  const annotations = Object.fromEntries(ours.map((key) => [key, null]));
  for (const { metadata } of (await actor.list(KINDS.Namespace)).items) {
    if (!ours.some((key) => metadata.annotations?.[key] !== undefined)) continue;
    await actor.patch({ kind: KINDS.Namespace, name: metadata.name }, { metadata: { annotations } });
  }
}

function isLeft({ kind, metadata: { namespace = "", name } }: KubeObject): boolean {
  if (kind === "Lease") return name.startsWith("spiderplan-");
  if (kind === "Event") return true;
  return (kind !== "Secret" && kind !== "ConfigMap") || !(SYSTEM.test(namespace) || SYSTEM.test(name));
}

/** Takes away rights as well, and what Namespaces were given. */
async function reset(cluster: RealCluster): Promise<void> {
  await clean(cluster);
  const { actor } = cluster;
  for (const kind of Object.values(ACCESS_KINDS)) {
    if (kind.kind === "ServiceAccount") continue;
    const made = (await actor.list(kind)).items.filter(
      ({ metadata }) => metadata.labels?.["kubernetes.io/bootstrapping"] !== "rbac-defaults",
    );
    await Promise.all(made.map((item) => remove(actor, kind, item)));
  }
  for (const { metadata } of (await actor.list(KINDS.Namespace)).items) {
    if (SYSTEM.test(metadata.name)) continue;
    const nothing = (map: object = {}) => Object.fromEntries(Object.keys(map).map((key) => [key, null]));
    const patch = { labels: nothing(metadata.labels), annotations: nothing(metadata.annotations) };
    await actor.patch({ kind: KINDS.Namespace, name: metadata.name }, { metadata: patch });
  }
}

async function remove(actor: RealCluster["actor"], kind: Kind, object: KubeObject): Promise<void> {
  const { metadata } = object;
  const ref = { kind, namespace: metadata.namespace, name: metadata.name };
  const forgiving = (error: unknown) => {
    if (!isClusterError(error)) throw error;
  };
  // Of a Pod whose endpoint went first the agent frees no record, and a pool with one may not go.
  if (kind === KINDS.SpiderIPPool && (object as SpiderIPPool).status?.allocatedIPs)
    await actor.replaceStatus({ ...object, status: { allocatedIPCount: 0 } } as KubeObject, kind).catch(forgiving);
  if (!metadata.deletionTimestamp) await actor.delete(ref, {}, { gracePeriodSeconds: 0 }).catch(forgiving);
  if (metadata.finalizers?.length) await actor.patch(ref, { metadata: { finalizers: null } }).catch(forgiving);
}

function registration(kind: string, plural: string): Kind {
  return { apiVersion: "admissionregistration.k8s.io/v1", kind, plural, namespaced: false };
}
