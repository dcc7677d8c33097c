import { describe, expect, test } from "vitest";
import type { Step } from "../../../src/core/change/step.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS, type SpiderpoolFacts } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { snapshotAfter } from "../../../src/core/verdict/after.js";
import { judgeIdle } from "../../../src/core/verdict/idle.js";
import { sceneOf } from "../../../src/core/verdict/replay.js";
import { touchedBy } from "../../../src/core/verdict/touched.js";
import { deployment, livePool, liveReserved } from "../../support/objects.js";
import { namespaceWith, node } from "../../support/running.js";
import { creating, updating } from "../../support/steps.js";

const FACTS: SpiderpoolFacts = { ...CHART_DEFAULTS, clusterNetwork: "net" };
const four = (name: string, spec: Partial<SpiderIPPool["spec"]> = {}, used: Record<string, string> = {}) =>
  livePool(name, { ips: ["10.6.0.10-10.6.0.11"], ...spec }, { used });
const six = (name: string, spec: Partial<SpiderIPPool["spec"]> = {}) =>
  livePool(name, { subnet: "fd00::/64", ips: ["fd00::10"], ...spec });
const asks = (ipv4: string[], ipv6: string[] = []) => ({
  "ipam.spidernet.io/ippools": JSON.stringify([{ interface: "eth0", ipv4, ipv6 }]),
});
const closing = (live: SpiderIPPool): Step => ({
  ...updating(live, { ...live, spec: { ...live.spec, disable: true } }),
  changes: ["disable: false -> true"],
});

/** What strands of one template without a Pod, on a cluster with a Namespace, when the steps run. */
function stranded(workload: KubeObject, live: readonly KubeObject[], ...steps: Step[]) {
  const snapshot = buildSnapshot([namespaceWith("d"), ...live, workload], Object.keys(KINDS));
  const ordered = steps.map((step) => ({ steering: ["disable"], ...step }));
  const [before, after] = [sceneOf(snapshot, FACTS), sceneOf(snapshotAfter(snapshot, ordered), FACTS)];
  return judgeIdle(workload, before, after, touchedBy(ordered, snapshot));
}
const reasons = (...asked: Parameters<typeof stranded>) =>
  stranded(...asked).map(({ entry, steps }) => `${steps}: ${entry.reasons.at(-1)}`);

describe("a template without a Pod", () => {
  test("strands where its pool is closed: by whom and why", () => {
    const [a6, z4] = [six("a6"), four("z4")];
    const app = deployment("d/app", asks(["z4"], ["a6"]));
    expect(stranded(app, [z4, a6], closing(z4), closing(a6))).toEqual([
      {
        entry: {
          pod: "d/app",
          interface: "eth0",
          address: "",
          pool: "",
          owner: "d/Deployment/app/eth0",
          reasons: [
            "no Pod of d/Deployment/app has an address yet",
            "a6: the plan changes disable: false -> true",
            "z4: the plan changes disable: false -> true",
            "no pool is left for eth0: z4 (the pool is disabled)",
          ],
        },
        template: app,
        steps: [1, 0],
      },
    ]);
  });

  test.each<[what: string, ipv4: string[], ipv6: string[], closed: string, stranded: string[]]>([
    ["of IPv4 only", ["p"], [], "p", ["0: no pool is left for eth0: p (the pool is disabled)"]],
    ["of IPv6 only", [], ["s"], "s", ["0: no pool is left for eth0: s (the pool is disabled)"]],
    ["of both, by its IPv4 pool", ["p"], ["s"], "p", ["0: no pool is left for eth0: p (the pool is disabled)"]],
    ["of both, by its IPv6 pool (A10)", ["p"], ["s"], "s", ["0: no pool is left for eth0: s (the pool is disabled)"]],
    ["of IPv6 only, by a pool of others", [], ["s"], "p", []],
    ["with a second pool", ["p", "q"], [], "p", []],
  ])("%s", (_what, ipv4, ipv6, closed, expected) => {
    const pools = [four("p"), four("q", { ips: ["10.6.0.20"] }), six("s")];
    const app = deployment("d/app", asks(ipv4, ipv6));
    expect(reasons(app, pools, closing(pools.find(({ metadata }) => metadata.name === closed)!))).toEqual(expected);
  });

  test("strands where the last free address of its pool is reserved", () => {
    const used = four("p", {}, { "10.6.0.10": "d/other" });
    const reserved = liveReserved("r", ["10.6.0.11"]);
    const app = deployment("d/app", asks(["p"]));
    expect(reasons(app, [used], creating(reserved))).toEqual(["0: no pool is left for eth0: p (full)"]);
    expect(reasons(app, [four("p")], creating(reserved))).toEqual([]);
  });

  test("strands where a source is taken away that served it", () => {
    const live = namespaceWith("d", ["p"]);
    const patch = { metadata: { annotations: null } };
    const found = reasons(deployment("d/app"), [four("p"), live], { ...updating(live, live), patch });
    expect(found).toEqual(["0: nothing names a pool and no pool is marked default"]);
  });

  test("strands where its network names a pool that is closed to it", () => {
    const network = (pool: string): KubeObject => ({
      apiVersion: KINDS.SpiderMultusConfig.apiVersion,
      kind: "SpiderMultusConfig",
      metadata: { namespace: "kube-system", name: "net" },
      spec: { cniType: "macvlan", macvlan: { master: ["eth1"], ippools: { ipv4: [pool] } } },
    });
    const attachment: KubeObject = {
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { namespace: "kube-system", name: "net" },
    };
    const live = [four("p"), four("shut", { disable: true }), network("p"), attachment];
    const step = updating(network("p"), network("shut"), 3);
    expect(reasons(deployment("d/app"), live, step)).toEqual([
      "0: no pool is left for eth0: shut (the pool is disabled)",
    ]);
  });

  test("strands where a network it forgets to list pools for begins to ask Spiderpool (A4)", () => {
    const network = (disableIPAM: boolean): KubeObject => ({
      apiVersion: KINDS.SpiderMultusConfig.apiVersion,
      kind: "SpiderMultusConfig",
      metadata: { namespace: "kube-system", name: "data" },
      spec: { cniType: "macvlan", macvlan: { master: ["eth1"] }, disableIPAM },
    });
    const app = deployment("d/app", {
      "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["p"]}]',
      "k8s.v1.cni.cncf.io/networks": "kube-system/data",
    });
    const turned = (from: boolean, to: boolean) =>
      reasons(app, [four("p"), network(from)], { ...updating(network(from), network(to), 3), patch: network(to) });
    expect(turned(true, false)).toEqual(["0: annotation ipam.spidernet.io/ippools does not list net1"]);
    expect(turned(false, true)).toEqual([]);
  });

  test("strands by its own template", () => {
    const app = deployment("d/app", asks(["p"]));
    const patch = { spec: { template: { metadata: { annotations: asks(["gone"]) } } } };
    expect(reasons(app, [four("p")], { ...updating(app, app, 4), patch })).toEqual(["0: pool gone does not exist"]);
  });

  test("is told nothing where it found nothing before, or no step concerns it", () => {
    const shut = four("p", { disable: true });
    const app = deployment("d/app", asks(["p"]));
    expect(stranded(app, [shut], updating(shut, four("p", { disable: true, podAffinity: {} })))).toEqual([]);
    expect(stranded(app, [four("p"), four("q")], closing(four("q")))).toEqual([]);
  });
});

describe("a template is looked at on every node it allows", () => {
  const NODES = [node("b", { zone: "b", disk: "ssd" }), node("a", { zone: "a", disk: "ssd" })];
  const onB = { nodeName: ["b"] };
  const inB = { nodeAffinity: { matchLabels: { zone: "b" } } };
  const on = (selector?: Record<string, string>, pools = ["full", "p"]): KubeObject => {
    const app = deployment("d/app", asks(pools));
    const spec = app.spec as { template: object };
    return { ...app, spec: { ...spec, template: { ...spec.template, spec: { nodeSelector: selector } } } };
  };
  const full = four("full", { ips: ["10.6.0.9"] }, { "10.6.0.9": "d/other" });
  const narrowed = (spec: Partial<SpiderIPPool["spec"]>) => updating(four("p"), four("p", spec));

  test.each<[what: string, spec: Partial<SpiderIPPool["spec"]>]>([
    ["nodeName", onB],
    ["nodeAffinity", inB],
  ])("one that serves it is enough: %s", (_what, spec) => {
    const live = [...NODES, four("p"), full];
    expect(reasons(on(), live, narrowed(spec))).toEqual([]);
    expect(reasons(on({}, ["p"]), live, narrowed(spec))).toEqual([]);
    expect(reasons(on({ zone: "b", disk: "ssd" }), live, narrowed(spec))).toEqual([]);
    expect(reasons(on({ zone: "a", disk: "ssd" }), live, narrowed(spec))).toHaveLength(1);
    expect(reasons(on(), [four("p"), full], narrowed(onB))).toEqual([]);
  });

  test("where none does the first is told", () => {
    const found = reasons(on(), [...NODES, four("p"), full], narrowed({ nodeName: ["c"] }));
    expect(found).toEqual(["0: no pool is left for eth0: p (nodeName c: the Pod is on a), full (full)"]);
  });
});

describe("the nodes of a template are where Kubernetes lets it run", () => {
  const TAINT = { key: "gpu", value: "yes", effect: "NoSchedule" };
  const blue = node("blue", { color: "blue", gen: "3" });
  const green = node("green", { color: "green", gen: "5" });
  const within = (of: KubeObject, spec: object): KubeObject => ({ ...of, spec });
  const placed = (spec: object): KubeObject => {
    const app = deployment("d/app", asks(["p"]));
    const own = app.spec as { template: object };
    return { ...app, spec: { ...own, template: { ...own.template, spec } } };
  };
  const required = (...nodeSelectorTerms: object[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  });
  const term = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, values }],
  });
  const on = (color: string) => four("p", { nodeAffinity: { matchLabels: { color } } });
  /** Whether the template strands when its pool is taken from the nodes of one colour to those of another. */
  const strands = (spec: object, from: string, to: string, nodes: readonly KubeObject[] = [blue, green]) =>
    reasons(placed(spec), [...nodes, on(from)], updating(on(from), on(to))).length > 0;

  test.each<[what: string, spec: object, strands: boolean]>([
    ["anywhere", {}, false],
    ["required affinity to what the pool leaves", required(term("color", "In", "blue")), true],
    [
      "required affinity to what it comes to as well",
      required(term("color", "In", "blue"), term("color", "In", "green")),
      false,
    ],
    ["a number", required(term("gen", "Lt", "5")), true],
    ["no label of the other", required(term("color", "NotIn", "green")), true],
    ["a field", required({ matchFields: [{ key: "metadata.name", operator: "In", values: ["blue"] }] }), true],
    ["a preference", { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } } }, false],
    ["nodeName", { nodeName: "blue" }, true],
  ])("%s", (_what, spec, expected) => expect(strands(spec, "blue", "green")).toBe(expected));

  test("a taint keeps it from the node its pool comes to, a toleration does not", () => {
    const tainted = within(green, { taints: [TAINT] });
    expect(strands({}, "blue", "green", [blue, tainted])).toBe(true);
    expect(strands({ tolerations: [TAINT] }, "blue", "green", [blue, tainted])).toBe(false);
    expect(strands({ tolerations: [{ operator: "Exists" }] }, "blue", "green", [blue, tainted])).toBe(false);
    expect(strands({ tolerations: [{ ...TAINT, effect: "NoExecute" }] }, "blue", "green", [blue, tainted])).toBe(true);
    expect(
      strands({}, "blue", "green", [blue, within(green, { taints: [{ ...TAINT, effect: "PreferNoSchedule" }] })]),
    ).toBe(false);
  });

  test("a cordon keeps it from the node its pool comes to, and does not hide that it loses its own", () => {
    const cordoned = (of: KubeObject) => within(of, { unschedulable: true });
    expect(strands({}, "blue", "green", [blue, cordoned(green)])).toBe(true);
    expect(strands({ nodeSelector: { color: "blue" } }, "blue", "green", [cordoned(blue), green])).toBe(true);
    expect(strands({}, "blue", "green", [cordoned(blue), green])).toBe(false);
  });

  test("where no node will do, or none is known, one that nobody knows is let in", () => {
    expect(strands({ nodeSelector: { color: "red" } }, "blue", "green")).toBe(false);
    expect(strands({ nodeSelector: { color: "blue" } }, "blue", "green", [])).toBe(false);
    const app = placed({ nodeSelector: { color: "red" } });
    expect(reasons(app, [blue, on("blue")], closing(on("blue")))).toHaveLength(1);
  });
});
