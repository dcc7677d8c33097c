import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/core/outcome.js";
import type { KubeObject, SpiderIPPool } from "../../src/core/spiderpool/objects.js";
import { applied, decideOn, told } from "../support/decide.js";
import { namespaceWith, node, running } from "../support/running.js";

const SUBNETS = `subnets:
  old: {cidr: 10.6.0.0/24, gateway: 10.6.0.1, ranges: [10.6.0.10-10.6.0.99]}
  new: {cidr: 10.7.0.0/24, gateway: 10.7.0.1, ranges: [10.7.0.10-10.7.0.99]}
`;
const workload = (key: string, ask: string, more = "") =>
  `workloads:\n  ${key}: {replicas: 2, pods: {labels: {app: web}}, ${more}interfaces: {eth0: {${ask}}}}\n`;
const migration = (key: string, phase: string, from = "old", to = "new") =>
  `migrations: [{owner: ${key}/eth0, from: ${from}, to: ${to}, phase: ${phase}, ticket: CHG7}]\n`;

const BARE: KubeObject[] = [node("node-a"), namespaceWith("shop")];
const pattern = (stem: string) => ({
  "ipam.spidernet.io/ippools": JSON.stringify([
    { interface: "eth0", ipv4: ["spiderplan-none-v4", `${stem}.*`], ipv6: [`${stem}.*`] },
  ]),
});
const spec = (objects: readonly KubeObject[], name: string) =>
  (objects.find((one) => one.kind === "SpiderIPPool" && one.metadata.name === name) as SpiderIPPool | undefined)?.spec;
const nothingMoves = { stable: true, moves: [], strands: [], released: [] };
const codes = (outcome: Outcome) => outcome.diagnostics.map(({ code }) => code).filter((code) => code !== "SP4121");

describe("a Deployment migrates from one subnet to another", () => {
  const KEY = "shop/Deployment/web";
  const STEM = "shop.deployment.web.eth0";
  const FIXED = workload(KEY, "fixed: {subnets: [old], elastic: 1}");
  const start = async () => {
    const synced = applied(await decideOn(SUBNETS + FIXED, BARE), BARE);
    const addresses = ["10.6.0.10", "10.6.0.11"];
    return running(synced, { name: "shop/web", pool: `${STEM}.old`, addresses, annotations: pattern(STEM) });
  };

  test("without the entry it is blocked, and told which entry to write", async () => {
    const outcome = await decideOn(SUBNETS + workload(KEY, "fixed: {subnets: [new], elastic: 1}"), await start());
    expect(outcome.verdict.moves).toHaveLength(2);
    expect(outcome.verdict.stable).toBe(false);
    expect(outcome.diagnostics.find(({ code }) => code === "SP4204")?.hint).toBe(
      `if that is wanted: spec.migrations: [{owner: ${KEY}/eth0, from: old, to: new, phase: drain}]`,
    );
  });

  test("prepare: the new addresses are there, their pool is disabled, nobody moves; a second run has nothing to do", async () => {
    const live = await start();
    const outcome = await decideOn(SUBNETS + FIXED + migration(KEY, "prepare"), live);
    expect(outcome.verdict).toMatchObject({ ...nothingMoves, stays: 2 });
    const synced = applied(outcome, live);
    expect(spec(synced, `${STEM}.new`)).toMatchObject({ ips: ["10.7.0.10-10.7.0.12"], disable: true });
    expect(spec(synced, `${STEM}.old`)).toMatchObject({ ips: ["10.6.0.10-10.6.0.12"], disable: false });
    expect((await decideOn(SUBNETS + FIXED + migration(KEY, "prepare"), synced)).steps).toEqual([]);
  });

  test("drain: new pool first, old one disabled, the moves are the plan's will; the old goes when nobody is left", async () => {
    const live = await start();
    const prepared = applied(await decideOn(SUBNETS + FIXED + migration(KEY, "prepare"), live), live);
    const drain = SUBNETS + FIXED + migration(KEY, "drain");
    const outcome = await decideOn(drain, prepared);
    expect(told(outcome).map((step) => step.replace(/^\d+ /, ""))).toEqual([
      `update SpiderIPPool ${STEM}.new`,
      `update SpiderIPPool ${STEM}.old`,
    ]);
    expect(outcome.verdict).toMatchObject({ stable: true, strands: [], released: [] });
    expect(outcome.verdict.moves).toMatchObject([
      { pod: "shop/web-rs-0", address: "10.6.0.10", migration: "old -> new" },
      { pod: "shop/web-rs-1", address: "10.6.0.11", migration: "old -> new" },
    ]);
    expect(outcome.verdict.leaving).toMatchObject([{ owner: `${KEY}/eth0/old`, pool: `${STEM}.old`, inUse: 2 }]);
    expect(codes(outcome)).toEqual(["SP4203"]);
    const drained = applied(outcome, prepared);
    expect(spec(drained, `${STEM}.old`)?.disable).toBe(true);
    expect((await decideOn(drain, drained)).steps).toEqual([]);
    const restarted = drained
      .filter(({ kind }) => kind !== "SpiderEndpoint" && kind !== "Pod")
      .map((one) => (one.metadata.name === `${STEM}.old` ? { ...one, status: {} } : one));
    const last = await decideOn(drain, restarted);
    expect(told(last).join("\n")).toMatch(/delete SpiderIPPool shop.deployment.web.eth0.old$/m);
    expect(last.verdict).toMatchObject(nothingMoves);
    const done = applied(last, restarted);
    const finished = await decideOn(SUBNETS + workload(KEY, "fixed: {subnets: [new], elastic: 1}"), done);
    expect(finished.steps.filter(({ kind }) => kind.kind === "SpiderIPPool")).toEqual([]);
  });

  test("drain lets nobody else move, and this one nowhere else", async () => {
    const live = await start();
    const elsewhere = `  third: {cidr: 10.8.0.0/24, ranges: [10.8.0.10-10.8.0.99]}\n`;
    const two = workload(KEY, "fixed: {subnets: [third], elastic: 1}");
    const outcome = await decideOn(SUBNETS + elsewhere + two + migration(KEY, "drain"), live);
    expect(outcome.verdict.stable).toBe(false);
    expect(outcome.verdict.moves.map((one) => one.migration)).toEqual([undefined, undefined]);
  });
});

describe("a StatefulSet migrates from one subnet to another", () => {
  const KEY = "shop/StatefulSet/web";
  const STEM = "shop.statefulset.web.eth0";
  const FIXED = workload(KEY, "fixed: {subnets: [old]}", "annotate: true, ");
  const start = async () => {
    let live: KubeObject[] = applied(await decideOn(SUBNETS + FIXED, BARE), BARE);
    for (const [n, address] of ["10.6.0.10", "10.6.0.11"].entries()) {
      const annotations = pattern(STEM);
      const one = running(live, {
        kind: "StatefulSet",
        name: "shop/web",
        pool: `${STEM}.old.${n}`,
        addresses: ["", ""].map(() => address),
        annotations,
      });
      const mine = (object: KubeObject) =>
        !["Pod", "SpiderEndpoint"].includes(object.kind) ||
        object.metadata.name === `web-${n}` ||
        live.includes(object);
      const seen = new Map(one.filter(mine).map((object) => [`${object.kind} ${object.metadata.name}`, object]));
      live = [...seen.values()].map((object) =>
        object.metadata.name === `${STEM}.old.${n}`
          ? {
              ...object,
              status: { allocatedIPs: JSON.stringify({ [address]: { pod: `shop/web-${n}`, podUid: `uid-${n}` } }) },
            }
          : object,
      );
    }
    return live;
  };

  test("drain narrows the template's pattern to the new subnet: each ordinal moves to its own new pool", async () => {
    const live = await start();
    const prepare = await decideOn(SUBNETS + FIXED + migration(KEY, "prepare"), live);
    expect(prepare.verdict).toMatchObject({ ...nothingMoves, stays: 2 });
    const prepared = applied(prepare, live);
    expect(spec(prepared, `${STEM}.new.1`)).toMatchObject({ ips: ["10.7.0.11"], disable: true });
    const outcome = await decideOn(SUBNETS + FIXED + migration(KEY, "drain"), prepared);
    const template = outcome.steps.find(({ kind }) => kind.kind === "StatefulSet");
    expect(JSON.stringify(template?.patch)).toContain(`${STEM}.new.*`);
    expect(outcome.verdict).toMatchObject({ stable: true, strands: [], released: [] });
    expect(outcome.verdict.moves.map(({ pod, migration: by }) => [pod, by])).toEqual([
      ["shop/web-0", "old -> new"],
      ["shop/web-1", "old -> new"],
    ]);
    expect(outcome.steps.filter(({ blocked }) => blocked)).toEqual([]);
  });

  test.each<[family: string, plan: (text: string) => string, ippools: object]>([
    ["IPv4", (text) => text, { ipv4: ["spiderplan-none-v4", `${STEM}.new`] }],
    [
      "IPv6",
      (text) =>
        text.replaceAll(
          /10\.([67])\.0\.(0\/24|\d+)/g,
          (_all, net, host) => `fd0${net}::${host.replace("0/24", "/64")}`,
        ),
      { ipv6: ["spiderplan-none-v6", `${STEM}.new`] },
    ],
  ])(
    "drain names a pool for all Pods in the list of its family, %s: in the other it fails them (A10)",
    async (_family, plan, ippools) => {
      const set = plan(SUBNETS + workload(KEY, "fixed: {subnets: [old], perPod: false}", "annotate: true, "));
      const live = applied(await decideOn(set, BARE), BARE);
      const set0 = running(live, {
        kind: "StatefulSet",
        name: "shop/web",
        pool: `${STEM}.old`,
        addresses: [],
        annotations: {},
      });
      const template = (await decideOn(set + migration(KEY, "drain"), set0)).steps.find(
        ({ kind }) => kind.kind === "StatefulSet",
      );
      const text = JSON.stringify([{ interface: "eth0", ...ippools }]);
      expect(template?.patch).toMatchObject({
        spec: { template: { metadata: { annotations: { "ipam.spidernet.io/ippools": text } } } },
      });
    },
  );

  test("with a template of the app's own nobody moves, and the snippet to write is told", async () => {
    const own = SUBNETS + workload(KEY, "fixed: {subnets: [old]}");
    const live = await start();
    const outcome = await decideOn(own + migration(KEY, "drain"), live);
    expect(outcome.verdict).toMatchObject({ ...nothingMoves, stays: 2 });
    const warning = outcome.diagnostics.find(({ code }) => code === "SP2604");
    expect(warning?.message).toContain(`${STEM}.new.*`);
  });
});

test("a live workload on shared pools that becomes fixed needs the entry too", async () => {
  const KEY = "shop/Deployment/web";
  const shared = `${SUBNETS}pools:\n  shared: {subnet: old, addresses: [10.6.0.50-10.6.0.59]}\n`;
  const before = shared + workload(KEY, "pools: [shared]", "annotate: true, ");
  const bare = running(applied(await decideOn(before, BARE), BARE), {
    name: "shop/web",
    pool: "shared",
    addresses: ["10.6.0.50", "10.6.0.51"],
    annotations: { "ipam.spidernet.io/ippools": '[{"interface":"eth0","ipv4":["shared"]}]' },
  });
  const fixed =
    shared.replace("10.6.0.59]", "10.6.0.59], default: true") +
    workload(KEY, "fixed: {subnets: [old], elastic: 1}", "annotate: true, ");
  const blocked = await decideOn(fixed, bare);
  expect(blocked.verdict.moves).toHaveLength(2);
  expect(blocked.diagnostics.find(({ code }) => code === "SP4204")?.hint).toContain("from: pool:shared, to: old");
  const allowed = await decideOn(fixed + migration(KEY, "drain", "pool:shared", "old"), bare);
  expect(allowed.verdict.stable).toBe(true);
  expect(allowed.verdict.moves).toHaveLength(2);
});

describe("an unused pool goes only once the pool that replaces it is there", () => {
  const KEY = "shop/Deployment/web";
  const [OLD, NEW] = ["shop.deployment.web.eth0.old", "shop.deployment.web.eth0.new"];
  const SHARED = `${SUBNETS}pools:\n  shared: {subnet: old, addresses: [10.6.0.50-10.6.0.59], default: true}\n`;
  const fixed = (subnet: string, more = "") =>
    SHARED + workload(KEY, `fixed: {subnets: [${subnet}], elastic: 1}`, more);
  const pools = (outcome: Outcome) =>
    outcome.steps
      .filter(({ kind }) => kind.kind === "SpiderIPPool")
      .map(({ action, name, blocked }) => `${action} ${name} ${blocked?.type ?? "goes on"}`);

  test("the verdict holds back the new one", async () => {
    const set = "shop/StatefulSet/web";
    const elsewhere = SHARED.replace("ranges: [10.7", "nodes: {names: [node-b]}, ranges: [10.7");
    const plan = elsewhere + workload(set, "fixed: {subnets: [old], perPod: false}", "annotate: true, ");
    const live = running(applied(await decideOn(plan, BARE), BARE), {
      ...{ kind: "StatefulSet", name: "shop/web", pool: "shared", addresses: ["10.6.0.50"], annotations: {} },
    });
    const outcome = await decideOn(plan + migration(set, "drain"), live);
    expect(outcome.verdict.strands).toHaveLength(1);
    const [from, to] = ["shop.statefulset.web.eth0.old", "shop.statefulset.web.eth0.new"];
    expect(pools(outcome)).toEqual([`create ${to} verdict`, `delete ${from} depends`]);
  });

  test("people hold back the new one", async () => {
    const live = applied(await decideOn(fixed("old"), BARE), BARE);
    const holding = { objects: new Map([[`SpiderIPPool ${NEW}`, "a person says so"]]) };
    expect(pools(await decideOn(fixed("new"), live, { holding }))).toEqual([
      `create ${NEW} held`,
      `delete ${OLD} held`,
    ]);
    expect(pools(await decideOn(fixed("new"), live))).toEqual([`create ${NEW} goes on`, `delete ${OLD} goes on`]);
  });

  test("a new pool of somebody else holds back nothing", async () => {
    const live = applied(await decideOn(fixed("old"), BARE), BARE);
    const other = `${SHARED}${workload("shop/Deployment/api", "fixed: {subnets: [new], elastic: 1}")}`;
    const holding = { objects: new Map([["SpiderIPPool shop.deployment.api.eth0.new", "a person says so"]]) };
    expect(pools(await decideOn(other, live, { holding }))).toContain(`delete ${OLD} goes on`);
  });
});
