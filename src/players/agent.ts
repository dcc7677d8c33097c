import { podFacts } from "../core/cluster/pod-facts.js";
import { isReady } from "../core/cluster/scheduling.js";
import { isClusterError } from "../core/cluster-error.js";
import type { SpiderpoolFacts } from "../core/spiderpool/facts.js";
import type { PodFacts } from "../core/spiderpool/ipam/pod-facts.js";
import { takesRecordBack } from "../core/spiderpool/ipam/retain.js";
import { type EndpointIP, KEYS, KINDS, type KubeObject, type SpiderEndpoint } from "../core/spiderpool/objects.js";
import type { ClusterActor } from "../ports/cluster.js";
import type { Clock } from "../ports/runtime.js";
import { allocateNic, candidatesOf } from "./allocation.js";
import { keyOf } from "./mirror.js";
import { isUnnamed, nicsOf, SandboxError } from "./nics.js";
import { itself, type Player, play, type Role, type Stage } from "./player.js";
import { failedEvent, runningStatus } from "./pod-status.js";
import { freeRecords, isRetained, release, writeRecords } from "./records.js";
import { controllerOf, isOver, isTerminating, nodeOf, type PodStatus } from "./workload.js";

/**
 * Plays kubelet, Multus and Spiderpool's agent: every Pod bound to a node gets its addresses and runs, or waits with an
 * Event that says why; every Pod that ends gives them back, unless its StatefulSet keeps them.
 */
export function startAgent(actor: ClusterActor, clock: Clock, options: { readonly facts: SpiderpoolFacts }): Player {
  return play(actor, clock, options.facts, (stage) => [new Agent(stage)]);
}

/** A Pod that cannot start now may when one of these changes. */
const DECIDING = [
  "SpiderIPPool",
  "SpiderReservedIP",
  "SpiderMultusConfig",
  "NetworkAttachmentDefinition",
  "Namespace",
] as const;

class Agent implements Role {
  readonly name = "pods";
  readonly on: Role["on"];
  /** Pods that could not start, and what was said about each. */
  readonly #waiting = new Map<string, string>();

  constructor(readonly stage: Stage) {
    const waiting = () => [...this.#waiting.keys()];
    this.on = {
      Pod: itself,
      ...Object.fromEntries(DECIDING.map((kind) => [kind, waiting])),
      Node: (node) => {
        const here = stage.mirror("Pod").all();
        return [...waiting(), ...here.filter((pod) => nodeOf(pod) === node.metadata.name).map(keyOf)];
      },
      // Looked at, but nothing to do when they change.
      SpiderEndpoint: () => [],
      StatefulSet: () => [],
      ReplicaSet: () => [],
    };
  }

  async reconcile(key: string): Promise<void> {
    const pod = this.stage.mirror("Pod").get(key);
    const spec = pod?.spec as { nodeName?: string; hostNetwork?: boolean } | undefined;
    if (pod === undefined || !spec?.nodeName) {
      // Gone without a goodbye: the controller's garbage collection frees what it had.
      this.#waiting.delete(key);
      return;
    }
    if (!this.#isAlive(spec.nodeName)) return; // nobody is there to do anything
    if (isTerminating(pod) || isOver(pod)) return this.#end(pod);
    if (((pod.status ?? {}) as PodStatus).phase === "Running") return;
    try {
      const ips = spec.hostNetwork ? this.#hostAddress(spec.nodeName) : await this.#connect(pod);
      this.#waiting.delete(key);
      await this.#run(pod, ips);
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error;
      await this.#complain(pod, error.message);
    }
  }

  async #end(pod: KubeObject): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    this.#waiting.delete(keyOf(pod));
    const endpoint = this.stage.mirror("SpiderEndpoint").get(keyOf(pod)) as SpiderEndpoint | undefined;
    if (endpoint === undefined || !isRetained(this.stage, endpoint)) await freeRecords(this.stage, keyOf(pod)); // Z2
    if (!isTerminating(pod)) return;
    try {
      await this.stage.actor.delete({ kind: KINDS.Pod, namespace, name }, { uid }, { gracePeriodSeconds: 0 });
    } catch (error) {
      if (!isClusterError(error, "NotFound", "Conflict")) throw error;
    }
  }

  /** The addresses of the Pod's NICs: as recorded for this very Pod, kept for its ordinal, or new. */
  async #connect(pod: KubeObject): Promise<readonly EndpointIP[]> {
    const facts = this.#facts(pod);
    const nics = nicsOf(this.stage, facts);
    const overlay: EndpointIP[] = nics.overlay ? [overlayAddress(pod)] : [];
    const endpoint = this.stage.mirror("SpiderEndpoint").get(keyOf(pod)) as SpiderEndpoint | undefined;
    const current = endpoint?.status?.current;
    if (current !== undefined && current.uid === pod.metadata.uid) return [...overlay, ...current.ips];
    // No NIC asks Spiderpool: nobody calls it, and whatever it has on record stays.
    if (nics.managed.length === 0) return overlay;
    const named = candidatesOf(this.stage, facts, nics.managed);
    if (endpoint !== undefined && current !== undefined) {
      const back =
        isRetained(this.stage, endpoint) &&
        !isUnnamed(facts) && // Z5
        // A19, for NICs that ask; one that left the template keeps its record (Z4).
        current.ips.every((ip) => !named.has(ip.interface) || takesRecordBack(ip, named.get(ip.interface)!));
      if (back) return [...overlay, ...(await this.#takeBack(pod, endpoint, current.ips))];
      await release(this.stage, keyOf(pod), pod.metadata.uid);
    }
    const ips: EndpointIP[] = [];
    for (const nic of nics.managed) {
      const ip = await allocateNic(this.stage, pod, facts, nic, named.get(nic)!);
      if (ip !== undefined) ips.push(ip);
    }
    if (ips.length > 0) await this.#createEndpoint(pod, facts, ips);
    return [...overlay, ...ips];
  }

  /** A18: the ordinal's records now stand for its new Pod. */
  async #takeBack(
    pod: KubeObject,
    endpoint: SpiderEndpoint,
    ips: readonly EndpointIP[],
  ): Promise<readonly EndpointIP[]> {
    const uid = pod.metadata.uid ?? "";
    const record = { pod: keyOf(pod), podUid: uid };
    for (const ip of ips) {
      for (const [text, pool] of [
        [ip.ipv4, ip.ipv4Pool],
        [ip.ipv6, ip.ipv6Pool],
      ]) {
        const address = text?.split("/")[0];
        if (address && pool)
          await writeRecords(this.stage, pool, (_pool, records) => ({ ...records, [address]: record }));
      }
    }
    const node = (pod.spec as { nodeName: string }).nodeName;
    const status = { ...endpoint.status, current: { uid, node, ips: [...ips] } };
    await this.stage.learned(this.stage.actor.replace({ ...endpoint, status }, KINDS.SpiderEndpoint));
    return ips;
  }

  /** T4: named like the Pod, held by Spiderpool's finalizer, owned by the Pod unless an ordinal outlives it. */
  async #createEndpoint(pod: KubeObject, facts: PodFacts, ips: EndpointIP[]): Promise<void> {
    const { namespace, name, uid = "" } = pod.metadata;
    const controller = facts.controller ?? { kind: "Pod", name };
    const { kind, apiVersion } = KINDS.StatefulSet;
    const ordinal = controllerOf(pod)?.kind === kind && controllerOf(pod)?.apiVersion === apiVersion; // Z1
    const owner = { apiVersion: pod.apiVersion, kind: pod.kind, name, uid, blockOwnerDeletion: true };
    const endpoint: SpiderEndpoint = {
      apiVersion: KINDS.SpiderEndpoint.apiVersion,
      kind: KINDS.SpiderEndpoint.kind,
      metadata: { name, namespace, finalizers: [KEYS.finalizer], ...(ordinal ? {} : { ownerReferences: [owner] }) },
      status: {
        ownerControllerType: controller.kind,
        ownerControllerName: controller.name,
        current: { uid, node: facts.node ?? "", ips },
      },
    };
    await this.stage.learned(this.stage.actor.create(endpoint, KINDS.SpiderEndpoint));
  }

  async #run(pod: KubeObject, ips: readonly EndpointIP[]): Promise<void> {
    const status = runningStatus(pod, ips, this.stage.clock.now());
    await this.stage.learned(this.stage.actor.replaceStatus({ ...pod, status }, KINDS.Pod));
  }

  /** Says once why a Pod does not start. */
  async #complain(pod: KubeObject, message: string): Promise<void> {
    const key = keyOf(pod);
    if (this.#waiting.get(key) === message) return;
    this.#waiting.set(key, message);
    await this.stage.actor.create(failedEvent(pod, message, this.stage.clock.now()), KINDS.Event);
  }

  /** A node nobody wrote down is taken to be there. */
  #isAlive(node: string): boolean {
    const found = this.stage.mirror("Node").get(node);
    return found === undefined || isReady(found);
  }

  /** A Pod on its node's network has the node's address. */
  #hostAddress(node: string): EndpointIP[] {
    const { addresses = [] } = (this.stage.mirror("Node").get(node)?.status ?? {}) as {
      addresses?: { type: string; address: string }[];
    };
    const internal = addresses.find(({ type }) => type === "InternalIP");
    return internal === undefined ? [] : [{ interface: "eth0", ipv4: internal.address }];
  }

  #facts(pod: KubeObject): PodFacts {
    return podFacts(pod, {
      nodes: this.stage.mirror("Node").objects,
      namespaces: this.stage.mirror("Namespace").objects,
      replicaSets: this.stage.mirror("ReplicaSet").objects,
    });
  }
}

/** What the overlay network would give eth0: an address nobody routes, made of the Pod's uid. */
function overlayAddress(pod: KubeObject): EndpointIP {
  const bits = Number.parseInt((pod.metadata.uid ?? "").replaceAll("-", "").slice(0, 4) || "0", 16);
  return { interface: "eth0", ipv4: `10.244.${(bits >> 8) & 255}.${((bits & 255) % 253) + 1}/24` };
}
