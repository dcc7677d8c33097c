import fc from "fast-check";
import { type Edit, edit, numbers, small } from "./edit-spec.js";
import type { Life, LifeEvent } from "./life-spec.js";

/** Everything a world is made of: small numbers, so that fast-check can shrink it to what matters. */
export interface WorldSpec {
  /** Seed of all chance inside the world: choices among equal pools, order of restarts, who is quicker. */
  readonly noise: number;
  readonly lockFiles: boolean;
  readonly quarantine: "0" | "1h";
  readonly nodes: readonly string[];
  readonly subnets: readonly { readonly v6: boolean; readonly zone: readonly number[]; readonly room: number }[];
  readonly pools: readonly PoolSpec[];
  readonly namespaceDefaults: readonly (readonly number[])[];
  readonly networkDefaults: readonly (readonly number[])[];
  readonly workloads: readonly WorkloadSpec[];
  readonly second: boolean;
  /** By node; see `taintsOf`. */
  readonly taints?: readonly number[];
  readonly events: readonly EventSpec[];
}

export interface PoolSpec {
  readonly subnet: number;
  readonly namespaces: number;
  readonly pods: number;
  readonly nodes: number;
  readonly network: number;
  readonly isDefault: boolean;
  readonly disabled: boolean;
}

/** What one NIC of a workload asks for. */
export interface NicSpec {
  readonly network: number;
  readonly names: readonly number[];
  readonly subnets: readonly number[];
  readonly elastic: number;
  readonly perPod: boolean;
  /** A fixed one: cut out of the first of `names` instead of out of subnets. */
  readonly slice?: boolean;
}

/** A workload; what its first NIC asks for stands here, too. */
export interface WorkloadSpec extends NicSpec {
  readonly namespace: number;
  readonly stateful: boolean;
  /** How its template asks for addresses. */
  readonly ask: "fixed" | "names" | "pattern" | "nothing";
  readonly replicas: number;
  /** A second NIC; `same`: its template says nothing of it that it does not say of the first. */
  readonly net1?: NicSpec & { readonly ask: "fixed" | "names" | "pattern" | "same" };
  /** A fixed one: its template says nothing of pools, spiderplan writes that into it. */
  readonly annotate?: boolean;
  readonly life?: Life;
}

export type EventSpec =
  | LifeEvent
  | {
      readonly type: "commit";
      readonly edits: readonly Edit[];
      readonly crash: number;
      readonly restart: number;
      readonly second: boolean;
    }
  | { readonly type: "sync" }
  | { readonly type: "revert" }
  | { readonly type: "restart"; readonly pods: readonly number[] }
  | { readonly type: "move"; readonly pod: number; readonly node: number }
  | { readonly type: "scale"; readonly workload: number; readonly replicas: number }
  | { readonly type: "time"; readonly minutes: number }
  | { readonly type: "foreign"; readonly what: number; readonly target: number; readonly value: number };

const pool = fc.record<PoolSpec>({
  subnet: small(2),
  namespaces: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: small(3) }),
  pods: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: small(5) }),
  nodes: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: small(4) }),
  network: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: small(2) }),
  isDefault: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.boolean() }),
  disabled: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.boolean() }),
});

const nic = {
  network: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: small(1) }),
  names: fc.array(small(4), { minLength: 1, maxLength: 3 }),
  subnets: fc.array(small(2), { minLength: 1, maxLength: 2 }),
  elastic: small(2),
  perPod: fc.boolean(),
  slice: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
};

const workload = fc.record<WorkloadSpec>({
  namespace: small(1),
  stateful: fc.boolean(),
  ask: fc.constantFrom("fixed", "fixed", "names", "pattern", "nothing"),
  replicas: small(4),
  ...nic,
  net1: fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({ ...nic, ask: fc.constantFrom("fixed", "fixed", "names", "pattern", "same") }),
    },
  ),
  annotate: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const event: fc.Arbitrary<EventSpec> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant("commit" as const),
      edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
      // 0: no crash; n: it dies before its n-th write.
      crash: fc.oneof(
        { weight: 3, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 8 }) },
      ),
      // 0: nobody restarts meanwhile; n: somebody does after the n-th write.
      restart: fc.oneof(
        { weight: 4, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }) },
      ),
      second: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("sync" as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("revert" as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("restart" as const), pods: numbers(12, 4) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("move" as const), pod: small(12), node: small(2) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("scale" as const), workload: small(3), replicas: small(4) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("time" as const), minutes: fc.constantFrom(10, 59, 61, 600) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("foreign" as const),
      what: small(7),
      target: small(12),
      value: small(12),
    }),
  },
);

/** Random plans, clusters and histories. */
export const worlds: fc.Arbitrary<WorldSpec> = fc.record<WorldSpec>({
  noise: fc.integer({ min: 0, max: 1_000_000 }),
  lockFiles: fc.boolean(),
  quarantine: fc.constantFrom("0", "1h"),
  nodes: fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 3 }),
  subnets: fc.array(
    fc.record({
      v6: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      zone: fc.array(small(3), { minLength: 10, maxLength: 10 }),
      room: fc.integer({ min: 4, max: 20 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  pools: fc.array(pool, { minLength: 1, maxLength: 5 }),
  namespaceDefaults: fc.tuple(numbers(4, 3), numbers(4, 3)),
  networkDefaults: fc.tuple(numbers(4, 2), numbers(4, 2)),
  workloads: fc.array(workload, { minLength: 1, maxLength: 4 }),
  second: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  events: fc.array(event, { minLength: 1, maxLength: 6 }),
});
