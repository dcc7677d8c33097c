import { describe, expect, test } from "vitest";
import {
  admit,
  indexWorld,
  looksAt,
  mutate,
  type Request,
  validate,
  type World,
} from "../../../src/core/spiderpool/admission/admit.js";
import { adoptPool } from "../../../src/core/spiderpool/admission/adoption.js";
import { inside, statusRecords } from "../../../src/core/spiderpool/admission/network-spec.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { goAddress, goCidr } from "../../../src/core/spiderpool/go-ip.js";
import { KEYS, type KubeObject, type OwnerReference, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { worldOf } from "../../support/cases.js";
import {
  coordinator,
  created,
  deleted,
  mutated,
  NO_SUBNETS,
  network,
  pool,
  reserved,
  subnet,
  updated,
  validated,
} from "../../support/spiderpool.js";

const DYING = { deletionTimestamp: "2026-01-01T00:00:00Z" };
const off = NO_SUBNETS;
const OFF_FACTS = { ...CHART_DEFAULTS, enableSpiderSubnet: false };
const loose = (spec: object): Partial<SpiderIPPool["spec"]> => spec as Partial<SpiderIPPool["spec"]>;

/** What a person is told by the validating step alone. */
function told(request: Request, world: World = worldOf([]), facts = OFF_FACTS): string {
  return validate(request, world, facts)?.message ?? "accept";
}

describe("a step of the webhook", () => {
  const OBJECTS: Record<string, KubeObject> = {
    pool: pool("p", { ips: ["what"] }, { finalizers: [], labels: {} }),
    subnet: subnet("s", { ips: ["10.6.0.2", "10.6.0.1"] }, { finalizers: [], labels: {} }),
    reserved: reserved("r", { ips: ["10.6.0.2", "10.6.0.1"] }),
    network: network("m", { cniType: "macvlan" }),
    coordinator: { ...coordinator(), spec: { hijackCIDR: ["10.0.0.1"], podCIDRType: "x" } },
    node: { apiVersion: "v1", kind: "Node", metadata: { name: "n" } },
  };

  test.each(Object.entries(OBJECTS))("leaves a %s that is deleted alone, and lets it go", (_kind, object) => {
    const request: Request = { operation: "DELETE", object };
    expect(mutate(request, worldOf([]), CHART_DEFAULTS)).toBe(object);
    expect(deleted(object)).toBe("accept");
  });

  test("looks at what it says, and at no more", () => {
    const looks = (step: "mutate" | "validate", operation: Request["operation"]) =>
      Object.entries(OBJECTS)
        .map(([kind, object]) => [kind, looksAt(step, { operation, object })] as const)
        .filter(([, parts]) => parts.length > 0);
    expect(looks("mutate", "CREATE")).toEqual([["pool", ["subnets"]]]);
    expect(looks("mutate", "UPDATE")).toEqual([["pool", ["subnets"]]]);
    expect(looks("validate", "CREATE")).toEqual([
      ["pool", ["pools", "subnets"]],
      ["subnet", ["pools", "subnets"]],
      ["network", ["networkAttachments"]],
    ]);
    expect(looks("validate", "UPDATE")).toEqual([
      ["pool", ["pools", "subnets"]],
      ["network", ["networkAttachments"]],
    ]);
    expect([...looks("mutate", "DELETE"), ...looks("validate", "DELETE")]).toEqual([]);
  });

  test("nobody answers for subnets while the feature is off (F6)", () => {
    expect(created(subnet("s"), off)).toBe("F6");
    expect(admit({ operation: "CREATE", object: subnet("s") }, worldOf([]), OFF_FACTS).object).toEqual(subnet("s"));
    expect(created(subnet("s"))).toBe("accept");
    expect(created(pool("p"), off)).toBe("accept");
  });

  test.each([undefined, null])("takes a spec of %s for an empty one", (spec) => {
    const without = (object: KubeObject) => ({ ...object, spec });
    const rules = [pool("p"), subnet("s"), reserved("r", {}), network("m", {}), coordinator()].map((object) => [
      created(without(object)),
      validated({ operation: "UPDATE", object: without(object), old: without(object) }),
    ]);
    expect(rules).toEqual([
      ["P3", "P3"],
      ["U1", "U1"],
      ["V4", "V4"],
      ["accept", "X1"],
      ["C1", "C1"],
    ]);
  });

  test("writes no null and nothing absent, and no empty list or labels at any depth (M11)", () => {
    const keys = (object: KubeObject) => Object.keys(object.spec as object).sort();
    const spec = loose({ ips: [], gateway: null, vlan: undefined, namespaceAffinity: {} });
    expect(keys(mutated(pool("p", spec), off))).toEqual([
      "default",
      "disable",
      "ipVersion",
      "namespaceAffinity",
      "subnet",
    ]);
    const selector = (podAffinity: SpiderIPPool["spec"]["podAffinity"]) =>
      mutated(pool("p", { podAffinity }), off).spec.podAffinity;
    expect(selector({ matchLabels: { app: "a" }, matchExpressions: [] })).toEqual({ matchLabels: { app: "a" } });
    const expression = { key: "app", operator: "Exists" };
    expect(selector({ matchLabels: {}, matchExpressions: [{ ...expression, values: [] }] })).toEqual({
      matchExpressions: [expression],
    });
    expect(selector({ matchLabels: { matchLabels: "" } })).toEqual({ matchLabels: { matchLabels: "" } });
    const { macvlan } = mutated(network("m", { cniType: "macvlan", macvlan: { master: [] } })).spec;
    expect(macvlan).toMatchObject({ master: [] });
  });

  test("several findings are told in one bracket, a single one as it is", () => {
    const podAffinity = { matchExpressions: [{ key: "a", operator: "what", values: [".b"] }] };
    expect(told({ operation: "CREATE", object: pool("p", { podAffinity }) })).toBe(
      'SpiderIPPool.spiderpool.spidernet.io "p" is invalid: [spec.podAffinity.matchExpressions[0].operator: ' +
        'Invalid value: "what": not a valid selector operator, spec.podAffinity.matchExpressions[0].values[0]: ' +
        'Invalid value: ".b": not a legal label value]',
    );
    expect(told({ operation: "CREATE", object: pool("p", { subnet: "10.6.0.1/24" }) })).toBe(
      'SpiderIPPool.spiderpool.spidernet.io "p" is invalid: spec.subnet: ' +
        'Invalid value: "10.6.0.1/24": not in canonical form, write 10.6.0.0/24',
    );
  });
});

describe("the adoption of a pool by its subnet", () => {
  const SUBNET = subnet("s", { ips: ["10.6.0.1-10.6.0.9"] });
  const API = SUBNET.apiVersion;
  const REFERENCE: OwnerReference = {
    apiVersion: API,
    kind: "SpiderSubnet",
    name: "s",
    uid: "uid-s",
    controller: true,
    blockOwnerDeletion: true,
  };
  const other: OwnerReference = { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "u" };
  const owners = (...ownerReferences: OwnerReference[]) =>
    adoptPool(pool("p", {}, { ownerReferences }), SUBNET)?.metadata.ownerReferences;

  test("adds its reference, or puts it in the place of an old one of the same subnet", () => {
    const old = { ...REFERENCE, uid: "old", controller: false };
    expect(owners()).toEqual([REFERENCE]);
    expect(owners(other)).toEqual([other, REFERENCE]);
    expect(owners(old, other)).toEqual([REFERENCE, other]);
    expect(owners(other, old)).toEqual([other, REFERENCE]);
    expect(owners({ ...old, apiVersion: `${API}0`, controller: true })).toEqual([REFERENCE]);
  });

  test.each<[string, Partial<OwnerReference>]>([
    ["kind", { kind: "SpiderMultusConfig" }],
    ["name", { name: "t" }],
    ["group", { apiVersion: "other/v2beta1" }],
  ])("is not done over a controller of another %s (M13)", (_what, changed) => {
    expect(owners({ ...REFERENCE, ...changed })).toBeUndefined();
    expect(owners(other, { ...REFERENCE, ...changed })).toBeUndefined();
    const [kept, added] = owners({ ...REFERENCE, ...changed, controller: false })!;
    expect([kept!.controller, added]).toEqual([false, REFERENCE]);
  });

  test("a controller in the way stops the mutating step, an agreed one does not (M8, M13)", () => {
    const ips = ["10.6.0.2", "10.6.0.1"];
    const setting = { stored: [SUBNET] };
    const foreign = { ...REFERENCE, kind: "IPPlan" };
    expect(mutated(pool("p", { ips }, { ownerReferences: [foreign] }), setting).spec.ips).toEqual(ips);
    const adopted = mutated(pool("p"), setting);
    expect(mutated({ ...adopted, spec: { ...adopted.spec, ips } }, setting).spec.ips).toEqual(["10.6.0.1-10.6.0.2"]);
  });

  test("of several subnets of one CIDR the first by name adopts (M7), and a pool knows when one goes", () => {
    const named = (name: string) => subnet(name, { ips: ["10.6.0.1-10.6.0.9"] });
    const owner = (world: World) =>
      mutate({ operation: "CREATE", object: pool("p") }, world, CHART_DEFAULTS).metadata.labels?.[KEYS.ownerSubnet];
    for (const names of ["abc", "cba", "bca"]) {
      const world = worldOf([...names].map(named));
      const index = indexWorld(world);
      expect(owner({ ...world, index })).toBe("a");
      index.deleteSubnet("a");
      index.deleteSubnet("not there");
      expect(owner({ ...world, index })).toBe("b");
      index.putSubnet(subnet("b", { subnet: "10.7.0.0/24" }));
      expect(owner({ ...world, index })).toBe("c");
    }
  });
});

describe("a SpiderCoordinator", () => {
  const made = (spec: Record<string, unknown>, meta: object = {}) => {
    const object = coordinator(spec);
    return mutated({ ...object, metadata: { ...object.metadata, ...meta } }) as KubeObject & {
      spec: Record<string, unknown>;
    };
  };

  test.each<[string, Record<string, unknown>, object]>([
    ["that is being deleted", { hijackCIDR: ["10.0.0.1"] }, DYING],
    ["without a podCIDRType", { podCIDRType: null, hijackCIDR: ["10.0.0.1"] }, {}],
    ["with an unreadable address", { hijackCIDR: ["10.0.0.1", "x"] }, {}],
  ])("%s gets its defaults and nothing else (M16)", (_what, spec, meta) => {
    const { metadata, spec: out } = made(spec, meta);
    expect(metadata.finalizers).toBeUndefined();
    expect(out).toMatchObject({ hijackCIDR: spec.hijackCIDR, mode: "auto", vethMTU: 1500 });
  });

  test("nulls are absent, unreadable routes and a missing list stay as they are", () => {
    const { spec } = made({ mode: null, vethMTU: undefined, policyRoutes: [{ dst: "x", gw: "10.6.0.1" }] });
    expect(spec).toMatchObject({ mode: "auto", vethMTU: 1500, policyRoutes: [{ dst: "x", gw: "10.6.0.1" }] });
    expect(spec).not.toHaveProperty("hijackCIDR");
  });

  test("is judged by its fields, and dying by its finalizer (C1)", () => {
    const { apiVersion, kind, spec } = coordinator();
    const dying = (finalizers: string[]) => ({ apiVersion, kind, metadata: { name: "c", ...DYING, finalizers }, spec });
    expect(updated(coordinator(), dying([KEYS.finalizer]))).toBe("C1");
    expect(updated(coordinator(), { ...dying([]), spec: {} })).toBe("accept");
    expect(validated({ operation: "CREATE", object: coordinator({ podCIDRType: null }) })).toBe("C1");
    expect(validated({ operation: "CREATE", object: coordinator({ podRPFilter: undefined }) })).toBe("C1");
    expect(validated({ operation: "CREATE", object: coordinator({ vethLinkAddress: null, vethMTU: null }) })).toBe(
      "accept",
    );
    expect(created(coordinator({ vethLinkAddress: "169.254.1.1" }))).toBe("accept");
    const [good, bad] = [
      { dst: "10.0.0.0/8", gw: "10.6.0.1" },
      { dst: "10.0.0.0/8", gw: "fd00::1" },
    ];
    expect([
      created(coordinator({ policyRoutes: [good, bad] })),
      created(coordinator({ policyRoutes: [good] })),
    ]).toEqual(["C1", "accept"]);
  });
});

describe("the fields that pools and subnets share", () => {
  const gateway = (address: string, spec: object = {}) =>
    created(pool("p", { ips: ["10.6.0.1-10.6.0.9"], gateway: address, ...spec }), off);

  test.each([undefined, null])("an ipVersion of %s could not be derived", (ipVersion) => {
    expect(told({ operation: "CREATE", object: pool("p", loose({ ipVersion })) })).toContain("was not derived");
  });

  test("an ipVersion that vanishes is missing rather than changed", () => {
    const object = pool("p", { ipVersion: undefined });
    expect(validated({ operation: "UPDATE", old: pool("p"), object }, off)).toBe("P3");
  });

  test("CIDRs overlap in a single address at either end (P6)", () => {
    const meets = (one: string, two: string) =>
      created(pool("p", { subnet: one }), { ...off, stored: [pool("o", { subnet: two })] });
    for (const single of ["10.6.0.0/32", "10.6.0.255/32"]) {
      expect([meets(single, "10.6.0.0/24"), meets("10.6.0.0/24", single)]).toEqual(["P6", "P6"]);
    }
    for (const single of ["10.5.255.255/32", "10.6.1.0/32"]) {
      expect([meets(single, "10.6.0.0/24"), meets("10.6.0.0/24", single)]).toEqual(["accept", "accept"]);
    }
  });

  test("a gateway lies in the subnet, not below it and not of the other family (P11)", () => {
    expect([gateway("10.5.255.255"), gateway("10.6.1.0"), gateway("::ffff:a06:fe")]).toEqual(["P11", "P11", "P11"]);
    expect(gateway("::ffff:10.6.0.254")).toBe("accept"); // R7: it has a dot, and is the IPv4 address it maps
    expect(gateway("10.6.0.5", { excludeIPs: ["10.6.0.5", "10.6.0.99"] })).toBe("accept");
    expect(gateway("10.6.0.5", { excludeIPs: ["10.6.0.99"] })).toBe("P11");
    expect(gateway("10.6.0.5", { ips: undefined })).toBe("accept");
    expect(validated({ operation: "CREATE", object: pool("p", loose({ gateway: null })) }, off)).toBe("accept");
  });

  test("nothing of one family is inside a CIDR of the other", () => {
    const [all, some] = [goCidr("::/0")!, goCidr("10.6.0.0/24")!];
    const hits = ["::ffff:10.6.0.1", "::a06:1", "10.6.0.1", "10.5.0.1", "10.7.0.1", "fd00::1"].map((text) => [
      inside(all, goAddress(text)!),
      inside(some, goAddress(text)!),
    ]);
    const [no, yes] = [false, true];
    expect(hits).toEqual([
      [no, yes],
      [yes, no],
      [no, yes],
      [no, no],
      [no, no],
      [yes, no],
    ]);
  });

  test("the default route of either family is the gateway's (P13)", () => {
    const six = (dst: string) => created(pool("p", { subnet: "fd00::/64", routes: [{ dst, gw: "fd00::1" }] }), off);
    expect([six("::/0"), six("fd01::/16")]).toEqual(["P13", "accept"]);
  });

  test("records of a status are objects, every one (T1, T2)", () => {
    expect(statusRecords('{"a":{"pod":"x"},"b":null}')).toEqual({ a: { pod: "x" }, b: {} });
    for (const text of ['{"a":{},"b":1}', '{"a":[],"b":{}}', "[]", "1", "{"])
      expect(statusRecords(text)).toBeUndefined();
    for (const text of ["null", undefined, null]) expect(statusRecords(text)).toEqual({});
  });
});

describe("a pool", () => {
  test("is not judged by affinity or subnet where its addresses are wrong already (P1)", () => {
    const stored = [pool("o", { subnet: "10.6.0.0/25" })];
    const object = pool("p", { ips: ["10.6.0.200"], podAffinity: {} });
    const message = told({ operation: "CREATE", object }, worldOf(stored));
    expect(message).toContain("overlaps with IPPool o");
    expect(message).not.toContain("podAffinity");
    const owner = { apiVersion: "x/v1", kind: "SpiderSubnet", name: "gone", uid: "u", controller: true };
    const owned = pool("p", { ips: ["10.6.0.200"], podAffinity: {} }, { ownerReferences: [owner] });
    const whole = told({ operation: "CREATE", object: owned }, worldOf([]), CHART_DEFAULTS);
    expect(whole).toContain("must not be empty");
    expect(whole).not.toContain("there is no SpiderSubnet");
  });

  test("that cannot be read may be mended, if it is the only one (P10)", () => {
    const broken = pool("p", { ips: ["what"] });
    const mended = pool("p", { ips: ["10.6.0.1"] });
    expect(updated(broken, mended, { ...off, stored: [broken] })).toBe("accept");
    expect(updated(broken, mended, { ...off, stored: [broken, pool("q", { ips: ["what"] })] })).toBe("P10");
  });

  /** Stored one after the other in a judged world; `gone` leaves it again. */
  const meets = (ips: string[], stored: Record<string, string[]>, gone: string[] = []) => {
    const pools = Object.entries(stored).map(([name, list]) => pool(name, { ips: list }));
    const world = worldOf(pools);
    const index = indexWorld({ ...world, pools: new Map() });
    const judge = (object: SpiderIPPool, left: World["pools"]) =>
      validate({ operation: "CREATE", object }, { ...world, pools: left, index }, OFF_FACTS)?.rule ?? "accept";
    for (const one of pools) {
      index.putPool(one);
      judge(pool("other", { ips: ["10.6.0.200"] }), new Map()); // who asks builds it
    }
    for (const name of gone) index.deletePool(name);
    const left = [...world.pools].filter(([name]) => !gone.includes(name));
    return judge(pool("new", { ips }), new Map(left));
  };

  test("is compared with every stored one, even if these overlap", () => {
    const wide = { a: ["10.6.0.1-10.6.0.9"], b: ["10.6.0.3-10.6.0.4"], c: ["10.6.0.2"] };
    expect(meets(["10.6.0.8-10.6.0.12"], wide)).toBe("P9");
    expect(meets(["10.6.0.1"], wide)).toBe("P9");
    expect(meets(["10.6.0.10"], wide)).toBe("accept");
    expect(meets(["10.6.0.8"], wide, ["a"])).toBe("accept");
    expect(meets(["10.6.0.2"], wide, ["a"])).toBe("P9");
    expect(meets(["10.6.0.4"], wide, ["a", "c"])).toBe("P9");
    const ends = { b: ["10.6.0.5-10.6.0.9"], a: ["10.6.0.1-10.6.0.5"] };
    expect(meets(["10.6.0.7"], ends, ["b"])).toBe("accept");
    expect(meets(["10.6.0.5"], ends, ["b"])).toBe("P9");
    expect(meets(["10.6.0.5"], ends, ["a"])).toBe("P9");
    expect(meets(["10.6.0.4"], ends, ["a"])).toBe("accept");
    const parts = { a: ["10.6.0.1", "10.6.0.5", "10.6.0.9"], b: ["10.6.0.5"] };
    for (const free of ["10.6.0.1", "10.6.0.9"]) expect(meets([free], parts, ["a"])).toBe("accept");
    expect(meets(["10.6.0.5"], parts, ["a"])).toBe("P9");
  });

  test("keeps a legal podAffinity when it is changed (P14)", () => {
    expect(updated(pool("p"), pool("p", { podAffinity: {} }), off)).toBe("P14");
    const both = { matchLabels: { a: "b" }, matchExpressions: [{ key: "c", operator: "Exists" }] };
    expect(updated(pool("p"), pool("p", { podAffinity: both }), off)).toBe("accept");
    expect(validated({ operation: "CREATE", object: pool("p", loose({ podAffinity: null })) }, off)).toBe("accept");
  });

  test("may have null for a list", () => {
    const object = pool("p", loose({ ips: null, excludeIPs: null }));
    expect(validated({ operation: "CREATE", object }, off)).toBe("accept");
    expect(validated({ operation: "UPDATE", object, old: object }, off)).toBe("accept");
    expect(created(object, off)).toBe("accept");
    expect(created(pool("p", loose({ ips: null, excludeIPs: ["10.6.0.2", "10.6.0.1"] })), off)).toBe("accept");
  });

  const using = (record: Record<string, object>, spec: Partial<SpiderIPPool["spec"]>) => {
    const object = pool("p", spec, {}, { allocatedIPs: JSON.stringify(record) });
    return told({ operation: "UPDATE", object, old: object });
  };

  test("that lets go of an address in use says whose it is (P16)", () => {
    const spec = { ips: ["10.6.0.1"] };
    expect(using({ "10.6.0.2": { pod: "ns/web-0" } }, spec)).toContain(
      "removes 10.6.0.2 which is in use by Pod ns/web-0",
    );
    expect(using({ "10.6.0.2": {} }, spec)).toContain("in use by Pod unknown");
  });

  test("has no address of the other family, nor one in another spelling (P16)", () => {
    expect(using({ "::a06:1": {} }, { ips: ["10.6.0.1"] })).toContain("removes ::a06:1");
    const six = { subnet: "::/64", ips: ["::1-::ffff:ffff"] };
    expect(using({ "10.6.0.1": {} }, six)).toContain("removes 10.6.0.1");
    expect(using({ "::AA": {} }, six)).toContain("removes ::AA");
    expect(using({ "::aa": {} }, six)).toBe("accept");
  });

  test("of a subnet that offers nothing has nothing (P17)", () => {
    const owner = { apiVersion: "x/v1", kind: "SpiderSubnet", name: "s", uid: "u", controller: true };
    const object = pool("p", { ips: ["10.6.0.1"] }, { ownerReferences: [owner] });
    expect(told({ operation: "CREATE", object }, worldOf([subnet("s")]), CHART_DEFAULTS)).toContain(
      "10.6.0.1 is not offered by SpiderSubnet s",
    );
  });
});

describe("a subnet", () => {
  test("gets one finalizer, and no label for what is no CIDR (M3)", () => {
    expect(mutated(subnet("s")).metadata.finalizers).toEqual([KEYS.finalizer]);
    const other = { ...subnet("s"), metadata: { name: "s", finalizers: ["x"] } };
    expect(mutated(other).metadata.finalizers).toEqual(["x", KEYS.finalizer]);
    for (const spec of [{ subnet: "broken" }, { subnet: "10.6.0.0/24", ipVersion: 6 }]) {
      expect(mutated({ ...other, spec } as KubeObject).metadata.labels).toBeUndefined();
    }
  });

  test("cannot be compared with a stored one without a family (U2)", () => {
    expect(created(subnet("s"), { stored: [subnet("o", { subnet: "10.7.0.0/24", ipVersion: undefined })] })).toBe("U2");
  });

  test("without addresses takes only pools without any, and every CIDR is looked at (U4)", () => {
    const stored = (...pools: SpiderIPPool[]) => ({ stored: pools });
    expect(created(subnet("s"), stored(pool("p")))).toBe("accept");
    expect(created(subnet("s"), stored(pool("p", { ips: ["10.6.0.1"] })))).toBe("U4");
    expect(created(subnet("s"), stored(pool("p"), pool("q", { subnet: "10.6.0.0/25" })))).toBe("U4");
    expect(updated(subnet("s"), subnet("s"))).toBe("accept");
  });
});

describe("a reservation", () => {
  const four = (ips: string[] = []) => reserved("r", { ipVersion: 4, ips });

  test("may be changed in all but its family (V1)", () => {
    expect(updated(four(), four(["10.6.0.1"]))).toBe("accept");
    expect(updated(reserved("r", {}), four(["10.6.0.1"]))).toBe("accept");
    expect(updated(four(["10.6.0.1"]), four(["what"]))).toBe("V2");
    const none = reserved("r", {});
    expect(validated({ operation: "UPDATE", old: four(), object: none })).toBe("V4");
  });

  test("is judged as new where it is new, even if it is dying", () => {
    const object = reserved("r", { ipVersion: 4, ips: ["what"] }, DYING);
    expect(validated({ operation: "CREATE", object })).toBe("V2");
  });
});

describe("a SpiderMultusConfig", () => {
  const RDMA = "cni.spidernet.io/rdma-resource-inject";
  const NETWORK = "cni.spidernet.io/network-resource-inject";
  const NAME = "multus.spidernet.io/cr-name";
  const of = (cniType: string, block: string, fields: object, annotations: Record<string, string> = {}) =>
    network("m", { cniType, [block]: fields }, annotations);
  const macvlan = (fields: object = {}, annotations: Record<string, string> = {}) =>
    of("macvlan", "macvlan", { master: ["a"], ...fields }, annotations);

  test("mirrors its resource annotations as labels, and no others", () => {
    const labels = (annotations: Record<string, string>) => mutated(macvlan({}, annotations)).metadata.labels;
    expect(labels({ [RDMA]: "r", [NETWORK]: "n", other: "o" })).toEqual({ [RDMA]: "r", [NETWORK]: "n" });
    expect(labels({ [NETWORK]: "n" })).toEqual({ [NETWORK]: "n" });
    expect(labels({ other: "o" })).toBeUndefined();
  });

  test("keeps its own name, and that of a net-attach-def nobody's config owns (X8)", () => {
    expect(updated(macvlan({}, { [NAME]: "a" }), macvlan({}, { [NAME]: "a" }))).toBe("accept");
    const owned = (kind: string) => ({
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: {
        name: "m",
        namespace: "kube-system",
        ownerReferences: [{ apiVersion: "x/v1", kind, name: "other", uid: "u" }],
      },
    });
    expect(created(macvlan(), { stored: [owned("Deployment")] })).toBe("accept");
    expect(created(macvlan(), { stored: [owned("SpiderMultusConfig")] })).toBe("X8");
  });

  test.each([RDMA, NETWORK])("of ovs or custom takes no %s (X5)", (key) => {
    expect(created(of("ovs", "ovs", { bridge: "b" }, { [key]: "x" }))).toBe("X5");
    expect(created(network("m", { customCNI: "" }, { [key]: "x" }))).toBe("X5");
    expect(created(of("ovs", "ovs", { bridge: "b" }))).toBe("accept");
  });

  test("may have a null for another block, and a vlanID only where it is needed (X1, X3)", () => {
    const raw = (spec: Record<string, unknown>) => validated({ operation: "CREATE", object: network("m", spec) });
    const master = ["a"];
    expect(raw({ cniType: "macvlan", macvlan: { master }, ipvlan: null })).toBe("accept");
    expect(raw({ cniType: "vlan", vlan: { master, vlanID: null } })).toBe("X3");
    expect(raw({ cniType: "vlan", vlan: { master, vlanID: 3 } })).toBe("accept");
    expect(created(of("sriov", "sriov", { resourceName: "r", vlanID: 4095 }))).toBe("X4");
    const matching = network("m", { cniType: "macvlan", macvlan: { master, ippools: { matchMasterSubnet: true } } });
    expect(told({ operation: "CREATE", object: matching })).toContain("Invalid value: true");
  });

  test.each<[string, string, object]>([
    ["macvlan", "macvlan", { master: ["a"], rdmaResourceName: "r" }],
    ["ipvlan", "ipvlan", { master: ["a"], rdmaResourceName: "r" }],
    ["sriov", "sriov", { resourceName: "r" }],
    ["ib-sriov", "ibsriov", { resourceName: "r" }],
    ["ipoib", "ipoib", { master: "r" }],
  ])("of %s injects its own resource, with default pools only (X9)", (cniType, block, fields) => {
    const judged = (ippools: object, key: string) =>
      validated({ operation: "CREATE", object: of(cniType, block, { ...fields, ippools }, { [key]: "x" }) });
    for (const key of [RDMA, NETWORK]) {
      expect([judged({ ipv4: ["p"] }, key), judged({ ipv6: ["p"] }, key)]).toEqual(["accept", "accept"]);
      expect([judged({}, key), judged({ ipv4: [] }, key)]).toEqual(["X9", "X9"]);
    }
  });
});
