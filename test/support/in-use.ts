/** A plan of one declared pool, and the cluster it lives in: two Pods use addresses of it. */
export function planOf(addresses: string, extra = ""): string {
  return `apiVersion: spiderplan.io/v1alpha1
kind: NetworkPlan
spec:
  subnets:
    app-v4:
      cidr: 10.6.124.0/24
      gateway: 10.6.124.1
      ranges: [10.6.124.10-10.6.124.200]
  pools:
    ippool01:
      subnet: app-v4
      addresses: [${addresses}]
      namespaces: {names: [default]}
  namespaces:
    default: {defaultPools: [ippool01]}
${extra}`;
}

/** The cluster after that plan with 10.6.124.10-10.6.124.19 was synced and two Pods of a Deployment started. */
export function clusterOf(): string {
  const spiderpool = "spiderpool.spidernet.io/v2beta1";
  const own = (kind: string, name: string) => ({
    labels: { "app.kubernetes.io/managed-by": "spiderplan" },
    annotations: { "spiderplan.io/tracking-id": `default:spiderpool.spidernet.io/${kind}:/${name}` },
    finalizers: ["spiderpool.spidernet.io"],
    name,
    uid: `${kind}-${name}`,
    resourceVersion: "7",
  });
  const pod = (suffix: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `web-5d9-${suffix}`,
      namespace: "default",
      uid: `uid-${suffix}`,
      labels: { app: "web" },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5d9", uid: "rs", controller: true }],
    },
    spec: { nodeName: "node-a" },
  });
  const endpoint = (suffix: string, address: string) => ({
    apiVersion: spiderpool,
    kind: "SpiderEndpoint",
    metadata: { name: `web-5d9-${suffix}`, namespace: "default" },
    status: {
      ownerControllerType: "Deployment",
      ownerControllerName: "web",
      current: {
        uid: `uid-${suffix}`,
        node: "node-a",
        ips: [{ interface: "eth0", ipv4: `${address}/24`, ipv4Pool: "ippool01" }],
      },
    },
  });
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  const items = [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: "default",
        labels: { "kubernetes.io/metadata.name": "default" },
        annotations: {
          "ipam.spidernet.io/default-ipv4-ippool": '["ippool01"]',
          "spiderplan.io/applied": '{"default":["ipam.spidernet.io/default-ipv4-ippool"]}',
        },
      },
    },
    { apiVersion: "v1", kind: "Node", metadata: { name: "node-a", labels: { zone: "a" } } },
    {
      apiVersion: spiderpool,
      kind: "SpiderSubnet",
      metadata: own("SpiderSubnet", "app-v4"),
      spec: { subnet: "10.6.124.0/24", ipVersion: 4, ips: ["10.6.124.10-10.6.124.200"], gateway: "10.6.124.1" },
    },
    {
      apiVersion: spiderpool,
      kind: "SpiderIPPool",
      metadata: own("SpiderIPPool", "ippool01"),
      spec: {
        subnet: "10.6.124.0/24",
        ipVersion: 4,
        ips: ["10.6.124.10-10.6.124.19"],
        gateway: "10.6.124.1",
        namespaceName: ["default"],
        default: false,
        disable: false,
      },
      status: {
        totalIPCount: 10,
        allocatedIPCount: 2,
        allocatedIPs: JSON.stringify({
          "10.6.124.10": { pod: "default/web-5d9-aaaaa", podUid: "uid-aaaaa" },
          "10.6.124.11": { pod: "default/web-5d9-bbbbb", podUid: "uid-bbbbb" },
        }),
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "default", uid: "dep" },
      spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template },
    },
    {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: "web-5d9",
        namespace: "default",
        uid: "rs",
        ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "dep", controller: true }],
      },
      spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template },
    },
    pod("aaaaa"),
    pod("bbbbb"),
    endpoint("aaaaa", "10.6.124.10"),
    endpoint("bbbbb", "10.6.124.11"),
  ];
  return `${JSON.stringify({ apiVersion: "v1", kind: "List", items }, null, 1)}\n`;
}
