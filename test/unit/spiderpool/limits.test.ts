import { describe, expect, test } from "vitest";
import { project } from "../../../src/app/watch/projection.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { LIMITS, unreadableReason, withinLimits } from "../../../src/core/spiderpool/limits.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";

const POOLS = "ipam.spidernet.io/ippools";
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const names = (count: number, name = (i: number) => `p${i}`) => JSON.stringify([{ ipv4: times(count, name) }]);
const NETWORKS = "k8s.v1.cni.cncf.io/networks";
const owner = (kind: string) => ({ apiVersion: "apps/v1", kind, name: "w", uid: "u", controller: true });
const pod = (metadata: object): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: "d", name: "w", ...metadata },
  spec: {},
});
const workload = (spec: object, metadata: object = {}): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { namespace: "d", name: "w" },
  spec: { replicas: 2, template: { metadata, spec }, selector: { matchLabels: { app: "w" } } },
});
const asks = (text: string, key = POOLS) => pod({ annotations: { [key]: text } });
const terms = (count: number) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: times(count, (i) => ({ matchExpressions: [{ key: `k${i}`, operator: "Exists" }] })),
    },
  },
});
const attachment = (config: string): KubeObject => ({
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
  metadata: { namespace: "d", name: "n" },
  spec: { config },
});
const endpoint = (nics: number): KubeObject => ({
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderEndpoint",
  metadata: { namespace: "d", name: "w" },
  status: { current: { ips: times(nics, (i) => ({ interface: `net${i}` })) } },
});

test.each<[what: string, object: KubeObject, reason: string]>([
  ["43,000 names", asks(names(43_000, () => "p")), "more than 32768 characters"],
  ["3,000 names", asks(names(3_000)), "more than 2000 values"],
  ["6,000 items", asks(JSON.stringify(times(6_000, () => ({})))), "more than 100 interfaces"],
  [
    "6,000 networks",
    asks(times(6_000, () => "n").join(","), "k8s.v1.cni.cncf.io/networks"),
    "more than 100 interfaces",
  ],
  ["100,000 stars", asks(names(1, () => "*".repeat(100_000))), "more than 32768 characters"],
  ["200 patterns", asks(names(200, (i) => `*${i}`)), "more than 100 patterns"],
  ["patterns behind quotes", asks(names(200, (i) => `"\\*${i}`)), "more than 100 patterns"],
  ["2,000 levels", asks("[".repeat(2_000)), "more than 16 levels"],
  ["300 labels", pod({ labels: Object.fromEntries(times(300, (i) => [`l${i}`, ""])) }), "more than 256 labels"],
  ["annotations nobody knows", asks("x".repeat(250_000), "ipam.spidernet.io/other"), "more than 32768 characters"],
  ["a template's names", workload({}, { annotations: { [POOLS]: names(3_000) } }), "more than 2000 values"],
  ["a template's affinity", workload({ affinity: terms(3_000) }), "its affinity has more than 2000 values"],
  [
    "a CronJob's template",
    { ...workload({}), spec: { jobTemplate: { spec: workload({}, { annotations: { [POOLS]: names(3_000) } }).spec } } },
    "more than 2000 values",
  ],
  ["a net-attach-def's config", attachment("x".repeat(100_000)), "its config has more than 65536 characters"],
  ["an endpoint's NICs", endpoint(6_000), "more than 256 NICs"],
  ["150 networks", asks(times(150, (i) => `net-${i}`).join(","), NETWORKS), "more than 100 interfaces"],
  ["150 NICs with their pools", asks(JSON.stringify(times(150, (i) => ({ interface: `net${i}` })))), "100 interfaces"],
  ["one pattern of 600 characters", asks(names(1, () => "?*".repeat(300))), "a name of more than 512 characters"],
  ["one name of 600 characters", asks(names(1, () => "p".repeat(600))), "a name of more than 512 characters"],
  [
    "an owner's name",
    pod({ ownerReferences: [{ ...owner("Deployment"), name: "n".repeat(100_000) }] }),
    "the name of its owner has more than 512 characters",
  ],
  [
    "100,000 values of one expression",
    workload({ affinity: { nodeAffinity: { x: times(100_000, (i) => `v${i}`) } } }),
    "its affinity has more than 2000 values",
  ],
  ["tolerations", workload({ tolerations: times(3_000, () => ({ operator: "Exists" })) }), "its tolerations has more"],
  ["a node's name", workload({ nodeName: "n".repeat(100_000) }), "its nodeName has more"],
  [
    "a selector's values",
    {
      ...workload({}),
      spec: { selector: { matchExpressions: [{ key: "a", operator: "In", values: times(100_000, String) }] } },
    },
    "its selector has more than 2000 values",
  ],
  [
    "a custom resource's strategy and number",
    {
      ...workload({}),
      spec: {
        ...(workload({}).spec as object),
        updateStrategy: { x: "x".repeat(100_000) },
        replicas: "1".repeat(99_999),
      },
    },
    "its replicas has more",
  ],
])("%s are not read, and nothing of them is kept", (_what, object, reason) => {
  const bounded = withinLimits(object);
  expect(unreadableReason(bounded)).toContain(reason);
  expect(JSON.stringify(bounded).length).toBeLessThan(12_000);
  expect(withinLimits(bounded)).toEqual(bounded);
  expect(JSON.stringify(project(object)).length).toBeLessThan(12_000);
});

test.each<[what: string, object: KubeObject]>([
  [
    "16 NICs with two patterns each",
    asks(JSON.stringify(times(16, (i) => ({ interface: `net${i}`, ipv4: ["a", `${i}.*`], ipv6: [`${i}.*`] })))),
  ],
  ["500 names", asks(names(500))],
  ["64 networks", asks(times(64, (i) => `a-namespace/a-network-${i}@net${i}`).join(","), NETWORKS)],
  [
    "a long argument of a network",
    asks(JSON.stringify([{ name: "n", "cni-args": { x: "*".repeat(4_000) } }]), NETWORKS),
  ],
  ["a pool's name as long as names can be", asks(names(8, () => `${"p".repeat(252)}*`))],
  [
    "10,000 owners that control nothing",
    pod({ ownerReferences: times(10_000, () => ({ ...owner("Job"), controller: false })) }),
  ],
  ["60 labels", pod({ labels: Object.fromEntries(times(60, (i) => [`l${i}`, ""])) })],
  ["300 node selector terms", workload({ affinity: terms(300) })],
  ["another agent's long text", asks("x".repeat(250_000), "kubectl.kubernetes.io/last-applied-configuration")],
  [
    "a long config",
    attachment(JSON.stringify({ plugins: times(200, (i) => ({ type: "macvlan", master: `eth${i}` })) })),
  ],
  ["10 NICs", endpoint(10)],
  [
    "the record of our own quarantine",
    { ...asks("x".repeat(100_000), "spiderplan.io/quarantine"), kind: "SpiderReservedIP" },
  ],
])("%s are read", (_what, object) => {
  expect(withinLimits(object)).toBe(object);
});

describe("a workload beyond a limit", () => {
  test("keeps what is within, and how many Pods it asks for", () => {
    const template = { labels: { app: "w" }, annotations: { [POOLS]: names(3_000), mine: "x" } };
    const { spec } = withinLimits(workload({ nodeSelector: { zone: "a" } }, template)) as { spec: object };
    expect(spec).toMatchObject({
      replicas: 2,
      selector: { matchLabels: { app: "w" } },
      template: { metadata: { labels: { app: "w" } }, spec: { nodeSelector: { zone: "a" } } },
    });
    expect(spec).not.toHaveProperty(["template", "metadata", "annotations", "mine"]);
  });

  test("is told apart in a snapshot from those beside it", () => {
    const { workloads } = buildSnapshot(
      [workload({ affinity: terms(3_000) }), { ...workload({}), kind: "DaemonSet" }],
      [],
    );
    expect([...workloads.values()].map((one) => unreadableReason(one) !== undefined)).toEqual([true, false]);
  });
});

test("a revision keeps of its template what is within, and an autoscaler of an endless name scales nothing", () => {
  const { spec } = workload({}, { labels: { app: "w" }, annotations: { [POOLS]: names(3_000) } });
  const revision = { apiVersion: "apps/v1", kind: "ControllerRevision", metadata: { name: "w-1" }, data: { spec } };
  const bounded = withinLimits(revision as KubeObject);
  expect(JSON.stringify(bounded).length).toBeLessThan(500);
  expect(bounded).toMatchObject({ data: { spec: { template: { metadata: { labels: { app: "w" } } } } } });
  const target = { apiVersion: "apps/v1", kind: "Deployment", name: "n".repeat(100_000) };
  const autoscaler = {
    ...workload({}),
    kind: "HorizontalPodAutoscaler",
    spec: { maxReplicas: 3, scaleTargetRef: target },
  };
  expect(JSON.stringify(project(autoscaler)).length).toBeLessThan(500);
  expect(buildSnapshot([autoscaler], []).autoscaled).toEqual(new Map());
});

test("of a net-attach-def its configuration is kept and whose it is, not what else is written on it", () => {
  const config = '{"type":"macvlan","ipam":{"type":"spiderpool"}}';
  const made = { ...owner("SpiderMultusConfig"), apiVersion: "spiderpool.spidernet.io/v2beta1" };
  const metadata = { name: "n", namespace: "d", annotations: { mine: "x".repeat(250_000) }, ownerReferences: [made] };
  const kept = project({ ...attachment(config), metadata });
  expect(kept).toMatchObject({ metadata: { name: "n", namespace: "d", ownerReferences: [made] }, spec: { config } });
  expect(JSON.stringify(kept).length).toBeLessThan(500);
});

test("600 Pods of 250 kB each cost what is read of them", () => {
  const kept = times(600, (i) => project(asks("x".repeat(250_000), `ipam.spidernet.io/own-${i}`)));
  expect(JSON.stringify(kept).length).toBeLessThan(600 * 500);
  expect(LIMITS.annotationCharacters).toBeLessThan(250_000);
});
