import { decide } from "../../../src/core/engine.js";
import type { Plan } from "../../../src/core/plan/plan.js";
import { status } from "../../../src/core/query/status.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { applied, decideOn, NO_LOCK, OPTIONS, planOf } from "../decide.js";
import { namespaceWith, node, running } from "../running.js";

const plan = (nodes: string) => `subnets:
  app: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
pools:
  p: {subnet: app, addresses: [10.6.0.10-10.6.0.19]${nodes}}
  q: {subnet: app, addresses: [10.6.0.20-10.6.0.29]${nodes}}
namespaces:
  shop: {defaultPools: [p]}
`;

/** Annotations a tenant may write on Pods, templates and Namespaces, each as it should be. */
const ANNOTATIONS: Readonly<Record<string, string>> = {
  "ipam.spidernet.io/ippools":
    '[{"interface":"eth0","ipv4":["spiderplan-none-v4","p","shop.deployment.web.*"],"ipv6":["six*"]}]',
  "ipam.spidernet.io/ippool": '{"ipv4":["p"],"ipv6":["six"]}',
  "ipam.spidernet.io/subnets": '[{"interface":"eth0","ipv4":["app"],"ipv6":[]}]',
  "ipam.spidernet.io/subnet": '{"ipv4":["app"]}',
  "ipam.spidernet.io/ippool-ip-number": "+2",
  "ipam.spidernet.io/ippool-reclaim": "true",
  "ipam.spidernet.io/routes": '[{"dst":"10.8.0.0/16","gw":"10.6.0.3"}]',
  "ipam.spidernet.io/default-ipv4-ippool": '["p"]',
  "ipam.spidernet.io/default-ipv6-ippool": '["six"]',
  "v1.multus-cni.io/default-network": "kube-system/net",
  "k8s.v1.cni.cncf.io/networks":
    '[{"name":"net","namespace":"kube-system","interface":"net1"}], kube-system/other@net2',
  "cni.spidernet.io/rdma-resource-inject": "rdma",
  "spiderplan.io/tracking-id": "default:/Namespace:/shop",
  "spiderplan.io/applied": '["ipam.spidernet.io/default-ipv4-ippool"]',
  "spiderplan.io/owner": "shop/Deployment/web/eth0/app",
};
const CONFIG =
  '{"cniVersion":"0.3.1","name":"net","plugins":[{"type":"macvlan","master":"eth1","ipam":{"type":"spiderpool","default_ipv4_ippool":["p"]}}]}';
const RECORD = '{"10.6.0.30":{"owner":"shop/Deployment/a/eth0","since":"2026-11-20T00:00:00Z"}}';
const LABEL = "web";

/** What a world of many hostile objects is read with. */
export class HostileCluster {
  readonly corpus: readonly string[] = [...Object.values(ANNOTATIONS), CONFIG, RECORD, LABEL];

  private constructor(
    private readonly synced: readonly KubeObject[],
    private readonly change: Plan,
  ) {}

  static async open(): Promise<HostileCluster> {
    const bare = [node("node-a"), namespaceWith("shop"), namespaceWith("other")];
    const synced = applied(await decideOn(plan(""), bare), bare);
    const web = { name: "shop/web", pool: "p", addresses: ["10.6.0.10"], nodes: ["node-a"] };
    return new HostileCluster(running(synced, web), await planOf(plan(", nodes: {names: [node-a, node-b]}")));
  }

  /** Plans a change of a cluster in which each text stands in an object of its own. */
  read(texts: readonly string[]): void {
    const objects = texts.flatMap((text, index) => hostile(text, index));
    const snapshot = buildSnapshot([...this.synced, ...objects], Object.keys(KINDS));
    const { diagnostics, verdict } = decide(this.change, NO_LOCK, snapshot, OPTIONS);
    status(snapshot);
    JSON.stringify([diagnostics, verdict]);
  }
}

/** An object with the text in one place; the number says where, so that all places get their share. */
function hostile(text: string, index: number): KubeObject[] {
  const keys = Object.keys(ANNOTATIONS);
  const key = keys[index % keys.length]!;
  const name = `x-${index}`;
  const metadata = { name, namespace: "other", uid: `uid-${name}` };
  const marked = { ...metadata, annotations: { [key]: text }, labels: { app: name } };
  const labelled = { ...metadata, labels: { app: text, [text]: LABEL } };
  const deployment = (spec: object, meta: object = metadata) =>
    ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: meta,
      spec: { replicas: 1, ...spec },
    }) as unknown as KubeObject;
  const template = (meta: object, spec: object = {}) => ({
    selector: { matchLabels: { app: name } },
    template: { metadata: meta, spec },
  });
  const pod = (meta: object) =>
    ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: meta,
      spec: { nodeName: "node-a" },
      status: { phase: "Running", podIP: "10.6.0.99" },
    }) as unknown as KubeObject;
  const term = { matchExpressions: [{ key: text, operator: ["In", "Gt", text][index % 3], values: [text] }] };
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } };
  const crd = KINDS.SpiderMultusConfig;
  const attachment = KINDS.NetworkAttachmentDefinition;
  const places: (() => KubeObject[])[] = [
    () => [pod(marked)],
    () => [deployment(template({ labels: { app: name }, annotations: { [key]: text } }))],
    () => [
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, annotations: { [key]: text }, labels: { [text]: text } },
      },
    ],
    () => [pod(labelled)],
    () => [
      deployment({ ...template({ labels: { app: text } }), selector: { matchLabels: { app: text }, ...term } }, marked),
    ],
    () => [
      deployment(
        template(
          { labels: { app: name } },
          { affinity, nodeSelector: { [text]: text }, tolerations: [{ key: text, operator: text }] },
        ),
      ),
    ],
    () => [{ ...attachment, metadata, spec: { config: text } } as unknown as KubeObject],
    () => [{ ...crd, metadata: marked, spec: { cniType: "custom", customCNI: text } } as unknown as KubeObject],
    () => [
      {
        ...crd,
        metadata,
        spec: { cniType: text, macvlan: { master: [text], ippools: { ipv4: [text] } } },
      } as unknown as KubeObject,
    ],
    () => [
      pod({
        ...metadata,
        name: text.slice(0, 300),
        ownerReferences: [{ apiVersion: text, kind: text, name: text, uid: text, controller: true }],
      }),
    ],
    () => [
      pod({
        ...metadata,
        ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: text, uid: "u", controller: true }],
      }),
    ],
    () => [{ apiVersion: "v1", kind: "ConfigMap", metadata, data: { [text]: text } } as unknown as KubeObject],
    () => [
      {
        ...KINDS.SpiderReservedIP,
        metadata: { name, annotations: { "spiderplan.io/quarantine": text } },
        spec: { ipVersion: 4, ips: [text] },
      } as unknown as KubeObject,
    ],
    () => [
      {
        ...KINDS.SpiderEndpoint,
        metadata,
        status: {
          current: { uid: text, node: text, ips: [{ interface: text, ipv4: text, ipv4Pool: text }] },
          ownerControllerType: text,
          ownerControllerName: text,
        },
      } as unknown as KubeObject,
    ],
  ];
  return places[Math.floor(index / keys.length) % places.length]!();
}
