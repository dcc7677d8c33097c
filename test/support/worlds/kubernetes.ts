import { KEYS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { type Choose, connect, free, heldBy, release } from "./agent.js";
import {
  isNamed,
  isOnHost,
  isOrdinal,
  isOver,
  nodesFor,
  ordinalOf,
  type Template,
  templateFor,
  workloadOf,
} from "./life.js";
import { type Life, placementSpec } from "./life-spec.js";
import { isLauncher } from "./machines.js";
import { endpointsOf, keyOf, type Objects, storedAs } from "./objects.js";
import type { FixedWorkload, PlanModel } from "./plan-model.js";
import { changedTemplate, putTemplate, rollOut, secondSet, type TemplateEvent } from "./templates.js";

/** Kubernetes in small: workloads with Pods on nodes. A Pod that gets no address waits, without an endpoint. */

export interface LiveWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly kind: "Deployment" | "StatefulSet";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly networks: FixedWorkload["networks"];
  readonly chosen: FixedWorkload["chosen"];
  readonly life?: Life;
}

/** Who makes and restarts Pods in a world: in small, at once; or the real players, in their own time. */
export interface Orchestra {
  pods(): KubeObject[];
  scale(one: LiveWorkload, replicas: number): void | Promise<void>;
  /** @param node where the new Pod shall run, if that can be said */
  restart(old: KubeObject, node?: string): unknown;
  /** Pods without an address try again. */
  retryWaiting(): void | Promise<void>;
}

/** The workload, and for a Deployment its ReplicaSet. */
export function workloadObjects(one: LiveWorkload, replicas: number): KubeObject[] {
  const { namespace, name, kind, life = {} } = one;
  const labels = { ...one.labels };
  const podSpec = {
    containers: [],
    ...placementSpec(life.placement),
    ...(life.way === "host-network" && { hostNetwork: true }),
  };
  const template = { metadata: { labels, annotations: { ...one.annotations } }, spec: podSpec };
  const spec = { replicas, selector: { matchLabels: { app: name } }, template };
  const operator = { apiVersion: "monitoring.example.com/v1", kind: "Monitor", name, uid: `uid-monitor-${name}` };
  const workload: KubeObject = {
    apiVersion: life.way === "kruise" && kind === "StatefulSet" ? KRUISE : "apps/v1",
    kind,
    metadata: {
      namespace,
      name,
      uid: `uid-${name}`,
      ...(life.owned && { ownerReferences: [{ ...operator, controller: true }] }),
    },
    spec: {
      ...spec,
      ...updateStrategy(life),
      ...(kind === "Deployment" && { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
    },
  };
  if (kind === "StatefulSet") return [workload];
  const ownerReferences = [reference("Deployment", name)];
  const metadata = { namespace, name: `${name}-rs`, uid: `uid-${name}-rs`, ownerReferences };
  return [workload, { apiVersion: "apps/v1", kind: "ReplicaSet", metadata, spec }];
}

const KRUISE = "apps.kruise.io/v1beta1";

function updateStrategy({ way }: Life): object {
  if (way === "on-delete") return { updateStrategy: { type: "OnDelete" } };
  return way === "partition" ? { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } } : {};
}

function reference(kind: string, name: string, apiVersion = "apps/v1") {
  return { apiVersion, kind, name, uid: `uid-${name}`, controller: true };
}

/** Who plays Kubernetes on a cluster or on a copy of one. */
export class Kubernetes implements Orchestra {
  #uids = 0;

  constructor(
    readonly objects: Objects,
    readonly choose: Choose,
    readonly era: string,
  ) {}

  pods(): KubeObject[] {
    const all = [...this.objects.all("Pod").values()].filter((pod) => pod.metadata.deletionTimestamp === undefined);
    return all.filter((pod) => !isOver(pod) && !isLauncher(pod)).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  podsOf(one: LiveWorkload): KubeObject[] {
    return this.pods().filter(
      (pod) => pod.metadata.namespace === one.namespace && pod.metadata.labels?.app === one.name,
    );
  }

  /** Makes the workload have so many Pods; new ones go round the nodes. */
  scale(one: LiveWorkload, replicas: number): void {
    for (const object of workloadObjects(one, replicas)) {
      // What stands in a live template stays there, ours too.
      const live = this.objects.all(storedAs(object)).get(keyOf(object));
      this.objects.put(live === undefined ? object : { ...live, spec: { ...(live.spec as object), replicas } });
    }
    rollOut(this.objects);
    const nodes = nodesFor(this.objects, this.#templateOf(one));
    // Nowhere to go: its Pods are pending, and hold nothing.
    if (nodes.length === 0) return;
    const live = this.podsOf(one);
    if (one.kind === "StatefulSet") {
      const ordinal = ordinalOf;
      for (const pod of live) if (ordinal(pod.metadata.name) >= replicas) this.remove(pod);
      // A18: the endpoint of an ordinal that is down goes as well when the set no longer wants it.
      for (const endpoint of [...endpointsOf(this.objects).values()]) {
        const { namespace, name } = endpoint.metadata;
        const own = endpoint.status?.ownerControllerType === "StatefulSet" && name.startsWith(`${one.name}-`);
        if (own && namespace === one.namespace && ordinal(name) >= replicas) release(this.objects, endpoint);
      }
      const there = new Set([...this.objects.all("Pod").values()].map((pod) => pod.metadata.name));
      for (let number = 0; number < replicas; number++) {
        const name = `${one.name}-${number}`;
        if (!there.has(name)) this.#start(this.#pod(one, name, nodes[number % nodes.length]!));
      }
      return;
    }
    for (const pod of live.slice(replicas)) this.remove(pod);
    for (let number = live.length; number < replicas; number++) {
      this.#start(this.#pod(one, `${one.name}-rs-${this.#uid()}`, nodes[number % nodes.length]!));
    }
  }

  /** A new Pod in place of the old one; the old one's addresses are given back first, those of an ordinal kept. */
  restart(old: KubeObject, node = (old.spec as { nodeName: string }).nodeName): KubeObject {
    const pod = this.successor(old, node);
    this.stop(old);
    this.#start(pod);
    return pod;
  }

  /** Somebody changes a template: nothing of a Deployment that is paused with it rolls out, or one Pod of it did. */
  retemplate(one: LiveWorkload, event: TemplateEvent, model: PlanModel): boolean {
    const [like] = workloadObjects(one, 0) as [KubeObject];
    const workload = this.objects.all(storedAs(like)).get(keyOf(like));
    const template = workload && changedTemplate(this.#templateOf(one)!, one, event, model);
    if (workload === undefined || template === undefined) return false;
    const paused = one.kind === "Deployment" && one.life?.way === "paused";
    putTemplate(this.objects, workload, template, paused);
    const [old] = this.podsOf(one);
    if (!paused || !event.both || old === undefined) return true;
    const set = secondSet(this.objects, this.objects.all("Deployment").get(keyOf(like))!);
    const ownerReferences = [reference("ReplicaSet", set.metadata.name)];
    const next = { ...old, metadata: { ...old.metadata, ownerReferences } };
    this.#start(this.successor(next, (old.spec as { nodeName: string }).nodeName));
    return true;
  }

  /** A Pod is evicted or its node gone: it stays as it is, and another comes in its place wherever one may. */
  replaceOver(old: KubeObject, over: KubeObject): void {
    free(this.objects, old);
    this.objects.put(over);
    const template = templateFor(this.objects, old);
    const [node] = nodesFor(this.objects, template);
    if (node !== undefined) this.#start(this.successor(old, node));
  }

  /** A node goes silent: what runs there is to go and cannot; or it is back, and sees its Pods out. */
  setNode(node: KubeObject, dead: boolean): void {
    const conditions = [{ type: "Ready", status: dead ? "Unknown" : "True" }];
    this.objects.put({ ...node, status: { conditions } });
    const here = [...this.objects.all("Pod").values()].filter(
      (pod) => !isLauncher(pod) && (pod.spec as { nodeName?: string }).nodeName === node.metadata.name,
    );
    for (const pod of here.filter((one) => !isOver(one))) {
      const { deletionTimestamp } = pod.metadata;
      const going = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2027-01-01T00:00:00Z" } };
      if (dead && deletionTimestamp === undefined) {
        if (isNamed(pod) && !isOrdinal(pod)) free(this.objects, pod);
        if (isNamed(pod)) this.objects.put(going);
        else this.replaceOver(pod, going);
      } else if (!dead && deletionTimestamp !== undefined) {
        const back = nodesFor(this.objects, templateFor(this.objects, pod));
        if (back.includes(node.metadata.name)) this.restart(pod);
      }
    }
    if (dead) return;
    for (const pod of here.filter(isOver)) if (pod.metadata.deletionTimestamp !== undefined) this.remove(pod);
  }

  /** The Pod is gone; an ordinal's endpoint stays. */
  stop(old: KubeObject): void {
    if (!isOrdinal(old)) release(this.objects, old);
    this.objects.remove(old);
  }

  /** Starts a Pod in place of one that was stopped. @returns whether it has addresses */
  startAfter(old: KubeObject): KubeObject {
    const pod = this.successor(old, (old.spec as { nodeName: string }).nodeName);
    this.#start(pod);
    return pod;
  }

  successor(old: KubeObject, node: string): KubeObject {
    const uid = this.#uid();
    const name = isNamed(old) ? old.metadata.name : `${old.metadata.labels!.app}-rs-${uid}`;
    const { deletionTimestamp: _ended, ...metadata } = asTemplate(this.objects, old).metadata;
    return {
      ...old,
      metadata: { ...metadata, name, uid },
      spec: { ...(old.spec as object), nodeName: node },
      status: { phase: "Running" },
    };
  }

  /** Ends a Pod for good. */
  remove(pod: KubeObject): void {
    release(this.objects, pod);
    this.objects.remove(pod);
  }

  /** A changed template rolls out, and a kubelet tries again and again. */
  retryWaiting(): void {
    rollOut(this.objects);
    for (const pod of this.pods()) if (this.#isOld(pod)) this.restart(pod);
    for (const pod of this.pods()) if (!isOnHost(pod) && !this.hasAddress(pod)) connect(this.objects, pod, this.choose);
  }

  hasAddress(pod: KubeObject): boolean {
    const endpoint = endpointsOf(this.objects).get(keyOf(pod));
    return endpoint?.status?.current?.uid === pod.metadata.uid && heldBy(endpoint).length > 0;
  }

  #isOld(pod: KubeObject): boolean {
    const workload = workloadOf(this.objects, pod)?.spec as { updateStrategy?: { type?: string } } | undefined;
    if (workload?.updateStrategy?.type === "OnDelete") return false;
    const { annotations, labels } = asTemplate(this.objects, pod).metadata;
    const { metadata } = pod;
    return JSON.stringify([annotations, labels]) !== JSON.stringify([metadata.annotations, metadata.labels]);
  }

  #start(pod: KubeObject): void {
    this.objects.put(pod);
    if (!isOnHost(pod)) connect(this.objects, pod, this.choose);
    const [address] = heldBy(endpointsOf(this.objects).get(keyOf(pod))).filter(({ nic }) => nic === "eth0");
    if (address !== undefined || pod.metadata.annotations?.[KEYS.defaultNetwork] !== undefined) return;
    // The cluster's own network has given eth0 an address of its own.
    this.objects.put({ ...pod, status: { phase: "Running", podIP: `10.244.0.${(++this.#uids % 250) + 2}` } });
  }

  #templateOf(one: LiveWorkload): Template | undefined {
    const [workload] = workloadObjects(one, 0) as [KubeObject];
    const live = this.objects.all(storedAs(workload)).get(keyOf(workload)) ?? workload;
    return (live.spec as { template?: Template }).template;
  }

  #pod(one: LiveWorkload, name: string, nodeName: string): KubeObject {
    const stateful = one.kind === "StatefulSet";
    const owner = reference("StatefulSet", one.name, one.life?.way === "kruise" ? KRUISE : "apps/v1");
    const pod: KubeObject = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        namespace: one.namespace,
        name,
        uid: `pod-${this.#uid()}`,
        labels: { ...one.labels, ...(stateful && { [KEYS.podName]: name }) },
        annotations: { ...one.annotations },
        ownerReferences: [stateful ? owner : reference("ReplicaSet", `${one.name}-rs`)],
      },
      spec: { nodeName, ...(one.life?.way === "host-network" && { hostNetwork: true }) },
      status: { phase: "Running" },
    };
    return asTemplate(this.objects, pod);
  }

  #uid(): string {
    return `${this.era}${++this.#uids}`;
  }
}

/** The Pod as its successor will be: made of the template in force for it. */
export function asTemplate(objects: Objects, pod: KubeObject): KubeObject {
  const { annotations = pod.metadata.annotations, labels = {} } = templateFor(objects, pod)?.metadata ?? {};
  const revision = revisionLabel(objects, pod);
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations, labels: { ...pod.metadata.labels, ...labels, ...revision } },
  };
}

function revisionLabel(objects: Objects, pod: KubeObject): Record<string, string> {
  const { currentRevision, updateRevision } = (workloadOf(objects, pod)?.status ?? {}) as Record<string, string>;
  if (updateRevision === undefined || !isOrdinal(pod)) return {};
  const template = templateFor(objects, pod);
  const revision = objects.all("ControllerRevision").get(`${pod.metadata.namespace}/${currentRevision}`);
  const before = (revision?.data as unknown as { spec: { template: Template } } | undefined)?.spec.template;
  return {
    "controller-revision-hash": JSON.stringify(before) === JSON.stringify(template) ? currentRevision! : updateRevision,
  };
}
