import { describe, expect, test } from "vitest";
import { project } from "../../../src/app/watch/projection.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { LIMITS, unreadableReason, withinLimits } from "../../../src/core/spiderpool/limits.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";

const POOLS = "ipam.spidernet.io/ippools";
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const names = (count: number, name = (i: number) => `p${i}`) => JSON.stringify([{ ipv4: times(count, name) }]);
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
  ["6,000 items", asks(JSON.stringify(times(6_000, () => ({})))), "more than 2000 values"],
  ["6,000 networks", asks(times(6_000, () => "n").join(","), "k8s.v1.cni.cncf.io/networks"), "more than 2000 values"],
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

test("600 Pods of 250 kB each cost what is read of them", () => {
  const kept = times(600, (i) => project(asks("x".repeat(250_000), `ipam.spidernet.io/own-${i}`)));
  expect(JSON.stringify(kept).length).toBeLessThan(600 * 500);
  expect(LIMITS.annotationCharacters).toBeLessThan(250_000);
});
