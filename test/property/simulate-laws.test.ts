import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SimulationRequest, simulate } from "../../src/core/query/simulate/simulate.js";
import { buildSnapshot, type Snapshot } from "../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { livePool, liveReserved } from "../support/objects.js";
import { namespaceWith, node, running } from "../support/running.js";

/** A pool of a few addresses; `rank` gives it no affinity, one that lets everybody in, or one that lets app0 in only. */
interface PoolShape {
  readonly size: number;
  readonly rank: "open" | "namespace" | "app0";
  readonly zone: "a" | "b" | undefined;
  readonly reserved: boolean;
}

interface World {
  readonly pools: readonly PoolShape[];
  /** For each workload the pools it names, and how many addresses of the first it holds. */
  readonly workloads: readonly { readonly names: readonly number[]; readonly pods: number; readonly pinned: boolean }[];
}

const poolShape = fc.record({
  size: fc.integer({ min: 1, max: 4 }),
  rank: fc.constantFrom("open", "namespace", "app0"),
  zone: fc.constantFrom("a", "b", undefined, undefined),
  reserved: fc.boolean(),
} as const);

const world: fc.Arbitrary<World> = fc.record({
  pools: fc.array(poolShape, { minLength: 1, maxLength: 4 }),
  workloads: fc.array(
    fc.record({
      names: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
      pods: fc.integer({ min: 0, max: 3 }),
      pinned: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const events: fc.Arbitrary<Partial<SimulationRequest>> = fc.oneof(
  fc.constant({ restart: true }),
  fc.constant({ drained: ["node-a"] }),
  fc.constant({ failed: ["node-a"], restart: true }),
  fc.nat(6).map((replicas) => ({ scale: new Map([["default/Deployment/app0", replicas]]) })),
  fc.constant({ rollout: ["default/Deployment/app0"] }),
  fc.nat(6).map((replicas) => ({
    ...{ drained: ["node-b"], scale: new Map([["default/Deployment/app0", replicas]]) },
    ...{ rollout: ["default/Deployment/app0"], restart: true },
  })),
);

const NODES = [node("node-a", { zone: "a" }), node("node-b", { zone: "b" })];
const AFFINITY = {
  open: {},
  namespace: { namespaceName: ["default"] },
  app0: { podAffinity: { matchLabels: { app: "app0" } } },
};

/** Pool n has the addresses 10.6.n.10 and up; with `reserved` its second one is reserved. */
function objectsOf({ pools, workloads }: World): KubeObject[] {
  const live = pools.map(({ size, rank, zone }, n) =>
    livePool(`p${n}`, {
      ...{ subnet: "10.6.0.0/16", ips: [`10.6.${n}.10-10.6.${n}.${9 + size}`], ...AFFINITY[rank] },
      ...(zone && { nodeAffinity: { matchLabels: { zone } } }),
    }),
  );
  const reserved = pools.flatMap((pool, n) => (pool.reserved ? [`10.6.${n}.11`] : []));
  let objects: KubeObject[] = [namespaceWith("default"), ...NODES, ...live];
  if (reserved.length > 0) objects.push(liveReserved("r", reserved));
  const used = pools.map(() => 0);
  workloads.forEach(({ names, pods, pinned }, index) => {
    const known = names.filter((n) => n < pools.length);
    const home = known[0];
    const ipv4 = (known.length > 0 ? known : [0]).map((n) => `p${n}`);
    const room = home === undefined ? 0 : Math.min(pods, pools[home]!.size - used[home]!);
    const addresses = Array.from({ length: room }, (_, i) => `10.6.${home}.${10 + used[home!]! + i}`);
    if (home !== undefined) used[home]! += room;
    const annotations = { "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv4 }]) };
    const kind = pinned ? "StatefulSet" : "Deployment";
    const nodes = ["node-a", "node-b"];
    objects = running(objects, {
      name: `default/app${index}`,
      kind: index === 0 ? "Deployment" : kind,
      pool: `p${home ?? 0}`,
      addresses,
      annotations,
      nodes,
    });
  });
  return objects;
}

function play(objects: readonly KubeObject[], request: Partial<SimulationRequest>) {
  const snapshot = buildSnapshot(objects, Object.keys(KINDS));
  const nothing = { failed: [], drained: [], scale: new Map(), rollout: [], restart: false };
  return { snapshot, ...simulate(snapshot, CHART_DEFAULTS, { ...nothing, ...request }) };
}

/** The addresses of a pool that may be handed out, one by one. */
function usable(snapshot: Snapshot, name: string): string[] {
  const [first = "", last = first] = ((snapshot.pools.get(name) as SpiderIPPool).spec.ips![0] ?? "").split("-");
  const reserved = new Set([...snapshot.reserved.values()].flatMap((one) => one.spec.ips ?? []));
  const stem = first.slice(0, first.lastIndexOf(".") + 1);
  const numbers = [first, last].map((text) => Number(text.slice(stem.length))) as [number, number];
  const all = Array.from({ length: numbers[1] - numbers[0] + 1 }, (_, i) => `${stem}${numbers[0] + i}`);
  return all.filter((address) => !reserved.has(address));
}

describe("simulate", () => {
  it("hands no address out twice, and none that is not its pool's to give", () => {
    fc.assert(
      fc.property(world, events, (shape, request) => {
        const objects = objectsOf(shape);
        const { snapshot, addresses } = play(objects, request);
        const concerned = new Set(addresses.map((one) => one.pod));
        const inUse = [...snapshot.endpoints].flatMap(([pod, { status }]) =>
          concerned.has(pod) ? [] : (status?.current?.ips ?? []).map((ip) => ip.ipv4!.split("/")[0]!),
        );
        const given = addresses.flatMap((one) =>
          one.after.slice(0, 1).map((choice) => ({ ...choice, fate: one.fate })),
        );
        const all = [...inUse, ...given.map((one) => one.address)];
        expect(new Set(all).size).toBe(all.length);
        for (const { pool, address, fate } of given) {
          // A StatefulSet's Pod keeps a reserved address too (A19).
          if (fate !== "keeps") expect(usable(snapshot, pool)).toContain(address);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is the same whatever order the API lists in", () => {
    fc.assert(
      fc.property(world, events, (shape, request) => {
        const objects = objectsOf(shape);
        const told = (list: readonly KubeObject[]) => {
          const { addresses, untouched } = play(list, request);
          return { addresses, untouched };
        };
        expect(told([...objects].reverse())).toEqual(told(objects));
      }),
      { numRuns: 100 },
    );
  });

  it("who gets an address in a restart gets one in every order and with every choice among equals (A12)", () => {
    fc.assert(
      fc.property(world, fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), (shape, dice) => {
        const { snapshot, addresses } = play(objectsOf(shape), { restart: true });
        const lost = losers(shape, snapshot, dice);
        for (const one of addresses) {
          if (one.fate === "gets" || one.fate === "keeps") expect(lost).not.toContain(one.pod);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

/** The naive way: everybody stops, starts in the order of the dice, and takes any free address of the best rank. */
function losers(shape: World, snapshot: Snapshot, dice: readonly number[]): Set<string> {
  let die = 0;
  const roll = (sides: number) => dice[die++ % dice.length]! % sides;
  const pods = [...snapshot.endpoints].map(([name, { status }]) => ({ name, status: status! }));
  const kept = new Map<string, string>();
  const restless = pods.filter(({ name, status }) => {
    const address = status.current!.ips[0]!.ipv4!.split("/")[0]!;
    if (status.ownerControllerType === "StatefulSet") kept.set(name, address);
    return status.ownerControllerType !== "StatefulSet";
  });
  const taken = new Set(kept.values());
  const lost = new Set<string>();
  while (restless.length > 0) {
    const [{ name, status }] = restless.splice(roll(restless.length), 1) as [(typeof pods)[number]];
    const index = Number(status.ownerControllerName!.slice("app".length));
    const zone = status.current!.node === "node-a" ? "a" : "b";
    const named = shape.workloads[index]!.names.filter((n) => n < shape.pools.length);
    const open = named.filter((n) => {
      const pool = shape.pools[n]!;
      return (pool.rank !== "app0" || index === 0) && (pool.zone === undefined || pool.zone === zone);
    });
    const weight = (n: number) =>
      ({ app0: 4, namespace: 1, open: 0 })[shape.pools[n]!.rank] + (shape.pools[n]!.zone === undefined ? 0 : 2);
    const free = (n: number) => usable(snapshot, `p${n}`).filter((address) => !taken.has(address));
    const best = Math.max(...open.filter((n) => free(n).length > 0).map(weight));
    const equals = open.filter((n) => free(n).length > 0 && weight(n) === best);
    if (equals.length === 0) lost.add(name);
    else taken.add(free(equals[roll(equals.length)]!)[0]!);
  }
  return lost;
}
