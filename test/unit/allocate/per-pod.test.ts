import { describe, expect, test } from "vitest";
import { ownerInSubnet, parseNicOwner, splitOwner } from "../../../src/core/allocate/owner.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import {
  cluster,
  fixed,
  lock,
  NO_LOCK,
  plan,
  pool,
  run,
  SMALL,
  shown,
  subnet,
  written,
} from "../../support/allocate-world.js";

const WEB = "d/StatefulSet/web";
const NIC = `${WEB}/net1`;
const web = (replicas: number, perPod: Record<number, string> = {}, more: object = {}) =>
  plan({ workloads: [fixed(WEB, { replicas, perPod, ...more })] });

/** Live pools of ordinals as a sync leaves them. */
const livePool = (ordinal: number, address: string, used = false) =>
  pool(`d.statefulset.web.net1.a.${ordinal}`, [address], {
    owner: `${NIC}/a/${ordinal}`,
    ...(used && { used: { [address]: `d/web-${ordinal}` } }),
  });

const held = (result: ReturnType<typeof run>) =>
  (written(result.lock) as Record<string, { held: Record<string, string>; released: Record<string, string> }>).a!;

describe("one address for each ordinal", () => {
  test("each is an owner of its own with a pool of its own, lowest to lowest, ten behind two", () => {
    const result = run({ plan: web(11) });
    expect(result.diagnostics).toEqual([]);
    const names = result.allocations.map(({ owner, pool: name }) => [owner, name]);
    expect(names[0]).toEqual([`${NIC}/0`, "d.statefulset.web.net1.a.0"]);
    expect(names[10]).toEqual([`${NIC}/10`, "d.statefulset.web.net1.a.10"]);
    expect(shown(result)).toMatchObject({ [`${NIC}/2/a`]: "10.0.0.12", [`${NIC}/10/a`]: "10.0.0.20" });
  });

  test.each<[string, Record<number, string>, Record<string, string>]>([
    ["none", {}, { 0: "10.0.0.10", 1: "10.0.0.11", 2: "10.0.0.12" }],
    ["one", { 1: "10.0.0.20" }, { 0: "10.0.0.21", 1: "10.0.0.20", 2: "10.0.0.22" }],
    ["all", { 0: "10.0.0.12", 1: "10.0.0.11", 2: "10.0.0.10" }, { 0: "10.0.0.12", 1: "10.0.0.11", 2: "10.0.0.10" }],
  ])("wished addresses: %s", (_, wishes, expected) => {
    const result = run({ plan: web(3, wishes) });
    expect(result.diagnostics).toEqual([]);
    expect(held(result).held).toEqual(
      Object.fromEntries(Object.entries(expected).map(([ordinal, address]) => [`${NIC}/${ordinal}`, address])),
    );
  });

  test("a wish somebody else holds stops the whole NIC (FIXED-6)", () => {
    const before = lock({ a: { held: { "d/Deployment/o/net1": ["10.0.0.15"] } } });
    const asked = plan({
      workloads: [fixed(WEB, { replicas: 2, perPod: { 1: "10.0.0.15" } }), fixed("d/Deployment/o", { replicas: 1 })],
    });
    const result = run({ plan: asked, lock: before });
    expect(result.diagnostics).toMatchObject([{ code: "SP3102", about: `${NIC}/1` }]);
    expect(Object.keys(held(result).held)).toEqual(["d/Deployment/o/net1"]);
  });

  test("too few addresses: the NIC gets none and is told once how many are missing", () => {
    const result = run({ plan: web(25) });
    expect(result.diagnostics).toMatchObject([{ code: "SP3101", about: NIC }]);
    expect(result.diagnostics[0]!.message).toContain(
      "needs 25 addresses (25 ordinals), holds 0, and 20 more can be had: 5 missing",
    );
    expect(result.allocations).toEqual([]);
  });

  test("auto asks for nothing more, a number for ordinals ahead", () => {
    expect(run({ plan: web(2, {}, { elastic: "auto" }) }).allocations).toHaveLength(2);
    expect(run({ plan: web(2, {}, { elastic: 1 }) }).allocations).toHaveLength(3);
  });

  test("ordinals begin where the live StatefulSet begins", () => {
    const live: KubeObject = {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { namespace: "d", name: "web" },
      spec: { replicas: 2, ordinals: { start: 5 }, template: { metadata: {} } },
    };
    expect(Object.keys(shown(run({ plan: web(2), snapshot: cluster(live) })))).toEqual([`${NIC}/5/a`, `${NIC}/6/a`]);
  });

  test("both families: an address of each for each ordinal", () => {
    const subnets = [SMALL, subnet("b", "fd00::/64", ["fd00::10-fd00::1f"])];
    const result = run({
      plan: plan({ subnets, workloads: [fixed(WEB, { replicas: 2, subnets: ["a", "b"], perPod: {} })] }),
    });
    expect(shown(result)).toEqual({
      [`${NIC}/0/a`]: "10.0.0.10",
      [`${NIC}/0/b`]: "fd00::10",
      [`${NIC}/1/a`]: "10.0.0.11",
      [`${NIC}/1/b`]: "fd00::11",
    });
  });
});

describe("scaling", () => {
  const three = lock({
    a: { held: { [`${NIC}/0`]: ["10.0.0.17"], [`${NIC}/1`]: ["10.0.0.11"], [`${NIC}/2`]: ["10.0.0.14"] } },
  });

  test.each<[string, "lock" | "plan", boolean]>([
    ["lock files", "lock", true],
    ["lock files, planned", "plan", true],
    ["no lock files", "plan", false],
  ])("a StatefulSet scaled down in the cluster loses nothing while the plan says three: %s", (_, mode, files) => {
    const snapshot = cluster(livePool(0, "10.0.0.17", true), livePool(1, "10.0.0.11"), livePool(2, "10.0.0.14"));
    const result = run({ plan: web(3), lock: files ? three : NO_LOCK, snapshot, mode });
    expect(shown(result)).toEqual({
      [`${NIC}/0/a`]: "10.0.0.17",
      [`${NIC}/1/a`]: "10.0.0.11",
      [`${NIC}/2/a`]: "10.0.0.14",
    });
    expect(result.allocations.map(({ added }) => added)).toEqual([0, 0, 0]);
  });

  test("fewer replicas release from the end, and the same addresses come back (FIXED-9)", () => {
    const snapshot = cluster(livePool(0, "10.0.0.17", true), livePool(1, "10.0.0.11"), livePool(2, "10.0.0.14"));
    const down = run({ plan: web(1), lock: three, snapshot });
    expect(held(down)).toMatchObject({
      held: { [`${NIC}/0`]: "10.0.0.17" },
      released: { [`${NIC}/1`]: "10.0.0.11", [`${NIC}/2`]: "10.0.0.14" },
    });
    const up = run({
      plan: web(3),
      lock: { ...down.lock, files: true },
      snapshot: cluster(livePool(0, "10.0.0.17", true)),
    });
    expect(held(up).held).toEqual(held(run({ plan: web(3), lock: three })).held);
  });

  test("an ordinal whose Pod still runs leaves later (FIXED-1); without a snapshot none leaves", () => {
    const snapshot = cluster(livePool(0, "10.0.0.17", true), livePool(1, "10.0.0.11", true), livePool(2, "10.0.0.14"));
    const down = run({ plan: web(1), lock: three, snapshot });
    expect(held(down)).toMatchObject({ held: { [`${NIC}/1`]: "10.0.0.11" }, released: { [`${NIC}/2`]: "10.0.0.14" } });
    expect(down.allocations.filter(({ leaving }) => leaving)).toMatchObject([{ owner: `${NIC}/1`, subnet: "a" }]);
    expect(held(run({ plan: web(1), lock: three })).held).toEqual(held(run({ plan: web(3), lock: three })).held);
  });

  test("nobody knows the replicas: every ordinal stays", () => {
    const asked = plan({ workloads: [fixed(WEB, { perPod: {} })] });
    const result = run({ plan: asked, lock: three, snapshot: cluster(livePool(0, "10.0.0.17", true)) });
    expect(result.diagnostics).toMatchObject([{ code: "SP3103" }]);
    expect(held(result)).toMatchObject({ held: { [`${NIC}/2`]: "10.0.0.14" }, released: {} });
  });

  test("the lock does not cover all ordinals: told once", () => {
    const result = run({ plan: web(5), lock: three, mode: "plan" });
    expect(result.diagnostics).toMatchObject([{ code: "SP4107", about: NIC }]);
    expect(result.diagnostics[0]!.message).toContain("holds 3 of 5 addresses (5 ordinals)");
  });
});

test("perSubnet sizes a subnet by itself, elastic included", () => {
  const subnets = [SMALL, subnet("b", "10.1.0.0/24", ["10.1.0.10-10.1.0.25"])];
  const asked = plan({
    subnets,
    workloads: [fixed("d/Deployment/x", { replicas: 4, elastic: 1, subnets: ["a", "b"], perSubnet: { b: 2 } })],
  });
  const result = run({ plan: asked });
  expect(shown(result)).toEqual({
    "d/Deployment/x/net1/a": "10.0.0.10-10.0.0.14",
    "d/Deployment/x/net1/b": "10.1.0.10-10.1.0.11",
  });
  expect(result.allocations[1]!.reason).toBe("2 asked for in b");
});

describe("owners of ordinals and slices as text", () => {
  test.each([
    ["d/StatefulSet/web/net1", "app-v4", "d/StatefulSet/web/net1/app-v4"],
    ["d/StatefulSet/web/net1/0", "app-v4", "d/StatefulSet/web/net1/app-v4/0"],
    ["d/StatefulSet/web/net1/12", "7", "d/StatefulSet/web/net1/7/12"],
    ["d/StatefulSet/web/net1", "7", "d/StatefulSet/web/net1/7"],
    ["d/Deployment/web/net1/pool:p", "app-v4", "d/Deployment/web/net1/pool:p/app-v4"],
    ["d/StatefulSet/web/net1/pool:p/3", "app-v4", "d/StatefulSet/web/net1/pool:p/app-v4/3"],
    ["pool:p", "app-v4", "pool:p/app-v4"],
  ])("%s in %s is %s, and back", (owner, key, text) => {
    expect(ownerInSubnet(owner, key)).toBe(text);
    expect(splitOwner(text)).toEqual({ owner, subnet: key });
  });

  test.each(["a/b/c", "a/b/c/d/e", "a/b/c/d/pool:", "a/b/c/d/01", "a/b/c/d/0/pool:p", "a/b/c/d/pool:p/x", "a//c/d"])(
    "%s is none",
    (text) => expect(parseNicOwner(text)).toBeUndefined(),
  );
});

describe("subnets of different zones (A19)", () => {
  const zoned = (name: string, zone: string) => ({
    ...subnet(name, `10.${zone}.0.0/24`, [`10.${zone}.0.10-10.${zone}.0.20`]),
    nodes: { selector: { matchLabels: { zone } } },
  });
  const asked = plan({
    subnets: [zoned("a", "0"), zoned("b", "1")],
    workloads: [fixed(WEB, { replicas: 1, subnets: ["a", "b"], perPod: {} })],
  });
  const statefulSet = (nodeSelector: object): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { namespace: "d", name: "web" },
    spec: { replicas: 1, template: { metadata: {}, spec: { nodeSelector } } },
  });

  test.each<[string, KubeObject[], string | undefined]>([
    ["a template that may run anywhere", [statefulSet({})], "error"],
    ["a template of another label", [statefulSet({ disk: "ssd" })], "error"],
    ["a template that stays in one zone", [statefulSet({ zone: "1" })], undefined],
    ["no StatefulSet yet", [], "warning"],
  ])("%s", (_, objects, severity) => {
    const result = run({ plan: asked, snapshot: cluster(...objects) });
    expect(result.diagnostics.map((one) => [one.code, one.severity])).toEqual(severity ? [["SP4114", severity]] : []);
    expect(result.allocations).toHaveLength(severity === "error" ? 0 : 2);
  });
});

describe("turned from one form to the other while Pods run (SP4205)", () => {
  const set = pool("d.statefulset.web.net1.a", ["10.0.0.10-10.0.0.11"], {
    owner: `${NIC}/a`,
    used: { "10.0.0.10": "d/web-0", "10.0.0.11": "d/web-1" },
  });
  const told = (result: ReturnType<typeof run>) => result.diagnostics.filter(({ code }) => code === "SP4205");

  test("to one address for each Pod: the old pool stays, and the migration to write is named", () => {
    const result = run({ plan: web(2), snapshot: cluster(set) });
    expect(told(result)).toMatchObject([
      {
        severity: "warning",
        about: NIC,
        message: expect.stringMatching(
          /2 Pods keep their old one at every restart \(A19\); the old pool stays, leaving/,
        ),
        hint: expect.stringContaining(`spec.migrations: [{owner: ${NIC}, from: a, to: a, phase: drain}]`),
      },
    ]);
    expect(result.allocations.find(({ leaving }) => leaving)).toMatchObject({ pool: "d.statefulset.web.net1.a" });
  });

  test("back to one set: the pools of the ordinals stay", () => {
    const asked = plan({ workloads: [fixed(WEB, { replicas: 2 })] });
    const snapshot = cluster(livePool(0, "10.0.0.10", true), livePool(1, "10.0.0.11"));
    expect(told(run({ plan: asked, snapshot }))).toMatchObject([
      { about: NIC, message: expect.stringMatching(/1 Pod keeps its old one.*the old pools stay, leaving/) },
    ]);
  });

  test.each([
    ["nobody uses the old pool", [pool("d.statefulset.web.net1.a", ["10.0.0.10"], { owner: `${NIC}/a` })]],
    ["the form is the same", [livePool(0, "10.0.0.10", true), livePool(5, "10.0.0.15", true)]],
  ])("not when %s", (_, objects) => {
    expect(told(run({ plan: web(2), snapshot: cluster(...objects) }))).toEqual([]);
  });
});
