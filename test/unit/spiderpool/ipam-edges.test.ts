import { describe, expect, test } from "vitest";
import { podFacts, templateFacts } from "../../../src/core/cluster/pod-facts.js";
import { formatAddress } from "../../../src/core/ip/address.js";
import { EMPTY, formatRangeSet } from "../../../src/core/ip/range-set.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import {
  chooseAddress,
  reservedAddresses,
  withoutRecords,
  withRecord,
} from "../../../src/core/spiderpool/ipam/allocate.js";
import { candidates } from "../../../src/core/spiderpool/ipam/candidates.js";
import { judgePool } from "../../../src/core/spiderpool/ipam/filter.js";
import { additionalNics } from "../../../src/core/spiderpool/ipam/networks.js";
import { rank, rankGroups } from "../../../src/core/spiderpool/ipam/order.js";
import type { PodFacts } from "../../../src/core/spiderpool/ipam/pod-facts.js";
import { isOrdinalOf } from "../../../src/core/spiderpool/ipam/retain.js";
import { KEYS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { network, pool, reserved } from "../../support/spiderpool.js";

const FACTS = { ...CHART_DEFAULTS, clusterNetwork: "kube-system/main" };
const POD: PodFacts = { namespace: "shop", name: "web-x", labels: {}, annotations: {} };

describe("the choice of an address", () => {
  const first = (...args: Parameters<typeof chooseAddress>) => {
    const choice = chooseAddress(...args);
    return choice && formatAddress(choice.address);
  };

  test("tells a new one from one that was recorded for the Pod (A15)", () => {
    const recorded = withRecord(undefined, 0x0a060005, "shop/web-x", "mine");
    const held = pool("p", { ips: ["10.6.0.5-10.6.0.9"] }, {}, { allocatedIPs: recorded });
    expect(chooseAddress(held, "mine", EMPTY)).toEqual({ address: 0x0a060005, reused: true });
    expect(chooseAddress(held, "new", EMPTY)).toEqual({ address: 0x0a060006, reused: false });
  });

  test("is not narrowed by a record of the other family", () => {
    const status = { allocatedIPs: '{"::a06:1":{"pod":"shop/x","podUid":"u"}}' };
    expect(first(pool("p", { ips: ["10.6.0.1"] }, {}, status), "new", EMPTY)).toBe("10.6.0.1");
  });

  test("a mapped address is none of an IPv6 pool, and none of an IPv6 reservation (R7)", () => {
    expect(first(pool("p", { subnet: "fd00::/64", ips: ["::ffff:10.6.0.1"] }), "new", EMPTY)).toBeUndefined();
    expect(reservedAddresses([reserved("r", { ipVersion: 6, ips: ["::ffff:10.6.0.1"] })], 6)).toEqual(EMPTY);
  });

  test("reservations count by their ipVersion, without one by their entries", () => {
    const stored = [
      reserved("of six", { ipVersion: 6, ips: ["10.6.0.1"] }),
      reserved("of four", { ipVersion: 4, ips: ["10.6.0.2"] }),
      reserved("of none", { ips: ["10.6.0.4", "fd00::1"] }),
      reserved("empty", { ipVersion: 4 }),
    ];
    expect(formatRangeSet(reservedAddresses(stored, 4))).toEqual(["10.6.0.2", "10.6.0.4"]);
    expect(formatRangeSet(reservedAddresses(stored, 6))).toEqual(["fd00::1"]);
  });
});

describe("records of use (T1)", () => {
  const one = (last: number, text?: string) => withRecord(text, 0x0a060000 + last, `shop/p${last}`, `u${last}`);

  test("are written in the order of their addresses as texts, whichever came first", () => {
    const expected = JSON.stringify({
      "10.6.0.1": { pod: "shop/p1", podUid: "u1" },
      "10.6.0.2": { pod: "shop/p2", podUid: "u2" },
      "10.6.0.3": { pod: "shop/p3", podUid: "u3" },
    });
    expect(one(3, one(2, one(1)))).toBe(expected);
    expect(one(2, one(1, one(3)))).toBe(expected);
  });

  test("go one by one, and with the last the text", () => {
    expect(withoutRecords(one(2, one(1)), [0x0a060001])).toBe(one(2));
    expect(withoutRecords(one(2, one(1)), [0x0a060001, 0x0a060002])).toBeUndefined();
  });
});

describe("the candidates", () => {
  const POOLS = [pool("a.1"), pool("a.2"), pool("b"), pool("main", { default: true })];
  const ask = (annotations: Record<string, string>, nic = "eth0", ...objects: KubeObject[]) =>
    candidates({ ...POD, annotations }, nic, buildSnapshot([...POOLS, ...objects], []), FACTS);

  test.each(['{"ipv4":[1]}', '{"ipv4":["a.1",1]}', '{"ipv6":[null,"a.1"]}', '{"ipv4":{}}'])(
    "%s is no list of names (A3)",
    (text) => {
      expect(ask({ [KEYS.ippool]: text })).toEqual({
        source: "ippool annotation",
        v4: [],
        v6: [],
        unmatched: [],
        error: expect.stringContaining("invalid format"),
      });
    },
  );

  test("a pattern that hits pools is not among the unmatched, one that hits none is (A5)", () => {
    expect(ask({ [KEYS.ippool]: '{"ipv4":["a.*","c.*"]}' })).toMatchObject({ v4: ["a.1", "a.2"], unmatched: ["c.*"] });
  });

  test("a pool that does not exist is told as such, even if it is named twice", () => {
    expect(ask({ [KEYS.ippool]: '{"ipv4":["gone","gone"]}' }).error).toContain("does not exist");
  });

  const macvlan = (ipv4: string[], more: object = {}) => ({
    cniType: "macvlan",
    macvlan: { master: ["e"], ippools: { ipv4 } },
    ...more,
  });
  const named = (name: string) => ({ "multus.spidernet.io/cr-name": name });

  test("of a network are those of the config that makes it, whatever its name (X8)", () => {
    const [one, two] = [network("one", macvlan(["a.1"]), named("x")), network("two", macvlan(["a.2"]), named("main"))];
    expect(ask({}, "eth0", one, two)).toMatchObject({ source: "network configuration", v4: ["a.2"] });
    const away = network("main", macvlan(["b"]), named("y"));
    expect(ask({}, "eth0", away).source).toBe("default pools");
    expect(ask({}, "eth0", away, two).v4).toEqual(["a.2"]);
  });

  test("of a network without IPAM are none", () => {
    expect(ask({}, "eth0", network("main", macvlan(["a.1"], { disableIPAM: true }))).source).toBe("default pools");
    expect(ask({}, "eth0", network("main", macvlan(["a.1"], { disableIPAM: false }))).v4).toEqual(["a.1"]);
  });

  test("of a net-attach-def are those of the plugin that Spiderpool serves", () => {
    const attachment = (config: object) => ({
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { name: "main", namespace: "kube-system" },
      spec: { config: JSON.stringify(config) },
    });
    const ipam = (type: string, name: string) => ({ ipam: { type, default_ipv4_ippool: [name] } });
    const plugins = [ipam("whereabouts", "a.1"), ipam("spiderpool", "a.2")];
    expect(ask({}, "eth0", attachment({ plugins })).v4).toEqual(["a.2"]);
    expect(ask({}, "eth0", attachment(ipam("spiderpool", "b"))).v4).toEqual(["b"]);
    expect(ask({}, "eth0", attachment(ipam("whereabouts", "b"))).source).toBe("default pools");
  });
});

describe("the networks of further NICs (A9)", () => {
  const nics = (text: string) => additionalNics({ namespace: "shop", annotations: { [KEYS.networks]: text } });

  test.each([
    ["", []],
    ["  ", []],
    ["one", ["net1 shop/one"]],
    ["lab/one@fast, two , lab/three", ["fast lab/one", "net2 shop/two", "net3 lab/three"]],
    [' [{"name":"one"},{"name":"two","namespace":"lab","interface":"fast"}]', ["net1 shop/one", "fast lab/two"]],
  ])("%j", (text, expected) => {
    expect(nics(text)?.map(({ nic, network: on }) => `${nic} ${on}`)).toEqual(expected);
  });

  test.each(["[", "[{}]", '[{"name":""}]', '[{"name":1}]', "[null]"])("%s cannot be read", (text) => {
    expect(nics(text)).toBeUndefined();
    const judged = judgePool(pool("p"), { ...POD, annotations: { [KEYS.networks]: text } }, "net1", 4, FACTS);
    expect(judged).toMatchObject({ eligible: false, rule: "A9" });
  });
});

describe("the filters", () => {
  const judge = (subject: Parameters<typeof judgePool>[0], pod: Partial<PodFacts> = {}) => {
    const judged = judgePool(subject, { ...POD, ...pod }, "eth0", 4, FACTS);
    return judged.eligible ? "eligible" : `${judged.rule} ${judged.reason}`;
  };

  test("a named namespace lets its own Pods in, whatever the affinity says (A7)", () => {
    const spec = { namespaceName: ["shop", "lab"], namespaceAffinity: { matchLabels: { team: "x" } } };
    expect(judge(pool("p", spec), { namespaceLabels: {} })).toBe("eligible");
  });

  test("a selector of null is none", () => {
    expect(judge(pool("p", { nodeAffinity: null as never }), { node: "n", nodeLabels: {} })).toBe("eligible");
  });

  const app = (group: string, version: string, kind: string, name: string) => ({
    podAffinity: {
      matchLabels: Object.fromEntries(
        Object.entries({ "api-group": group, "api-version": version, kind, namespace: "shop", name })
          .filter(([, value]) => value !== "")
          .map(([key, value]) => [`ipam.spidernet.io/app-${key}`, value]),
      ),
    },
  });
  const auto = (spec: object) => pool("p", spec, { labels: { [KEYS.ownerApplicationName]: "web" } });
  const rc = { apiVersion: "v1", kind: "ReplicationController", name: "web" };
  const deployment = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

  test.each<[string, Parameters<typeof app>, PodFacts["controller"], string]>([
    ["its own workload", ["apps", "v1", "Deployment", "web"], deployment, "eligible"],
    ["one of the core group", ["", "v1", "ReplicationController", "web"], rc, "eligible"],
    ["a bare Pod", ["", "", "Pod", "web-x"], undefined, "eligible"],
    ["another name", ["apps", "v1", "Deployment", "api"], deployment, "its app-name is not web"],
    ["another group", ["apps", "v1", "ReplicationController", "web"], rc, "its app-api-group is not empty"],
    ["another version", ["apps", "v2", "Deployment", "web"], deployment, "its app-api-version is not v1"],
  ])("an auto pool and %s (A8)", (_what, labels, controller, says) => {
    const judged = judge(auto(app(...labels)), { controller });
    expect(judged).toBe(says === "eligible" ? says : `A8 an auto pool of another workload: ${says}`);
  });

  test("an auto pool without a podAffinity is judged like any other", () => {
    expect(judge(auto({}))).toBe("eligible");
    expect(judge(auto({ multusName: ["x/y"] }))).toContain("A9");
  });
});

describe("the order of pools (A11, A12)", () => {
  test("equal ranks are told in name order, however many there are", () => {
    for (const names of ["abc", "bac", "cab", "cba"]) {
      const [group] = rankGroups([...names].map((name) => pool(name)));
      expect(group!.map((one) => one.metadata.name).join("")).toBe("abc");
    }
  });

  test("a null is not there", () => {
    expect(rank(pool("p", { podAffinity: null as never, nodeAffinity: null as never }))).toBe(rank(pool("p")));
  });
});

describe("the facts of a Pod", () => {
  const object = (kind: string, name: string, more: object = {}): KubeObject => ({
    apiVersion: "v1",
    kind,
    metadata: { name, ...more },
  });

  test("a node or namespace without labels is known to have none", () => {
    const pod = { ...object("Pod", "x", { namespace: "shop" }), spec: { nodeName: "n" } };
    const bare = buildSnapshot([object("Namespace", "shop"), object("Node", "n")], []);
    expect(podFacts(pod, bare)).toMatchObject({ nodeLabels: {}, namespaceLabels: {}, namespaceAnnotations: {} });
    const full = [
      object("Namespace", "shop", { labels: { team: "a" }, annotations: { b: "c" } }),
      object("Node", "n", { labels: { zone: "z" } }),
    ];
    expect(podFacts(pod, buildSnapshot(full, []))).toMatchObject({
      nodeLabels: { zone: "z" },
      namespaceLabels: { team: "a" },
      namespaceAnnotations: { b: "c" },
    });
  });

  test("a Pod of a template has its workload's name, and that of an ordinal if it has ordinals", () => {
    const made = (kind: string, spec: object = {}, ordinal?: number) => {
      const workload = { ...object(kind, "web", { namespace: "shop" }), apiVersion: "apps/v1", spec };
      const { name, labels } = templateFacts(workload, buildSnapshot([], []), ordinal);
      return { name, labels };
    };
    expect(made("Deployment")).toEqual({ name: "web", labels: {} });
    expect(made("StatefulSet")).toEqual({ name: "web", labels: { [KEYS.podName]: "web-0" } });
    expect(made("StatefulSet", { ordinals: { start: 3 } }).labels).toEqual({ [KEYS.podName]: "web-3" });
    expect(made("StatefulSet", {}, 2)).toEqual({ name: "web-2", labels: { [KEYS.podName]: "web-2" } });
  });

  test("an ordinal is the whole number at the end of the name (A18)", () => {
    const set = { ...object("StatefulSet", "cart"), apiVersion: "apps/v1", spec: { replicas: 11 } };
    const names = ["cart-10", "cart-0", "cart-11", "cart-1-x", "cart-1x", "x-cart-1", "cart-"];
    expect(names.filter((name) => isOrdinalOf(name, set))).toEqual(["cart-10", "cart-0"]);
  });
});
