import { describe, expect, test } from "vitest";
import type { Step } from "../../../src/core/change/step.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { snapshotAfter, templateOfNext } from "../../../src/core/verdict/after.js";
import { deployment, livePool } from "../../support/objects.js";
import { namespaceWith } from "../../support/running.js";
import { creating, deleting, updating } from "../../support/steps.js";

const snapshot = (...objects: KubeObject[]) => buildSnapshot(objects, Object.keys(KINDS));

describe("the annotations Pods get anew", () => {
  const KEY = "d/Deployment/app";
  const app = (annotations?: Record<string, string>) => snapshot(deployment("d/app", annotations));

  test.each<
    [what: string, key: string | undefined, before: object | undefined, after: object | undefined, found: unknown]
  >([
    ["are those of the new template", KEY, { a: "1" }, { a: "2" }, { a: "2" }],
    ["may be none", KEY, { a: "1" }, {}, {}],
    ["are not, where it says the same", KEY, { a: "1" }, { a: "1" }, undefined],
    ["are not, where the workload is gone", KEY, { a: "1" }, undefined, undefined],
    ["are those of a workload that is new", KEY, undefined, { a: "1" }, { a: "1" }],
    ["are not, where there is none", KEY, undefined, undefined, undefined],
    ["are nobody's, where there is no workload", undefined, { a: "1" }, { a: "2" }, undefined],
  ])("%s", (_what, key, before, after, found) => {
    const on = (annotations: object | undefined) =>
      annotations === undefined ? snapshot() : app(annotations as Record<string, string>);
    expect(templateOfNext({ workload: key, followsTemplate: true }, on(before), on(after))).toEqual(found);
    expect(templateOfNext({ workload: key, followsTemplate: false }, on(before), on(after))).toBeUndefined();
  });
});

describe("the cluster as steps leave it", () => {
  const p = livePool("p", { ips: ["10.6.0.1"] }, { used: { "10.6.0.1": "d/x" } });
  const wider = livePool("p", { ips: ["10.6.0.1-10.6.0.9"] });

  test.each<[what: string, step: Step, pools: Record<string, string[] | undefined>]>([
    ["makes", creating(livePool("q", { ips: ["10.6.0.5"] })), { p: ["10.6.0.1"], q: ["10.6.0.5"] }],
    ["changes", updating(p, wider), { p: ["10.6.0.1-10.6.0.9"] }],
    ["deletes", deleting(p), {}],
    ["not what is held back", { ...deleting(p), blocked: { type: "held", message: "" } }, { p: ["10.6.0.1"] }],
  ])("%s", (_what, step, pools) => {
    const before = snapshot(p);
    const after = snapshotAfter(before, [step]);
    expect(Object.fromEntries([...after.pools].map(([name, { spec }]) => [name, spec.ips]))).toEqual(pools);
    expect(after.use).toBe(before.use);
    expect([...before.pools.keys()]).toEqual(["p"]);
  });

  test("keeps what an update does not say", () => {
    expect(snapshotAfter(snapshot(p), [updating(p, wider)]).pools.get("p")?.status).toEqual(p.status);
  });

  test("knows Namespaces and workloads by their keys", () => {
    const [namespace, app] = [namespaceWith("d"), deployment("d/app")];
    const patch = { metadata: { labels: { new: "yes" } } };
    const after = snapshotAfter(snapshot(namespace, app), [
      { ...updating(namespace, namespace), patch },
      { ...updating(app, app), patch },
    ]);
    expect(after.namespaces.get("d")?.metadata.labels).toMatchObject(patch.metadata.labels);
    expect(after.workloads.get("d/Deployment/app")?.metadata.labels).toEqual(patch.metadata.labels);
  });
});
