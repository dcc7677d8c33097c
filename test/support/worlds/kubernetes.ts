import { KEYS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { type Choose, connect, heldBy, release } from "./agent.js";
import { endpointsOf, keyOf, type Objects } from "./objects.js";
import type { FixedWorkload } from "./plan-model.js";

/** Kubernetes in small: workloads with Pods on nodes. A Pod that gets no address waits, without an endpoint. */

export interface LiveWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly kind: "Deployment" | "StatefulSet";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly networks: FixedWorkload["networks"];
  readonly chosen: FixedWorkload["chosen"];
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
  const { namespace, name, kind } = one;
  const labels = { ...one.labels };
  const template = { metadata: { labels, annotations: { ...one.annotations } }, spec: { containers: [] } };
  const spec = { replicas, selector: { matchLabels: { app: name } }, template };
  const workload: KubeObject = {
    apiVersion: "apps/v1",
    kind,
    metadata: { namespace, name, uid: `uid-${name}` },
    spec: {
      ...spec,
      ...(kind === "Deployment" && { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
    },
  };
  if (kind === "StatefulSet") return [workload];
  const ownerReferences = [reference("Deployment", name)];
  const metadata = { namespace, name: `${name}-rs`, uid: `uid-${name}-rs`, ownerReferences };
  return [workload, { apiVersion: "apps/v1", kind: "ReplicaSet", metadata, spec }];
}

function reference(kind: string, name: string) {
  return { apiVersion: "apps/v1", kind, name, uid: `uid-${name}`, controller: true };
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
    return [...this.objects.all("Pod").values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
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
      const live = this.objects.all(object.kind).get(keyOf(object));
      this.objects.put(live === undefined ? object : { ...live, spec: { ...(live.spec as object), replicas } });
    }
    const nodes = [...this.objects.all("Node").keys()].sort();
    const live = this.podsOf(one);
    if (one.kind === "StatefulSet") {
      const ordinal = (name: string) => Number(name.slice(name.lastIndexOf("-") + 1));
      for (const pod of live) if (ordinal(pod.metadata.name) >= replicas) this.remove(pod);
      // A18: the endpoint of an ordinal that is down goes as well when the set no longer wants it.
      for (const endpoint of [...endpointsOf(this.objects).values()]) {
        const { namespace, name } = endpoint.metadata;
        const own = endpoint.status?.ownerControllerType === "StatefulSet" && name.startsWith(`${one.name}-`);
        if (own && namespace === one.namespace && ordinal(name) >= replicas) release(this.objects, endpoint);
      }
      const there = new Set(this.podsOf(one).map((pod) => pod.metadata.name));
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
    const name = isOrdinal(old) ? old.metadata.name : `${old.metadata.labels!.app}-rs-${uid}`;
    // The template as it is now: the plan may have written its annotations.
    const kind = isOrdinal(old) ? "StatefulSet" : "Deployment";
    const workload = this.objects.all(kind).get(`${old.metadata.namespace}/${old.metadata.labels!.app}`);
    const template = (workload?.spec as { template?: { metadata?: { annotations?: Record<string, string> } } })
      ?.template;
    const annotations = template?.metadata?.annotations ?? old.metadata.annotations;
    return {
      ...old,
      metadata: { ...old.metadata, name, uid, annotations },
      spec: { ...(old.spec as object), nodeName: node },
    };
  }

  /** Ends a Pod for good. */
  remove(pod: KubeObject): void {
    release(this.objects, pod);
    this.objects.remove(pod);
  }

  /** A changed template rolls out, and a kubelet tries again and again. */
  retryWaiting(): void {
    for (const pod of this.pods()) if (this.#isOld(pod)) this.restart(pod);
    for (const pod of this.pods()) if (!this.hasAddress(pod)) connect(this.objects, pod, this.choose);
  }

  hasAddress(pod: KubeObject): boolean {
    const endpoint = endpointsOf(this.objects).get(keyOf(pod));
    return endpoint?.status?.current?.uid === pod.metadata.uid && heldBy(endpoint).length > 0;
  }

  #isOld(pod: KubeObject): boolean {
    const { annotations } = this.successor(pod, "").metadata;
    return JSON.stringify(annotations) !== JSON.stringify(pod.metadata.annotations);
  }

  #start(pod: KubeObject): void {
    this.objects.put(pod);
    connect(this.objects, pod, this.choose);
  }

  #pod(one: LiveWorkload, name: string, nodeName: string): KubeObject {
    const stateful = one.kind === "StatefulSet";
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        namespace: one.namespace,
        name,
        uid: `pod-${this.#uid()}`,
        labels: { ...one.labels, ...(stateful && { [KEYS.podName]: name }) },
        annotations: { ...one.annotations },
        ownerReferences: [stateful ? reference("StatefulSet", one.name) : reference("ReplicaSet", `${one.name}-rs`)],
      },
      spec: { nodeName },
      status: { phase: "Running" },
    };
  }

  #uid(): string {
    return `${this.era}${++this.#uids}`;
  }
}

export function isOrdinal(pod: KubeObject): boolean {
  return pod.metadata.ownerReferences?.[0]?.kind === "StatefulSet";
}
