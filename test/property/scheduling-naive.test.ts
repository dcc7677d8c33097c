import fc from "fast-check";
import { expect, test } from "vitest";
import { isConfinedTo, mayComeTo, mayStartOn, placementOf } from "../../src/core/cluster/scheduling.js";
import type { KubeObject, LabelSelector } from "../../src/core/spiderpool/objects.js";
import { matches } from "../../src/core/spiderpool/selector.js";
import { type PlainNode, type PlainPod, startsNaively } from "../support/naive-scheduling.js";

const HOST = "kubernetes.io/hostname";
const name = fc.constantFrom("n1", "n2", "n3");
const value = fc.constantFrom("a", "b", "", "7", "12", "-3", "x9");
const key = fc.constantFrom("zone", "cores", HOST);
const own = ["not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"];
const taintKey = fc.constantFrom(
  "gpu",
  "ill",
  ...[...own, "network-unavailable"].map((one) => `node.kubernetes.io/${one}`),
);
const effect = fc.constantFrom("NoSchedule", "NoExecute", "PreferNoSchedule");

/** The usual thing three times in four. */
function seldom<T>(drawn: fc.Arbitrary<T>, usual: T): fc.Arbitrary<T> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: drawn });
}

const plainNode: fc.Arbitrary<PlainNode> = fc.record({
  name,
  labels: fc
    .tuple(fc.dictionary(key, value, { maxKeys: 2 }), name)
    .map(([labels, host]) => ({ [HOST]: host, ...labels })),
  taints: seldom(
    fc.array(fc.record({ key: taintKey, value, effect }, { requiredKeys: ["key", "effect"] }), { maxLength: 2 }),
    [],
  ),
  unschedulable: seldom(fc.constant(true), false),
  ready: fc.constantFrom(true, true, true, false),
});
const condition = (keys: fc.Arbitrary<string>, values: fc.Arbitrary<string>) =>
  fc.record({
    key: keys,
    operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Like"),
    values: fc.array(values, { maxLength: 2 }),
  });
const term = fc.record(
  {
    matchExpressions: fc.array(condition(key, value), { maxLength: 2 }),
    matchFields: fc.array(condition(fc.constant("metadata.name"), name), { maxLength: 1 }),
  },
  { requiredKeys: [] },
);
const plainPod: fc.Arbitrary<PlainPod> = fc.record(
  {
    daemon: fc.boolean(),
    hostNetwork: fc.boolean(),
    nodeName: name,
    nodeSelector: seldom(fc.dictionary(key, value, { maxKeys: 1 }), {}),
    terms: fc.array(term, { maxLength: 3 }),
    tolerations: fc.array(
      fc.record(
        {
          key: fc.oneof(taintKey, fc.constant("")),
          operator: fc.constantFrom("Exists", "Equal"),
          value,
          effect: fc.oneof(effect, fc.constant("")),
        },
        { requiredKeys: [] },
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: ["daemon", "hostNetwork", "nodeSelector", "tolerations"] },
);

function nodeOf({ name, labels, taints, unschedulable, ready }: PlainNode): KubeObject {
  const status = { conditions: [{ type: "Ready", status: ready ? "True" : "Unknown" }] };
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec: { taints, unschedulable }, status };
}

function templateOf({ daemon, hostNetwork, nodeName, nodeSelector, terms, tolerations }: PlainPod): KubeObject {
  const required = terms && { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
  const spec = { hostNetwork, nodeName, nodeSelector, tolerations, affinity: { nodeAffinity: required } };
  return {
    apiVersion: "apps/v1",
    kind: daemon ? "DaemonSet" : "Deployment",
    metadata: { name: "app" },
    spec: { template: { spec } },
  };
}

test("a Pod may start where Kubernetes, read a second time, says so", () => {
  let started = 0;
  fc.assert(
    fc.property(plainPod, plainNode, (pod, node) => {
      const may = mayStartOn(placementOf(templateOf(pod)), nodeOf(node));
      expect(may).toBe(startsNaively(pod, node));
      if (may) started += 1;
    }),
    { numRuns: 3000 },
  );
  expect(started).toBeGreaterThan(150);
});

test("it may come to run where it may start, and where it may once the node is well", () => {
  const passing = new Set([...own, "network-unavailable"].map((one) => `node.kubernetes.io/${one}`));
  fc.assert(
    fc.property(plainPod, plainNode, (pod, node) => {
      const well = {
        ...node,
        ready: true,
        unschedulable: false,
        taints: node.taints.filter((one) => !passing.has(one.key)),
      };
      expect(mayComeTo(placementOf(templateOf(pod)), nodeOf(node))).toBe(startsNaively(pod, well));
      if (startsNaively(pod, node)) expect(startsNaively(pod, well)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("Pods confined to an affinity may start on no node without it", () => {
  const selector: fc.Arbitrary<LabelSelector> = fc.record({
    matchExpressions: fc.array(
      fc.record({
        key,
        operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
        values: fc.array(value, { minLength: 1, maxLength: 2 }),
      }),
      { minLength: 1, maxLength: 2 },
    ) as fc.Arbitrary<NonNullable<LabelSelector["matchExpressions"]>>,
  });
  let confined = 0;
  fc.assert(
    fc.property(plainPod, selector, fc.array(plainNode, { maxLength: 3 }), plainNode, (pod, selector, known, node) => {
      const nodes = new Map([...known, node].map((one) => [one.name, nodeOf(one)]));
      const placement = placementOf(templateOf(pod));
      if (!isConfinedTo({ selector }, placement, nodes)) return;
      confined += 1;
      // By hostname it was looked up as the node of that name, which it need not be.
      const one = nodes.get(node.name)!;
      if (one.metadata.labels?.[HOST] !== node.name) return;
      if (mayComeTo(placement, one)) expect(matches(selector, one.metadata.labels ?? {})).toBe(true);
    }),
    { numRuns: 3000 },
  );
  expect(confined).toBeGreaterThan(100);
});
