import { describe, expect, test } from "vitest";
import { demandsOf } from "../../../src/core/allocate/demand.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { fixed, plan } from "../../support/allocate-world.js";

/** Anybody who may scale a workload writes these numbers: nothing is expanded by them, and only that owner is told. */
describe("a live number that no pool can serve", () => {
  const MOST = 2_147_483_647; // the most an int32 of Kubernetes holds
  const live = (kind: string, spec: object, status: object = {}): KubeObject => ({
    apiVersion: "apps/v1",
    kind,
    metadata: { namespace: "d", name: "w" },
    spec: { template: { metadata: {}, spec: {} }, ...spec },
    status,
  });
  const surge = (maxSurge: number | string) => ({ strategy: { rollingUpdate: { maxSurge } } });
  const demands = (object: KubeObject, ...more: KubeObject[]) =>
    demandsOf(
      plan({
        workloads: [fixed(`d/${object.kind}/w`, { elastic: "auto" }), fixed("d/Deployment/other", { replicas: 2 })],
      }),
      buildSnapshot([object, ...more], []),
      true,
    );
  const autoscaler: KubeObject = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { namespace: "d", name: "h" },
    spec: { maxReplicas: MOST, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "w" } },
  };

  test.each<[what: string, object: KubeObject, more: KubeObject[]]>([
    ["replicas", live("Deployment", { replicas: MOST }), []],
    ["replicas of a StatefulSet", live("StatefulSet", { replicas: 3_000_000 }), []],
    ["an autoscaler's maximum", live("Deployment", { replicas: 3 }), [autoscaler]],
    ["nodes of a DaemonSet", live("DaemonSet", {}, { desiredNumberScheduled: MOST }), []],
    ["maxSurge", live("Deployment", { replicas: 3, ...surge(MOST) }), []],
    ["maxSurge in percent", live("Deployment", { replicas: 3, ...surge("99999999999%") }), []],
  ])("%s", (_what, object, more) => {
    const found = demands(object, ...more);
    expect(found.diagnostics.map(({ code, about }) => [code, about])).toEqual([["SP3107", `d/${object.kind}/w/net1`]]);
    expect([...found.unknown]).toEqual([`d/${object.kind}/w/net1`]);
    expect(found.demands.map(({ owner }) => owner)).toEqual(["d/Deployment/other/net1"]);
  });

  test.each<[what: string, object: KubeObject, count: number]>([
    ["5,000 addresses", live("Deployment", { replicas: 4999, ...surge(1) }), 5000],
    ["a rollout that doubles a big one", live("Deployment", { replicas: 4000, ...surge("100%") }), 8000],
    ["a small one that more than doubles", live("Deployment", { replicas: 2, ...surge(10) }), 12],
  ])("but %s are asked for", (_what, object, count) => {
    const found = demands(object);
    expect(found.diagnostics).toEqual([]);
    expect(found.demands[0]).toMatchObject({ owner: "d/Deployment/other/net1" });
    expect(found.demands[1]).toMatchObject({ count });
  });

  test("nor are ordinals beyond what a cluster can run", () => {
    const ordinals = (replicas: number) =>
      demandsOf(
        plan({ workloads: [fixed("d/StatefulSet/w", { perPod: {}, elastic: "auto" })] }),
        buildSnapshot([live("StatefulSet", { replicas })], []),
        true,
      );
    expect(ordinals(20_000).demands).toHaveLength(20_000);
    expect(ordinals(20_001)).toMatchObject({ demands: [], diagnostics: [{ code: "SP3107" }] });
    expect(ordinals(MOST)).toMatchObject({ demands: [], diagnostics: [{ code: "SP3107" }] });
  });
});
