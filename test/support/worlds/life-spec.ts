import fc from "fast-check";
import type { Edit } from "./edit-spec.js";
import { numbers, small } from "./edit-spec.js";
import type { EventSpec, WorkloadSpec, WorldSpec } from "./spec.js";

/** Ordinary situations of a cluster that worlds may have besides; each can be left out. */
export const FEATURES = [
  "kruise",
  "on-delete",
  "partition",
  "paused",
  "owned",
  "placement",
  "host-network",
  "overlay",
  "finished",
  "dead-nodes",
  "templates",
  "removed-nics",
  "network-ipam",
  "lost-marks",
  "unnamed",
  "networks-gone",
  "auto-pools",
  "second-nics",
  "virtual-machines",
] as const;

export type Feature = (typeof FEATURES)[number];

/** What is out of the ordinary about a workload. */
export interface Life {
  readonly way?: "kruise" | "on-delete" | "partition" | "paused" | "host-network" | "overlay";
  /** An operator's object is above it. */
  readonly owned?: boolean;
  /** The items of its `ippools` name no interface. */
  readonly unnamed?: boolean;
  /** It is a StatefulSet with this second NIC. */
  readonly second?: NonNullable<WorkloadSpec["net1"]>;
  /** Where it may run; 0 = anywhere. */
  readonly placement?: number;
}

/** Events that only worlds with features have. */
export type LifeEvent =
  | {
      readonly type: "template";
      readonly workload: number;
      readonly names: readonly number[];
      readonly relabel: boolean;
      /** Its second NIC goes. */
      readonly dropNic: boolean;
      /** Of a paused Deployment: a Pod of the new template runs, too. */
      readonly both: boolean;
    }
  | { readonly type: "finish"; readonly pod: number }
  /** A VM starts (0, 1), migrates (2), is stopped (3) or deleted (4). */
  | { readonly type: "machine"; readonly machine: number; readonly what: number; readonly pool: number }
  | { readonly type: "node"; readonly node: number; readonly dead: boolean };

interface Extra {
  readonly lives: readonly Life[];
  readonly taints: readonly number[];
  readonly events: readonly { readonly at: number; readonly event: EventSpec }[];
}

/** A world with what its features add. */
export function withFeatures(base: fc.Arbitrary<WorldSpec>, features: readonly Feature[]): fc.Arbitrary<WorldSpec> {
  if (features.length === 0) return base;
  return fc.tuple(base, extraOf(new Set(features))).map(([spec, { lives, taints, events }]) => {
    const all = [...spec.events];
    for (const { at, event } of events) all.splice(at % (all.length + 1), 0, event);
    return {
      ...spec,
      workloads: spec.workloads.map((one, index) => alive(one, lives[index] ?? {})),
      taints,
      events: all,
    };
  });
}

function alive(one: WorkloadSpec, { second, ...life }: Life): WorkloadSpec {
  return { ...one, ...(second && { stateful: true, net1: second }), life };
}

function extraOf(features: ReadonlySet<Feature>): fc.Arbitrary<Extra> {
  const some = <T>(feature: Feature, weight: number, arbitrary: fc.Arbitrary<T>) =>
    features.has(feature) ? [{ weight, arbitrary }] : [];
  const maybe = <T>(feature: Feature, drawn: fc.Arbitrary<T>) =>
    features.has(feature)
      ? fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: drawn })
      : fc.constant(undefined);
  const ways = ["kruise", "on-delete", "partition", "paused", "host-network", "overlay"] as const;
  const way = fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    ...ways.flatMap((one) => some(one, 1, fc.constant(one))),
  );
  const life = fc
    .record({
      way,
      owned: maybe("owned", fc.constant(true)),
      unnamed: maybe("unnamed", fc.constant(true)),
      placement: maybe("placement", small(PLACEMENTS - 1)),
      second: maybe(
        "second-nics",
        fc.record({
          ask: fc.constantFrom("names" as const, "pattern" as const, "same" as const),
          network: small(1),
          names: fc.array(small(4), { minLength: 1, maxLength: 3 }),
          ...{ subnets: fc.constant([0]), elastic: fc.constant(0), perPod: fc.constant(false) },
        }),
      ),
    })
    .map((one): Life => JSON.parse(JSON.stringify(one)) as Life);
  const templates = features.has("templates") || features.has("on-delete") || features.has("partition");
  const edit = (one: fc.Arbitrary<Edit>) =>
    one.map((each): EventSpec => ({ type: "commit", edits: [each], crash: 0, restart: 0, second: false }));
  const events: { weight: number; arbitrary: fc.Arbitrary<EventSpec> }[] = [
    ...(templates || features.has("removed-nics") || features.has("paused")
      ? [
          {
            weight: 3,
            arbitrary: fc.record({
              type: fc.constant("template" as const),
              workload: small(3),
              names: numbers(4, 2),
              relabel: fc.boolean(),
              dropNic: features.has("removed-nics") ? fc.boolean() : fc.constant(false),
              both: fc.boolean(),
            }),
          },
        ]
      : []),
    ...some("finished", 1, fc.record({ type: fc.constant("finish" as const), pod: small(12) })),
    ...some("dead-nodes", 1, fc.record({ type: fc.constant("node" as const), node: small(2), dead: fc.boolean() })),
    ...some(
      "network-ipam",
      1,
      edit(fc.record({ type: fc.constant("ipam" as const), which: small(1), off: fc.boolean() })),
    ),
    ...some(
      "lost-marks",
      1,
      fc.record({
        type: fc.constant("foreign" as const),
        what: fc.constant(LOSE_MARKS),
        target: small(12),
        value: small(15),
      }),
    ),
    ...some(
      "networks-gone",
      1,
      edit(fc.record({ type: fc.constant("gone" as const), which: small(1), gone: fc.boolean() })),
    ),
    ...some(
      "auto-pools",
      2,
      fc.record({
        type: fc.constant("foreign" as const),
        what: fc.constant(GROW_AUTO),
        target: small(2),
        value: small(3),
      }),
    ),
    ...some(
      "virtual-machines",
      3,
      fc.record({
        type: fc.constant("machine" as const),
        machine: small(1),
        what: small(4),
        pool: small(6),
      }),
    ),
  ];
  return fc.record<Extra>({
    lives: fc.array(life, { minLength: 4, maxLength: 4 }),
    taints: features.has("placement") ? numbers(3, 2) : fc.constant([]),
    events:
      events.length === 0
        ? fc.constant([])
        : fc.array(fc.record({ at: small(8), event: fc.oneof(...events) }), { maxLength: 5 }),
  });
}

/** The foreign edit that takes our marks from pools. */
export const LOSE_MARKS = 8;

/** The foreign edit in which an automatic pool grows. */
export const GROW_AUTO = 9;

const GPU = { key: "gpu", value: "yes" };
const required = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const zones = (operator: string, ...values: string[]) => ({ matchExpressions: [{ key: "zone", operator, values }] });

const WHERE: readonly object[] = [
  {},
  { nodeSelector: { zone: "a" } },
  required(zones("In", "b")),
  required(zones("NotIn", "a"), zones("In", "a")),
  required({ matchFields: [{ key: "metadata.name", operator: "In", values: ["node-0"] }] }),
  { tolerations: [{ key: "gpu", operator: "Exists" }] },
  { tolerations: [{ operator: "Exists" }], ...required(zones("DoesNotExist"), zones("Exists")) },
  required({}, zones("In", "a")),
];

const PLACEMENTS = WHERE.length;

/** What of a Pod's spec says where it may run. */
export function placementSpec(number = 0): object {
  return WHERE[number % PLACEMENTS]!;
}

/** The taint of a node; 0 = none. */
export function taintsOf(number = 0): object[] {
  return [[], [{ ...GPU, effect: "NoSchedule" }], [{ ...GPU, effect: "PreferNoSchedule" }], []][number % 4]!;
}
