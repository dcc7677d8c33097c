import { describe, expect, test } from "vitest";
import type { Step } from "../../../src/core/change/step.js";
import { buildSnapshot, type Snapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { judgeSteps } from "../../../src/core/verdict/judge.js";
import { livePool } from "../../support/objects.js";
import { namespaceWith, running } from "../../support/running.js";
import { updating } from "../../support/steps.js";

const pool = (name: string, first: number, spec: Partial<SpiderIPPool["spec"]> = {}) =>
  livePool(name, { ips: [`10.6.0.${first}-10.6.0.${first + 3}`], ...spec }, { install: "default" });
const [P, Q] = [pool("p", 10), pool("q", 20)];
const WEB = { name: "shop/web", pool: "p", addresses: ["10.6.0.10"] };

/** Namespace shop with p as its default, a workload there that has an address of p, and further pools. */
const cluster = (...more: KubeObject[]) => running([P, namespaceWith("shop", ["p"]), ...more], WEB);
const snapshotOf = (objects: readonly KubeObject[]): Snapshot => buildSnapshot(objects, Object.keys(KINDS));

/** Steps as they are ordered, and any change of a pool steers allocation. */
function judged(objects: readonly KubeObject[], steps: readonly Step[], carriedOutOn?: readonly KubeObject[]) {
  const ordered = steps.map((step) => ({ steering: ["spec"], ...step }));
  const on = carriedOutOn === undefined ? undefined : snapshotOf(carriedOutOn);
  return judgeSteps(ordered, snapshotOf(objects), CHART_DEFAULTS, on);
}
const effects = (found: ReturnType<typeof judged>) =>
  found.judgements.map(({ tenant, effect, next }) => [tenant.pod, effect, ...(next ?? [])].join(" "));

const disabled = (live: SpiderIPPool) => ({ ...live, spec: { ...live.spec, disable: true } });
const defaults = (...names: string[]) => namespaceWith("shop", names);
const switched = (wave: number, ...names: string[]) => updating(defaults("p"), defaults(...names), wave);

describe("a crash may leave the cluster after any wave", () => {
  const closed = pool("q", 20, { disable: true });
  const opened = (wave: number) => updating(closed, Q, wave);

  test("who would find nothing in between strands, though the end serves it", () => {
    const found = judged(cluster(closed), [switched(4, "q"), opened(6)]);
    expect(effects(found)).toEqual(["shop/web-rs-0 strands"]);
    expect(found.judgements[0]?.reasons.at(-1)).toBe("no pool is left for eth0: q (the pool is disabled)");
  });

  test("in the other order it only moves", () => {
    expect(effects(judged(cluster(closed), [opened(2), switched(4, "q")]))).toEqual(["shop/web-rs-0 moves q"]);
  });

  test("steps of one wave are one: what they are written in is no order", () => {
    expect(effects(judged(cluster(closed), [switched(4, "q"), opened(4)]))).toEqual(["shop/web-rs-0 moves q"]);
  });

  test("who finds nothing at the end strands, though every half-done state serves it", () => {
    const steps = [updating(P, pool("p", 10, { default: true }), 2), updating(P, disabled(P), 6)];
    expect(effects(judged(cluster(), steps))).toEqual(["shop/web-rs-0 strands"]);
  });

  test("of three waves the one in the middle counts as well, whatever the order of those who are concerned", () => {
    const api = running(cluster(Q), { name: "shop/api", pool: "q", addresses: ["10.6.0.20"], annotations: asks("q") });
    const steps = [
      updating(P, disabled(P), 2),
      updating(disabled(P), P, 6),
      updating(Q, { ...disabled(Q), spec: { ...Q.spec, gateway: "10.6.0.1" } }, 4),
    ];
    expect(effects(judged(api, steps))).toEqual(["shop/web-rs-0 strands"]);
    const middle = [updating(P, P, 2), updating(Q, disabled(Q), 4), updating(disabled(Q), Q, 6)];
    expect(effects(judged(api, [...middle].reverse()))).toEqual(["shop/api-rs-0 strands"]);
  });

  test("moves of several waves are one move, to wherever any of them leads", () => {
    const r = pool("r", 30);
    const found = judged(cluster(Q, r), [switched(4, "q"), updating(defaults("q"), defaults("r"), 6)]);
    expect(effects(found)).toEqual(["shop/web-rs-0 moves q r"]);
    const back = judged(cluster(Q), [switched(4, "q"), updating(defaults("q"), defaults("p"), 6)]);
    expect(effects(back)).toEqual(["shop/web-rs-0 moves q"]);
  });

  test("of waves that are as bad the first is told, whichever concerns those before", () => {
    const o = pool("o", 1);
    const api = { name: "lab/api", pool: "o", addresses: ["10.6.0.1"], annotations: asks("o") };
    const steps = [switched(4, "q"), updating(defaults("q"), defaults("gone"), 6), updating(o, o, 6)];
    const [strands] = judged(running(cluster(closed, o), api), steps).judgements;
    expect(strands?.reasons.at(-1)).toBe("no pool is left for eth0: q (the pool is disabled)");
  });
});

function asks(...ipv4: string[]) {
  return { "ipam.spidernet.io/ippool": JSON.stringify({ ipv4 }) };
}

describe("what is told of whom", () => {
  test("nothing of those whom no step concerns; they are counted", () => {
    const found = judged(cluster(Q), [updating(Q, disabled(Q))]);
    expect(found).toEqual({ judgements: [], idle: [], stays: 1, classes: [] });
  });

  test("who was in danger before stays where it is: no step is held back for it", () => {
    const going = { ...P, metadata: { ...P.metadata, deletionTimestamp: "2026-11-22T00:00:00Z" } };
    const objects = running([going, namespaceWith("shop", ["p"])], WEB);
    const found = judged(objects, [updating(going, disabled(going))]);
    expect(effects(found)).toEqual(["shop/web-rs-0 in danger already"]);
    expect(found).toMatchObject({ stays: 1, classes: [{ steps: [0], harmed: [] }] });
  });

  test("the steps of one who is harmed, in their order", () => {
    const steps = [updating(P, disabled(P), 6), updating(Q, Q), switched(4, "p", "q")];
    const found = judged(cluster(Q), steps);
    expect(found.classes.map((one) => [one.steps, one.harmed.length])).toEqual([[[0, 1, 2], 1]]);
    expect(found.stays).toBe(0);
  });

  test("who only shares a pool with one concerned holds its step as well", () => {
    const api = { name: "lab/api", pool: "p", addresses: ["10.6.0.11"], annotations: asks("p") };
    const found = judged(running(cluster(Q), api), [updating(Q, Q), switched(4, "p", "q")]);
    expect(found.classes.map((one) => one.steps)).toEqual([[0, 1], [0]]);
  });

  test("who shares no pool with one concerned is not among them, even in their Namespace", () => {
    const api = { name: "shop/api", pool: "q", addresses: ["10.6.0.20"], annotations: asks("q") };
    const found = judged(running(cluster(Q), api), [updating(P, P), switched(4, "p")]);
    expect(found.classes.map((one) => one.steps)).toEqual([[0, 1]]);
  });
});

describe("those who may be pushed", () => {
  const three = (first: number, count: number) => Array.from({ length: count }, (_, i) => `10.6.0.${first + i}`);

  test("of those who share a pool that no step touches each holds its own steps and theirs, in order", () => {
    const x = pool("x", 30);
    const one = { name: "shop/one", pool: "p", addresses: ["10.6.0.11"], annotations: asks("p", "x") };
    const two = { name: "shop/two", pool: "q", addresses: ["10.6.0.20"], annotations: asks("q", "x") };
    const live = running(running([P, Q, x, namespaceWith("shop")], one), two);
    const found = judged(live, [updating(P, P), updating(Q, Q)]);
    expect(found.classes.map((each) => each.steps)).toEqual([[0], [0, 1]]);
  });

  test("who asks for a further pool besides is among them", () => {
    const api = { name: "lab/api", pool: "p", addresses: ["10.6.0.11"], annotations: asks("p", "r") };
    const found = judged(running(cluster(Q, pool("r", 30)), api), [switched(4, "p", "q")]);
    expect(found.classes.map((one) => one.steps)).toEqual([[0], [0]]);
  });

  test("who is pushed out of one pool takes what others have of the next", () => {
    const first = livePool("p", { ips: ["10.6.0.10-10.6.0.11"], podAffinity: {} });
    const next = livePool("r", { ips: ["10.6.0.30"] });
    const lab = namespaceWith("lab", ["q"]);
    const live = [
      { name: "lab/jobs", pool: "q", addresses: three(20, 2) },
      { name: "shop/two", pool: "p", addresses: ["10.6.0.10"], annotations: asks("p", "r") },
      { name: "shop/last", pool: "r", addresses: ["10.6.0.30"], annotations: asks("r") },
    ].reduce<KubeObject[]>(running, [first, Q, next, lab, namespaceWith("shop")]);
    const found = effects(judged(live, [updating(lab, namespaceWith("lab", ["p"]), 4)]));
    expect(found).toContain("shop/last-rs-0 strands");
    expect(found).toContain("shop/two-rs-0 strands");
  });

  test("who asks for a family besides competes there", () => {
    const six = livePool("six", { subnet: "fd00::/64", ips: ["fd00::1"] });
    const v6 = "ipam.spidernet.io/default-ipv6-ippool";
    const namespace = defaults("p");
    const patch = { metadata: { annotations: { [v6]: '["six"]' } } };
    const live = running([P, six, namespace], { ...WEB, addresses: three(10, 2) });
    const found = judged(live, [{ ...updating(namespace, namespace, 4), patch }]);
    expect(found.judgements.map(({ effect, reasons }) => [effect, reasons.at(-1)])).toEqual([
      ["strands", "2 Pods may come for the 1 usable addresses of six"],
      ["strands", "2 Pods may come for the 1 usable addresses of six"],
    ]);
    const one = running([P, six, namespace], WEB);
    expect(effects(judged(one, [{ ...updating(namespace, namespace, 4), patch }]))).toEqual([]);
  });
});

describe("steps that begin with another cluster than the one to compare with", () => {
  test("are played on that one, and harm only who was served by the first", () => {
    const closed = pool("p", 10, { disable: true });
    const steps = [updating(P, { ...P, spec: { ...P.spec, gateway: "10.6.0.1" } })];
    const now = running([closed, namespaceWith("shop", ["p"])], WEB);
    expect(effects(judged(cluster(), steps, now))).toEqual(["shop/web-rs-0 strands"]);
    expect(effects(judged(now, steps, now))).toEqual(["shop/web-rs-0 in danger already"]);
  });
});
