import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { shapeFaults } from "../../../src/core/spiderpool/shape.js";

const SPIDERPOOL = "spiderpool.spidernet.io/v2beta1";

function any(apiVersion: string, kind: string, more: object): KubeObject {
  return { apiVersion, kind, metadata: { name: "x" }, ...more } as KubeObject;
}
const pool = (spec: unknown, more: object = {}) => any(SPIDERPOOL, "SpiderIPPool", { spec, ...more });
const meta = (metadata: unknown, apiVersion = "v1", kind = "Thing") => any(apiVersion, kind, { metadata });
const workload = (spec: unknown, kind = "Deployment") => any("apps/v1", kind, { spec });
const selector = (value: unknown) => workload({ selector: value });

/** What an object from a file must look like before anybody reads it. */
describe("the shape of an object", () => {
  test.each<[what: string, object: KubeObject]>([
    [
      "a whole pool",
      pool({
        subnet: "10.6.0.0/24",
        ipVersion: 4,
        disable: true,
        ips: ["x"],
        podAffinity: { matchLabels: { a: "b" } },
      }),
    ],
    ["values are not judged", pool({ subnet: "what", ips: [] })],
    ["a status may be written piece by piece", pool({ subnet: "a" }, { status: { allocatedIPs: "{}" } })],
    ["a field that is undefined", pool({ subnet: "a", ips: undefined })],
    ["a field nobody knows", pool({ subnet: "a", what: 3 })],
    ["a kind nobody knows", any("v9", "Thing", { spec: 3, status: [] })],
    ["null in a kind of Kubernetes' own", workload({ template: null, selector: { matchLabels: null } })],
    ["null in any metadata", any(SPIDERPOOL, "SpiderEndpoint", { metadata: { name: "x", labels: null } })],
    ["a coordinator without a spec", any(SPIDERPOOL, "SpiderCoordinator", {})],
    ["a Pod", any("v1", "Pod", { spec: { nodeName: "n" }, status: { phase: "Running" } })],
    ["own keys of a prototype", pool({ subnet: "a", podAffinity: { matchLabels: { constructor: "a" } } })],
  ])("%s is fine", (_what, object) => {
    expect(shapeFaults(object)).toEqual([]);
  });

  test.each<[object: KubeObject, expected: string[]]>([
    [pool(undefined), ["spec is missing"]],
    [pool({}), ["spec.subnet is missing"]],
    [pool(null), ["spec must be a map, not null"]],
    // A null that is fine stays fine beside a fault.
    [pool({}, { metadata: { name: "x", labels: null } }), ["spec.subnet is missing"]],
    [workload({ template: null, replicas: "3" }), ['spec.replicas must be a whole number, not the string "3"']],
    [pool({ subnet: 3 }), ["spec.subnet must be a string, not the number 3"]],
    [pool({ subnet: "a", ips: "b" }), ['spec.ips must be a list, not the string "b"']],
    [
      pool({ subnet: "a", ips: ["b", 1, "c", null] }),
      ["spec.ips[1] must be a string, not the number 1", "spec.ips[3] must be a string, not null"],
    ],
    [pool({ subnet: "a", ips: {} }), ["spec.ips must be a list, not a map"]],
    [pool({ subnet: "a", podAffinity: [] }), ["spec.podAffinity must be a map, not a list"]],
    [pool({ subnet: "a", ipVersion: 4.5 }), ["spec.ipVersion must be a whole number, not the number 4.5"]],
    [pool({ subnet: "a", disable: "true" }), ['spec.disable must be true or false, not the string "true"']],
    [
      pool({ subnet: "a", podAffinity: { matchLabels: { a: "b", c: 1 } } }),
      ["spec.podAffinity.matchLabels.c must be a string, not the number 1"],
    ],
    [pool({ subnet: "a", routes: [{ dst: "d" }] }), ["spec.routes[0].gw is missing"]],
    [any(SPIDERPOOL, "SpiderSubnet", {}), ["spec is missing"]],
    [any(SPIDERPOOL, "SpiderReservedIP", {}), ["spec is missing"]],
    [any(SPIDERPOOL, "SpiderMultusConfig", {}), ["spec is missing"]],
    [meta(undefined), ["metadata must be a map, not the undefined undefined"]],
    [meta({ namespace: 1 }), ["metadata.namespace must be a string, not the number 1"]],
    [
      meta({ uid: 1, resourceVersion: 2 }),
      [
        "metadata.uid must be a string, not the number 1",
        "metadata.resourceVersion must be a string, not the number 2",
      ],
    ],
    [meta({ deletionTimestamp: 1 }), ["metadata.deletionTimestamp must be a string, not the number 1"]],
    [meta({ labels: { a: 1 } }), ["metadata.labels.a must be a string, not the number 1"]],
    [meta({ annotations: [] }), ["metadata.annotations must be a map, not a list"]],
    [meta({ finalizers: [1] }), ["metadata.finalizers[0] must be a string, not the number 1"]],
    [
      meta({ ownerReferences: [{ apiVersion: 1, kind: 2, name: 3, uid: 4 }] }),
      [
        "metadata.ownerReferences[0].apiVersion must be a string, not the number 1",
        "metadata.ownerReferences[0].kind must be a string, not the number 2",
        "metadata.ownerReferences[0].name must be a string, not the number 3",
        "metadata.ownerReferences[0].uid must be a string, not the number 4",
      ],
    ],
    [
      meta({ managedFields: [{ manager: 1 }] }),
      ["metadata.managedFields[0].manager must be a string, not the number 1"],
    ],
    [workload({ replicas: "3" }), ['spec.replicas must be a whole number, not the string "3"']],
    [
      workload({ template: { metadata: { labels: [], annotations: 1 }, spec: 2 } }),
      [
        "spec.template.metadata.labels must be a map, not a list",
        "spec.template.metadata.annotations must be a map, not the number 1",
        "spec.template.spec must be a map, not the number 2",
      ],
    ],
    [
      selector({ matchLabels: 1, matchExpressions: [{ key: 1, operator: 2, values: [3] }] }),
      [
        "spec.selector.matchLabels must be a map, not the number 1",
        "spec.selector.matchExpressions[0].key must be a string, not the number 1",
        "spec.selector.matchExpressions[0].operator must be a string, not the number 2",
        "spec.selector.matchExpressions[0].values[0] must be a string, not the number 3",
      ],
    ],
    [
      workload({ jobTemplate: { spec: { template: [] } } }, "CronJob"),
      ["spec.jobTemplate.spec.template must be a map, not a list"],
    ],
    [
      any("v1", "Pod", { spec: { nodeName: 1 }, status: { phase: 2 } }),
      ["spec.nodeName must be a string, not the number 1", "status.phase must be a string, not the number 2"],
    ],
    [any("v1", "ConfigMap", { data: { a: 1 } }), ["data.a must be a string, not the number 1"]],
    [
      any("autoscaling/v2", "HorizontalPodAutoscaler", {
        spec: { scaleTargetRef: { apiVersion: 1, kind: 2, name: 3 } },
      }),
      [
        "spec.scaleTargetRef.apiVersion must be a string, not the number 1",
        "spec.scaleTargetRef.kind must be a string, not the number 2",
        "spec.scaleTargetRef.name must be a string, not the number 3",
      ],
    ],
  ])("%j", (object, expected) => {
    expect(shapeFaults(object)).toEqual(expected);
  });

  test.each(["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "CloneSet"])(
    "a %s is looked at as a workload",
    (kind) => {
      expect(shapeFaults(workload({ replicas: "3" }, kind))).toHaveLength(1);
    },
  );

  test("the API version tells whose kind it is: only Spiderpool's have no nulls", () => {
    expect(shapeFaults(any("other/v1", "SpiderIPPool", { spec: { subnet: null } }))).toEqual([]);
    expect(shapeFaults(pool({ subnet: null }))).toEqual(["spec.subnet must be a string, not null"]);
  });
});
