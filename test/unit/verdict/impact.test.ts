import { describe, expect, test } from "vitest";
import { tenantsOf } from "../../../src/core/cluster/tenants.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import {
  KINDS,
  type KubeObject,
  type SpiderEndpoint,
  type SpiderIPPool,
} from "../../../src/core/spiderpool/objects.js";
import type { Crowding } from "../../../src/core/verdict/competition.js";
import { judgeTenant } from "../../../src/core/verdict/impact.js";
import { sceneOf } from "../../../src/core/verdict/replay.js";
import { endpoint, livePool } from "../../support/objects.js";
import { namespaceWith } from "../../support/running.js";

const pool = (name: string, first: number, spec: Partial<SpiderIPPool["spec"]> = {}) =>
  livePool(name, { ips: [`10.6.0.${first}-10.6.0.${first + 3}`], ...spec });
const six = (name: string, spec: Partial<SpiderIPPool["spec"]> = {}) =>
  livePool(name, { subnet: "fd00::/64", ips: ["fd00::1-fd00::9"], ...spec });
const defaults = (v4: string[], v6: string[] = []): KubeObject => {
  const annotations = {
    "ipam.spidernet.io/default-ipv4-ippool": JSON.stringify(v4),
    "ipam.spidernet.io/default-ipv6-ippool": JSON.stringify(v6),
  };
  const namespace = namespaceWith("d");
  return { ...namespace, metadata: { ...namespace.metadata, annotations } };
};
const POD: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { namespace: "d", name: "x-0" }, spec: {} };
const HELD = endpoint("d/x-0", "p", "10.6.0.10");
const none = () => undefined;

/** What becomes of the IPv4 address of d/x-0 between two clusters; every pool is said to change. */
function judged(was: KubeObject[], will: KubeObject[], crowds = { before: none, after: none } as Crowds, held = HELD) {
  const [before, after] = [was, will].map((objects) =>
    sceneOf(buildSnapshot([POD, held, ...objects], Object.keys(KINDS)), CHART_DEFAULTS),
  );
  const [tenant] = tenantsOf(before!.snapshot, CHART_DEFAULTS);
  const found = judgeTenant(
    tenant!,
    { scene: before!, crowd: crowds.before },
    { scene: after!, crowd: crowds.after },
    (name) => [`changes ${name}`],
  );
  const { tenant: _, ...rest } = found;
  return rest;
}
interface Crowds {
  before: () => Crowding | undefined;
  after: () => Crowding | undefined;
}

describe("what a change does to one tenant", () => {
  const P = pool("p", 10);

  test("nothing: no reasons are told", () => {
    expect(judged([P, defaults(["p"])], [pool("p", 10, { gateway: "10.6.0.1" }), defaults(["p"])])).toEqual({
      effect: "stays",
      reasons: [],
    });
  });

  test("what is told of several pools is in their order", () => {
    expect(judged([P, pool("b", 20), defaults(["p"])], [P, pool("b", 20), defaults(["b"])])).toEqual({
      effect: "moves",
      next: ["b"],
      reasons: ["b: changes b", "p: changes p", "after that b serves eth0; before, p did"],
    });
  });

  test("an ordinal that loses its IPv6 pool gives back its IPv4 address as well (A19)", () => {
    const { current } = HELD.status!;
    const ips = [{ ...current!.ips[0]!, ipv6: "fd00::1/64", ipv6Pool: "s" }];
    const ordinal = {
      ...HELD,
      status: { current: { ...current!, ips }, ownerControllerType: "StatefulSet", ownerControllerName: "x" },
    } as SpiderEndpoint;
    const found = judged(
      [P, six("s"), six("t"), defaults(["p"], ["s"])],
      [P, six("s"), six("t"), defaults(["p"], ["t"])],
      undefined,
      ordinal,
    );
    expect(found).toMatchObject({ effect: "moves", next: ["p"] });
  });

  test("a family it no longer asks for and never had is no move", () => {
    const found = judged([P, six("s"), defaults(["p"], ["s"])], [P, six("s"), defaults(["p"])]);
    expect(found.effect).toBe("stays");
    const other = judged(
      [P, six("s"), six("t"), defaults(["p"], ["s"])],
      [P, six("s"), six("t"), defaults(["p"], ["t"])],
    );
    expect(other).toMatchObject({ effect: "moves", next: ["t"] });
    expect(judged([P, six("s"), defaults(["p"])], [P, six("s"), defaults(["p"], ["s"])]).effect).toBe("stays");
  });
});

describe("facts nobody knows", () => {
  const on = (spec: Partial<SpiderIPPool["spec"]>) => [pool("p", 10, spec), defaults(["p"])];

  test("a new multusName may shut it out, where nobody knows its network", () => {
    const found = judged(on({}), on({ multusName: ["net"] }));
    expect(found).toEqual({
      effect: "strands",
      reasons: [
        "p: changes p",
        "nobody knows the cluster's default network, so the new multusName may shut it out (A9)",
      ],
    });
  });

  test("one that was there before has let it in", () => {
    expect(judged(on({ multusName: ["net"] }), on({ multusName: ["net", "more"] })).effect).toBe("stays");
  });

  test("a node nobody knows is taken as one that fits", () => {
    expect(judged(on({}), on({ nodeName: ["a"] })).effect).toBe("stays");
  });
});

describe("others who may leave nothing", () => {
  const crowd = (proven: boolean, room = 1): Crowding => ({
    reason: "too many",
    proven,
    players: [{ ways: [[["p"]]], count: 2, places: ["p"] }],
    capacity: () => room,
  });
  const world = [pool("p", 10), defaults(["p"])];

  test.each<[what: string, before: Crowding | undefined, after: Crowding | undefined, effect: string]>([
    ["there are none", undefined, undefined, "stays"],
    ["there were none", undefined, crowd(true), "strands"],
    ["they were there", crowd(true), crowd(true), "stays"],
    ["they were there, and now there is less room", crowd(true, 2), crowd(true, 1), "stays"],
    ["they may have been there, as they are", crowd(false), crowd(false), "stays"],
    ["they may have been there, with more room", crowd(false, 2), crowd(false, 1), "strands"],
    ["they go", crowd(true), undefined, "stays"],
  ])("%s", (_what, before, after, effect) => {
    const found = judged(world, world, { before: () => before, after: () => after });
    expect(found).toEqual({ effect, reasons: effect === "stays" ? [] : ["p: changes p", "too many"] });
  });
});
