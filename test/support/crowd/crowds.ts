import fc from "fast-check";
import { orderSteps } from "../../../src/core/change/order.js";
import { draftSteps } from "../../../src/core/change/steps.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { resolveFacts } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { type Judged, judgeSteps } from "../../../src/core/verdict/judge.js";
import { desiredPool, endpoint, livePool, liveReserved } from "../objects.js";
import { NETWORK, namespaceWith, node } from "../running.js";
import { tried } from "../worlds/asking.js";
import { keyOf, type Objects } from "../worlds/objects.js";
import { strandedInSomeHistory } from "./restart-states.js";

/** A few pools, a few Pods that name some of them, and an edit of one pool. */
export interface CrowdSpec {
  readonly pools: readonly PoolSpec[];
  readonly pods: readonly PodSpec[];
  readonly edited: number;
  readonly edit: PoolSpec;
  /** The pool whose first address is reserved; one there is not: none is. */
  readonly reserved: number;
}

interface PoolSpec {
  readonly size: number;
  /** 0: open to both nodes; n: only to the n-th. */
  readonly node: number;
  /** 0: open to both apps; n: only to the n-th. */
  readonly app: number;
  readonly network: boolean;
}

interface PodSpec {
  readonly node: number;
  readonly app: number;
  readonly names: readonly number[];
  /** Which of the pools that have room it holds an address of; the highest: also of one that would not take it any more. */
  readonly at: number;
  readonly stateful: boolean;
}

const small = (max: number) => fc.nat({ max });
const often = <T>(weight: number, value: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });

const pool: fc.Arbitrary<PoolSpec> = fc.record({
  size: fc.integer({ min: 1, max: 3 }),
  node: often(1, 0, small(2)),
  app: often(3, 0, small(2)),
  network: fc.boolean(),
});

export const crowds: fc.Arbitrary<CrowdSpec> = fc.record({
  pools: fc.array(pool, { minLength: 2, maxLength: 4 }),
  pods: fc.array(
    fc.record({
      node: small(1),
      app: small(1),
      names: fc.uniqueArray(small(3), { minLength: 1, maxLength: 4 }),
      at: small(7),
      stateful: often(5, false, fc.boolean()),
    }),
    { minLength: 2, maxLength: 6 },
  ),
  edited: small(3),
  edit: pool,
  reserved: small(7),
});

/** What the engine says of an edit, and what every history of restarts says. */
export interface Compared {
  readonly judged: Judged;
  /** Pods that found an address in every history before the edit and do not in some after it. */
  readonly stranded: readonly string[];
}

export function compare(spec: CrowdSpec): Compared {
  const count = spec.pools.length;
  const after = spec.pools.map((one, index) => (index === spec.edited % count ? spec.edit : one));
  const sizes = spec.pools.map((one, index) => Math.min(one.size, after[index]!.size));
  const all = spec.pods.map((one, index) => podOf(one, index, count));
  const ranks = (pools: readonly PoolSpec[]) => {
    const world = objectsOf([
      ...pools.map((one, index) => livePool(`p${index}`, specOf(one, index))),
      ...ENVIRONS,
      ...all,
    ]);
    return all.map((pod) =>
      tried(world, pod, { nic: "eth0", family: 4 }, namesOf(pod)).map((rank) => rank.map(numberOf)),
    );
  };
  const [was, will] = [ranks(spec.pools), ranks(after)];
  const held = placed(spec, sizes, was);
  const pods = all.flatMap((pod, index) => (held[index] === undefined ? [] : [{ pod, index, ...held[index] }]));
  const used = (number: number) =>
    Object.fromEntries(pods.filter((one) => one.pool === number).map(({ pod, address }) => [address, keyOf(pod)]));
  const live = spec.pools.map((one, index) =>
    livePool(`p${index}`, specOf(one, index), { install: "default", used: used(index) }),
  );
  const reserved = spec.reserved < count ? [liveReserved("r", [addressOf(spec.reserved, 0)])] : [];
  const endpoints = pods.map(({ pod, index, pool: number, address }) => {
    const { status, ...rest } = endpoint(keyOf(pod), `p${number}`, address);
    const ownerControllerType = spec.pods[index]!.stateful ? "StatefulSet" : "Deployment";
    return { ...rest, status: { ...status, ownerControllerType } };
  });
  const items = [...live, ...reserved, ...pods.map(({ pod }) => pod), ...endpoints, ...ENVIRONS];
  const snapshot = buildSnapshot(items, Object.keys(KINDS));
  const { drafts } = draftSteps(
    after.map((one, index) => desiredPool(`p${index}`, specOf(one, index))),
    snapshot,
    { install: "default", namespace: "kube-system", prune: false, keep: () => false },
  );
  const judged = judgeSteps(orderSteps(drafts, snapshot.pools.values()), snapshot, resolveFacts(snapshot.facts, {}));
  const histories = (pools: readonly PoolSpec[], eligible: readonly (readonly (readonly number[])[])[]) =>
    strandedInSomeHistory({
      capacities: pools.map(({ size }, index) => size - (index === spec.reserved ? 1 : 0)),
      pods: pods.map(({ pod, index, pool: number, address }) => ({
        at: number === spec.reserved && address === addressOf(number, 0) ? undefined : number,
        ranks: eligible[index]!,
        keeps: spec.pods[index]!.stateful && namesOf(pod).includes(`p${number}`),
      })),
    });
  const [before, then] = [histories(spec.pools, was), histories(after, will)];
  return { judged, stranded: pods.filter((_, index) => !before[index] && then[index]).map(({ pod }) => keyOf(pod)) };
}

const ENVIRONS = [node("node-0"), node("node-1"), namespaceWith("shop")];

function specOf(
  { size, node: place, app, network }: PoolSpec,
  index: number,
): Partial<SpiderIPPool["spec"]> & { ips: string[] } {
  return {
    ips: [`${addressOf(index, 0)}-${addressOf(index, size - 1)}`],
    ...(place > 0 && { nodeName: [`node-${place - 1}`] }),
    ...(app > 0 && { podAffinity: { matchLabels: { app: `app-${app - 1}` } } }),
    ...(network && { multusName: [NETWORK] }),
  };
}

function addressOf(pool: number, offset: number): string {
  return `10.6.0.${10 * (pool + 1) + offset}`;
}

function podOf({ node: place, app, names, stateful }: PodSpec, index: number, count: number): KubeObject {
  const ipv4 = [...new Set(names.map((name) => `p${name % count}`))];
  const name = `pod-${index}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "shop",
      name,
      uid: `uid-shop/${name}`,
      labels: { app: `app-${app}` },
      annotations: {
        "v1.multus-cni.io/default-network": NETWORK,
        "ipam.spidernet.io/ippool": JSON.stringify({ ipv4 }),
      },
      ...(stateful && {
        ownerReferences: [
          { apiVersion: "apps/v1", kind: "StatefulSet", name: "pod", uid: "uid-set", controller: true },
        ],
      }),
    },
    spec: { nodeName: `node-${place}` },
  };
}

function namesOf(pod: KubeObject): string[] {
  return (JSON.parse(pod.metadata.annotations!["ipam.spidernet.io/ippool"]!) as { ipv4: string[] }).ipv4;
}

function numberOf({ metadata }: SpiderIPPool): number {
  return Number(metadata.name.slice(1));
}

/** Where the Pods are: one after another each is in one of its pools that has room; else it is not there at all. */
function placed(
  { pods, pools }: CrowdSpec,
  sizes: readonly number[],
  ranks: readonly (readonly (readonly number[])[])[],
): ({ pool: number; address: string } | undefined)[] {
  const used = sizes.map(() => 0);
  return pods.map(({ at, names }, index) => {
    const named = [...new Set(names.map((name) => name % pools.length))];
    const choice = at === 7 ? named : ranks[index]!.flat();
    const open = choice.filter((one) => used[one]! < sizes[one]!);
    const found = open[at % Math.max(1, open.length)];
    return found === undefined ? undefined : { pool: found, address: addressOf(found, used[found]!++) };
  });
}

function objectsOf(items: readonly KubeObject[]): Objects {
  const none = () => {
    throw new Error("only to be read");
  };
  return {
    all: (kind) => new Map(items.filter((one) => one.kind === kind).map((one) => [keyOf(one), one])),
    put: none,
    remove: none,
  };
}
