import type { EndpointIP, KubeObject } from "../core/spiderpool/objects.js";
import { keyOf } from "./mirror.js";
import { templateHash } from "./workload.js";

interface PodSpec {
  containers?: { name: string; image?: string }[];
}

/** The status of a Pod whose containers run; its addresses are those of its first NIC. */
export function runningStatus(pod: KubeObject, ips: readonly EndpointIP[], now: number): object {
  const time = stamp(now);
  const first = ips.find((ip) => ip.interface === "eth0") ?? ips[0];
  const podIPs = [first?.ipv4, first?.ipv6].flatMap((text) => (text ? [{ ip: text.split("/")[0] }] : []));
  const types = ["PodScheduled", "Initialized", "ContainersReady", "Ready"];
  return {
    ...(pod.status as object | undefined),
    phase: "Running",
    ...(podIPs.length > 0 ? { podIP: podIPs[0]!.ip, podIPs } : {}),
    startTime: time,
    conditions: types.map((type) => ({ type, status: "True", lastTransitionTime: time })),
    containerStatuses: ((pod.spec as PodSpec).containers ?? []).map(({ name, image = "" }) => ({
      name,
      image,
      imageID: "",
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: time } },
      lastState: {},
    })),
  };
}

/** The Event a kubelet writes when a Pod's network cannot be set up. */
export function failedEvent(pod: KubeObject, message: string, now: number): KubeObject {
  const { namespace, name, uid, resourceVersion } = pod.metadata;
  const time = stamp(now);
  const event = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.${templateHash([keyOf(pod), message, now])}`, namespace },
    involvedObject: { apiVersion: pod.apiVersion, kind: pod.kind, namespace, name, uid, resourceVersion },
    type: "Warning",
    reason: "FailedCreatePodSandBox",
    message: `Failed to create pod sandbox: ${message}`,
    source: { component: "spiderpool-agent" },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
  return event;
}

function stamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, "Z");
}
