import { describe, expect, test } from "vitest";
import type { Step } from "../../../src/core/change/step.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { CHART_DEFAULTS } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject, type SpiderIPPool } from "../../../src/core/spiderpool/objects.js";
import { judgeRest } from "../../../src/core/verdict/half-done.js";
import { deployment, livePool } from "../../support/objects.js";
import { namespaceWith, running } from "../../support/running.js";
import { updating } from "../../support/steps.js";

const pool = (name: string, first: number, spec: Partial<SpiderIPPool["spec"]> = {}) =>
  livePool(name, { ips: [`10.6.0.${first}-10.6.0.${first + 3}`], ...spec }, { install: "default" });
const [P, Q] = [pool("p", 10), pool("q", 20)];
const [SHUT_P, SHUT_Q] = [pool("p", 10, { disable: true }), pool("q", 20, { disable: true })];
const asks = (...ipv4: string[]) => ({ "ipam.spidernet.io/ippool": JSON.stringify({ ipv4 }) });
const SHOP = namespaceWith("shop", ["p"]);
const web = (objects: readonly KubeObject[]) =>
  running(objects, { name: "shop/web", pool: "p", addresses: ["10.6.0.10"] });
const api = (objects: readonly KubeObject[]) =>
  running(objects, { name: "shop/api", pool: "q", addresses: ["10.6.0.20"], annotations: asks("q") });

/** What is still harmed by steps of a decision on `then`, on the cluster as it is now. */
function harmed(now: readonly KubeObject[], then: readonly KubeObject[], ...steps: Step[]) {
  const [snapshot, decidedOn] = [now, then].map((objects) => buildSnapshot(objects, Object.keys(KINDS)));
  const ordered = steps.map((step) => ({ steering: ["spec"], ...step }));
  const found = judgeRest(ordered, { snapshot: snapshot!, decidedOn: decidedOn! }, CHART_DEFAULTS, (one) => one);
  const held = found.classes.flatMap((one) => one.harmed.map(({ tenant }) => tenant.pod));
  expect(found.judgements.filter(({ effect }) => effect === "strands").map(({ tenant }) => tenant.pod)).toEqual(held);
  return [...held, ...found.idle.map(({ entry }) => entry.owner)];
}

describe("the rest of a sync harms", () => {
  const [shutP, shutQ] = [updating(P, SHUT_P), updating(Q, SHUT_Q)];

  test("who would lose by it on the cluster of the decision too", () => {
    const live = web([P, SHOP]);
    expect(harmed(live, live, shutP)).toEqual(["shop/web-rs-0"]);
    expect(harmed(live, [P, SHOP], shutP)).toEqual(["shop/web-rs-0"]);
  });

  test("nobody who has only what the steps so far gave", () => {
    expect(harmed(web([P, SHOP]), web([SHUT_P, SHOP]), shutP)).toEqual([]);
    expect(harmed(web([P, SHOP]), [SHOP], shutP)).toEqual([]);
  });

  test("one of several: each is asked for by itself, and who is beside them is harmed by nothing", () => {
    const live = api(web([P, Q, SHOP]));
    expect(harmed(live, [P, SHUT_Q, SHOP], shutP, shutQ)).toEqual(["shop/web-rs-0"]);
    expect(harmed(live, [SHUT_P, Q, SHOP], shutP, updating(Q, Q))).toEqual([]);
    expect(harmed(live, [P, Q, SHOP], shutP, shutQ)).toEqual(["shop/web-rs-0", "shop/api-rs-0"]);
  });

  test("a template without a Pod, if it found something on the cluster of the decision", () => {
    const live = [P, SHOP, deployment("shop/idle", asks("p"))];
    expect(harmed(live, live, shutP)).toEqual(["shop/Deployment/idle/eth0"]);
    expect(harmed(live, [SHUT_P, SHOP, live[2]!], shutP)).toEqual([]);
  });

  test("a workload and a Namespace that are new, as they are", () => {
    const live = web([P, SHOP, deployment("shop/idle", asks("p"))]);
    expect(harmed(live, [P], shutP)).toEqual(["shop/web-rs-0", "shop/Deployment/idle/eth0"]);
  });

  test("nobody whose Namespace gave them another pool then", () => {
    expect(harmed(web([P, SHUT_Q, SHOP]), [P, SHUT_Q, namespaceWith("shop", ["q"])], shutP)).toEqual([]);
  });
});
