import { afterEach, describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/core/spiderpool/objects.js";
import { ipPool, node, type PlayedCluster, playCluster, poolAnnotation, workload } from "../support/played-cluster.js";

/** The scheduler and the DaemonSet controller of the players put Pods where Kubernetes would. */
describe("the players place Pods", () => {
  let cluster: PlayedCluster;
  afterEach(() => cluster.stop());
  const GPU = { key: "gpu", effect: "NoSchedule" };
  const tolerated = { tolerations: [{ key: "gpu", operator: "Exists" }] };
  const required = (zone: string) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: [zone] }] }],
        },
      },
    },
  });
  const start = async (...objects: KubeObject[]) => {
    cluster = await playCluster({
      objects: [
        node("open", { zone: "a" }),
        { ...node("tainted", { zone: "b" }), spec: { taints: [GPU] } },
        { ...node("cordoned", { zone: "c" }), spec: { unschedulable: true } },
      ],
    });
    await cluster.create(ipPool("p", { ips: ["10.6.0.10-10.6.0.19"] }), ...objects);
    await cluster.settle();
  };
  const placed = (kind: "Deployment" | "DaemonSet", podSpec: object): KubeObject => {
    const made = workload(kind, "app", { replicas: 3, annotations: poolAnnotation("p") });
    const { template, ...spec } = made.spec as { template: object };
    return { ...made, spec: { ...spec, template: { ...template, spec: podSpec } } };
  };
  const nodes = async () =>
    [...new Set((await cluster.pods()).map(({ spec }) => (spec as { nodeName?: string }).nodeName ?? "-"))].sort();

  test.each<[what: string, kind: "Deployment" | "DaemonSet", podSpec: object, on: string[]]>([
    ["a Deployment on what is open", "Deployment", {}, ["open"]],
    ["a toleration on what is tainted", "Deployment", tolerated, ["open", "tainted"]],
    ["required affinity without the toleration nowhere", "Deployment", required("b"), ["-"]],
    ["required affinity with it there", "Deployment", { ...required("b"), ...tolerated }, ["tainted"]],
    ["a DaemonSet on cordoned nodes too", "DaemonSet", {}, ["cordoned", "open"]],
    ["and where it tolerates", "DaemonSet", tolerated, ["cordoned", "open", "tainted"]],
  ])("%s", async (_what, kind, podSpec, on) => {
    await start(placed(kind, podSpec));
    expect(await nodes()).toEqual(on);
  });

  test("a DaemonSet's Pods stay under a new taint that only keeps others out, and leave one that evicts", async () => {
    await start(placed("DaemonSet", {}));
    const taint = async (effect: string) => {
      await cluster.patch("Node", "open", { spec: { taints: [{ key: "gpu", effect }] } });
      await cluster.settle();
      return nodes();
    };
    expect(await taint("NoSchedule")).toEqual(["cordoned", "open"]);
    expect(await taint("NoExecute")).toEqual(["cordoned"]);
  });
});
