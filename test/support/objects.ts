import type { DesiredObject } from "../../src/core/change/desired-object.js";
import { identity } from "../../src/core/change/ownership.js";
import {
  KINDS,
  type KubeObject,
  type SpiderEndpoint,
  type SpiderIPPool,
  type SpiderReservedIP,
  type SpiderSubnet,
} from "../../src/core/spiderpool/objects.js";

/** A live SpiderIPPool as Spiderpool stores it; with `install` it carries our marks. */
export function livePool(
  name: string,
  spec: Partial<SpiderIPPool["spec"]> & { ips?: string[] },
  options: { install?: string; owner?: string; used?: Record<string, string>; terminating?: boolean } = {},
): SpiderIPPool {
  const marks = options.install
    ? identity(options.install, KINDS.SpiderIPPool, name, { owner: options.owner })
    : undefined;
  const subnet = spec.subnet ?? "10.6.0.0/24";
  const used = Object.entries(options.used ?? {}).map(([ip, pod]) => [ip, { pod, podUid: `uid-${pod}` }]);
  return {
    apiVersion: KINDS.SpiderIPPool.apiVersion,
    kind: "SpiderIPPool",
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: "7",
      finalizers: ["spiderpool.spidernet.io"],
      labels: { ...marks?.metadata.labels, "ipam.spidernet.io/ippool-cidr": subnet.replace(/[./:]/g, "-") },
      ...(marks?.metadata.annotations && { annotations: marks.metadata.annotations }),
      ...(options.terminating && { deletionTimestamp: "2026-11-22T00:00:00Z" }),
    },
    spec: { subnet, ipVersion: subnet.includes(":") ? 6 : 4, default: false, disable: false, ...spec },
    status:
      used.length > 0 ? { allocatedIPs: JSON.stringify(Object.fromEntries(used)), allocatedIPCount: used.length } : {},
  };
}

/** A live SpiderSubnet as Spiderpool stores it. */
export function liveSubnet(name: string, spec: SpiderSubnet["spec"], install?: string): SpiderSubnet {
  const marks = install ? identity(install, KINDS.SpiderSubnet, name) : undefined;
  return {
    apiVersion: KINDS.SpiderSubnet.apiVersion,
    kind: "SpiderSubnet",
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: "7",
      labels: { ...marks?.metadata.labels, "ipam.spidernet.io/subnet-cidr": spec.subnet.replace(/[./:]/g, "-") },
      ...(marks?.metadata.annotations && { annotations: marks.metadata.annotations }),
    },
    spec: { ipVersion: spec.subnet.includes(":") ? 6 : 4, ...spec },
  };
}

/** A live SpiderReservedIP. */
export function liveReserved(name: string, ips: string[], install?: string): SpiderReservedIP {
  const marks = install ? identity(install, KINDS.SpiderReservedIP, name) : undefined;
  return {
    apiVersion: KINDS.SpiderReservedIP.apiVersion,
    kind: "SpiderReservedIP",
    metadata: { ...(marks?.metadata ?? { name }), name, uid: `uid-${name}`, resourceVersion: "7" },
    spec: { ipVersion: ips[0]?.includes(":") ? 6 : 4, ips },
  };
}

/** A SpiderEndpoint with one NIC. */
export function endpoint(pod: string, pool: string, address: string, nic = "eth0"): SpiderEndpoint {
  const [namespace, name] = pod.split("/") as [string, string];
  const v6 = address.includes(":");
  return {
    apiVersion: KINDS.SpiderEndpoint.apiVersion,
    kind: "SpiderEndpoint",
    metadata: { namespace, name },
    status: {
      current: {
        uid: `uid-${pod}`,
        node: "node-a",
        ips: [
          v6
            ? { interface: nic, ipv6: `${address}/64`, ipv6Pool: pool }
            : { interface: nic, ipv4: `${address}/24`, ipv4Pool: pool },
        ],
      },
      ownerControllerType: "Deployment",
      ownerControllerName: "app",
    },
  };
}

/** A pool as a plan wants it. */
export function desiredPool(
  name: string,
  spec: Partial<SpiderIPPool["spec"]>,
  install = "default",
  owner?: string,
): DesiredObject {
  const subnet = spec.subnet ?? "10.6.0.0/24";
  const full = { subnet, ipVersion: subnet.includes(":") ? 6 : 4, default: false, disable: false, ...spec };
  return {
    kind: KINDS.SpiderIPPool,
    object: { ...identity(install, KINDS.SpiderIPPool, name, { owner }), spec: full },
    reason: "wanted",
    scope: "whole",
  };
}

/** A subnet as a plan wants it. */
export function desiredSubnet(name: string, spec: SpiderSubnet["spec"], install = "default"): DesiredObject {
  return {
    kind: KINDS.SpiderSubnet,
    object: {
      ...identity(install, KINDS.SpiderSubnet, name),
      spec: { ipVersion: spec.subnet.includes(":") ? 6 : 4, ...spec },
    },
    reason: "wanted",
    scope: "whole",
  };
}

/** A Deployment with the given template annotations. */
export function deployment(key: string, annotations: Record<string, string> = {}): KubeObject {
  const [namespace, name] = key.split("/") as [string, string];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name, uid: `uid-${key}`, resourceVersion: "7" },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name }, annotations }, spec: { containers: [] } },
    },
  };
}
