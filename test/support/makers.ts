import { KINDS, type KubeObject, type SpiderEndpoint } from "../../src/core/spiderpool/objects.js";

/** Ways to say what a controller makes, for clusters that are put together piece by piece. */

const NETWORKS = { first: "v1.multus-cni.io/default-network", more: "k8s.v1.cni.cncf.io/networks" };

/** Annotations that name one pool, or one a NIC. */
export function naming(pools: string | Record<string, string>, more?: string): Record<string, string> {
  const ask: Record<string, string> =
    typeof pools === "string"
      ? { "ipam.spidernet.io/ippool": JSON.stringify({ ipv4: [pools] }) }
      : {
          "ipam.spidernet.io/ippools": JSON.stringify(
            Object.entries(pools).map(([nic, pool]) => ({ interface: nic, ipv4: [pool] })),
          ),
        };
  return { [NETWORKS.first]: "kube-system/net", ...(more !== undefined && { [NETWORKS.more]: more }), ...ask };
}

type Metadata = Partial<KubeObject["metadata"]>;

/** A controller with a Pod template: `apps/v1 Deployment shop/web`. */
export function maker(
  text: string,
  template: { labels?: Record<string, string>; annotations?: Record<string, string>; spec?: object },
  more: { spec?: object; metadata?: Metadata; status?: object } = {},
): KubeObject {
  const [apiVersion, kind, path] = text.split(" ") as [string, string, string];
  const [namespace, name] = path.split("/") as [string, string];
  const { spec = {}, ...metadata } = template;
  return {
    ...{ apiVersion, kind },
    metadata: { namespace, name, uid: `uid-${text}`, resourceVersion: "7", ...more.metadata },
    spec: {
      replicas: 1,
      template: { metadata: { labels: { app: name }, ...metadata }, spec: { containers: [], ...spec } },
      ...more.spec,
    },
    ...(more.status && { status: more.status }),
  };
}

/** The reference of what an object controls. */
export function ownedBy({ apiVersion, kind, metadata: { name, uid = "" } }: KubeObject) {
  return { ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] };
}

/** A Pod of a controller as its template makes it, running on node-a. */
export function podOf(
  owner: KubeObject | undefined,
  path: string,
  more: { metadata?: Metadata; spec?: object; status?: object } = {},
): KubeObject {
  const [namespace, name] = path.split("/") as [string, string];
  const template = (owner?.spec as { template?: { metadata?: Metadata; spec?: object } } | undefined)?.template;
  return {
    ...{ apiVersion: "v1", kind: "Pod" },
    metadata: {
      ...{ namespace, name, uid: `uid-${path}` },
      ...template?.metadata,
      ...(owner && ownedBy(owner)),
      ...more.metadata,
    },
    spec: { nodeName: "node-a", ...template?.spec, ...more.spec },
    ...(more.status && { status: more.status }),
  };
}

/** What Spiderpool wrote down of a Pod: addresses by NIC, `eth0: "a 10.6.0.10"`. */
export function endpointOf(
  path: string,
  owner: string,
  nics: Record<string, string>,
  metadata: Metadata = {},
): SpiderEndpoint {
  const [namespace, name] = path.split("/") as [string, string];
  const [ownerControllerType, ownerControllerName] = owner.split(" ") as [string, string];
  const ips = Object.entries(nics).map(([nic, text]) => {
    const [pool, address] = text.split(" ");
    return { interface: nic, ipv4: `${address}/24`, ipv4Pool: pool };
  });
  return {
    ...{ apiVersion: KINDS.SpiderEndpoint.apiVersion, kind: "SpiderEndpoint" },
    metadata: { namespace, name, ...metadata },
    status: { ownerControllerType, ownerControllerName, current: { uid: `uid-${path}`, node: "node-a", ips } },
  };
}

/** The Pod an endpoint goes with: of all but StatefulSets of apps/v1 and VMs (Z1). */
export function goesWith(path: string): Metadata {
  const name = path.slice(path.indexOf("/") + 1);
  return { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid: `uid-${path}` }] };
}

/** A SpiderMultusConfig; `spec` beside a macvlan on ens1. */
export function network(name: string, spec: object = {}): KubeObject {
  return {
    ...{ apiVersion: KINDS.SpiderMultusConfig.apiVersion, kind: "SpiderMultusConfig" },
    metadata: { namespace: "kube-system", name, uid: `uid-${name}`, resourceVersion: "7" },
    spec: { cniType: "macvlan", macvlan: { master: ["ens1"] }, ...spec },
  };
}

/** A net-attach-def that somebody wrote by hand. */
export function attachment(name: string, config: object): KubeObject {
  return {
    ...{ apiVersion: "k8s.cni.cncf.io/v1", kind: "NetworkAttachmentDefinition" },
    metadata: { namespace: "kube-system", name },
    spec: { config: JSON.stringify(config) },
  };
}
