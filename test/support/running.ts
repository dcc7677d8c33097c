import { KINDS, type KubeObject, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";

/** A workload with Pods that hold addresses of one pool. */
export interface Running {
  readonly kind?: "Deployment" | "StatefulSet";
  /** `namespace/name`. */
  readonly name: string;
  readonly pool: string;
  readonly addresses: readonly string[];
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly nodes?: readonly string[];
  readonly nic?: string;
}

/** The default network every test Pod hangs on, so that multusName can be judged (A9). */
export const NETWORK = "kube-system/net";

/** The objects of a running workload; its Pods' addresses are recorded in the pool, which must be among `cluster`. */
export function running(cluster: readonly KubeObject[], one: Running): KubeObject[] {
  const [namespace, name] = one.name.split("/") as [string, string];
  const kind = one.kind ?? "Deployment";
  const labels = one.labels ?? { app: name };
  const annotations = { "v1.multus-cni.io/default-network": NETWORK, ...one.annotations };
  const workload: KubeObject = {
    apiVersion: "apps/v1",
    kind,
    metadata: { namespace, name, uid: `uid-${one.name}` },
    spec: {
      replicas: one.addresses.length,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations } },
    },
  };
  const controller = (of: string, uid: string) => [
    { apiVersion: "apps/v1", kind: of, name: of === "ReplicaSet" ? `${name}-rs` : name, uid, controller: true },
  ];
  const replicaSet: KubeObject = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      namespace,
      name: `${name}-rs`,
      uid: `uid-rs-${one.name}`,
      ownerReferences: controller("Deployment", `uid-${one.name}`),
    },
    spec: { template: { metadata: { labels, annotations } } },
  };
  const pods = one.addresses.flatMap((address, index) =>
    pod(one, { namespace, name, kind, labels, annotations, controller }, address, index),
  );
  const records = Object.fromEntries(
    one.addresses.map((ip, index) => [
      ip,
      { pod: `${namespace}/${podName(kind, name, index)}`, podUid: `uid-${index}` },
    ]),
  );
  return [
    ...cluster.map((object) =>
      object.kind === "SpiderIPPool" && object.metadata.name === one.pool
        ? recorded(object as SpiderIPPool, records)
        : object,
    ),
    workload,
    ...(kind === "Deployment" ? [replicaSet] : []),
    ...pods,
  ];
}

/** A Node with labels. */
export function node(name: string, labels: Record<string, string> = {}): KubeObject {
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
}

/** A Namespace; `defaults` are its default pools. */
export function namespaceWith(name: string, defaults: readonly string[] = []): KubeObject {
  const annotations: Record<string, string> =
    defaults.length > 0 ? { "ipam.spidernet.io/default-ipv4-ippool": JSON.stringify(defaults) } : {};
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name }, annotations },
  };
}

interface Made {
  readonly namespace: string;
  readonly name: string;
  readonly kind: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly controller: (of: string, uid: string) => NonNullable<KubeObject["metadata"]["ownerReferences"]>;
}

function pod(one: Running, made: Made, address: string, index: number): KubeObject[] {
  const { namespace, name, kind } = made;
  const podLabels =
    kind === "StatefulSet" ? { ...made.labels, "statefulset.kubernetes.io/pod-name": `${name}-${index}` } : made.labels;
  const onNode = one.nodes?.[index % one.nodes.length] ?? "node-a";
  const metadata = { namespace, name: podName(kind, name, index), uid: `uid-${index}` };
  const v6 = address.includes(":");
  const ip = v6 ? { ipv6: `${address}/64`, ipv6Pool: one.pool } : { ipv4: `${address}/24`, ipv4Pool: one.pool };
  return [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...metadata,
        labels: podLabels,
        annotations: made.annotations,
        ownerReferences:
          kind === "StatefulSet"
            ? made.controller("StatefulSet", `uid-${one.name}`)
            : made.controller("ReplicaSet", `uid-rs-${one.name}`),
      },
      spec: { nodeName: onNode },
    },
    {
      apiVersion: KINDS.SpiderEndpoint.apiVersion,
      kind: "SpiderEndpoint",
      metadata: { namespace, name: metadata.name },
      status: {
        current: { uid: metadata.uid, node: onNode, ips: [{ interface: one.nic ?? "eth0", ...ip }] },
        ownerControllerType: kind,
        ownerControllerName: name,
      },
    },
  ];
}

function podName(kind: string, name: string, index: number): string {
  return kind === "StatefulSet" ? `${name}-${index}` : `${name}-rs-${index}`;
}

function recorded(pool: SpiderIPPool, records: object): KubeObject {
  const known = pool.status?.allocatedIPs ? (JSON.parse(pool.status.allocatedIPs) as object) : {};
  return { ...pool, status: { ...pool.status, allocatedIPs: JSON.stringify({ ...known, ...records }) } };
}
