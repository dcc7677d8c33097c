import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openSourceRepository } from "../../src/adapters/git/source-repository.js";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import { openLedgerStream } from "../../src/adapters/ledger/ledger-stream.js";
import { lockText } from "../../src/adapters/plan-files/lock-text.js";
import { parseCache } from "../../src/adapters/plan-files/parse-cache.js";
import { isPlanOrLockFile, loadPlanTree } from "../../src/adapters/plan-files/plan-tree.js";
import { parseYamlDocuments } from "../../src/adapters/plan-files/yaml.js";
import { readSchedule } from "../../src/adapters/schedule/cron.js";
import { systemClock } from "../../src/cli/clock.js";
import { windowsAt } from "../../src/core/plan-sync/windows.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { Controller } from "../../src/operator/controller.js";
import type { ControllerOptions } from "../../src/operator/controller-options.js";
import type { ObjectRef, WatchableCluster, WatchEvent } from "../../src/ports/cluster.js";
import { keptTelemetry } from "../support/kept-telemetry.js";
import { planText } from "../support/operator/plan-text.js";
import { NETWORK, pools, X } from "../support/operator/small-plan.js";
import { eventually, setStage } from "../support/operator/stage.js";
import { automated, IN_SYNC, ready } from "../support/operator/steps.js";
import { playCluster } from "../support/played-cluster.js";
import { workspace } from "../support/workspace.js";

/** What no port may do, planted where a pass over the PlanSync `dc`, and no other, meets it. */
type Planted = (ports: ControllerOptions, broken: () => boolean) => ControllerOptions;

const planted = (): never => {
  throw new TypeError("planted: Cannot read properties of undefined (reading 's3cret')");
};

/** The same port with another answer to one call. */
function instead<T extends object>(port: T, calls: Partial<T>): T {
  return new Proxy(port, {
    get(target, name) {
      if (Object.hasOwn(calls, name)) return calls[name as keyof T];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

const OTHER = (last: number) =>
  planText(
    `subnets: {own: {cidr: 10.7.0.0/24, ranges: [10.7.0.10-10.7.0.99]}}\npools: {o: {subnet: own, addresses: [10.7.0.10-10.7.0.${last}]}}\n`,
  );

const STAGES: readonly (readonly [name: string, stage: string, plant: Planted])[] = [
  [
    "reading the repository",
    "source",
    (ports, broken) => ({
      ...ports,
      repository: instead(ports.repository, {
        resolve: (source, signal) =>
          broken() && source.path === "plan" ? planted() : ports.repository.resolve(source, signal),
      }),
    }),
  ],
  [
    "reading the plan",
    "source",
    (ports, broken) => ({
      ...ports,
      readPlan: (tree, contents) =>
        broken() && tree.files.some(({ path }) => path === "a.yaml") ? planted() : ports.readPlan(tree, contents),
    }),
  ],
  [
    "planning",
    "reconcile",
    (ports, broken) => ({
      ...ports,
      sha256: (text) => (broken() && text.includes("10.6.0.") ? planted() : ports.sha256(text)),
    }),
  ],
  [
    "judging whether it may be written",
    "reconcile",
    (ports, broken) => ({
      ...ports,
      windowsAt: (windows, now) => (broken() && windows.length > 0 ? planted() : ports.windowsAt(windows, now)),
    }),
  ],
  [
    "writing",
    "apply",
    (ports, broken) => ({
      ...ports,
      cluster: instead(ports.cluster, {
        create: async (object: KubeObject, kind) =>
          broken() && object.metadata.name === "x" ? planted() : ports.cluster.create(object, kind),
      }),
    }),
  ],
  [
    "making its status",
    "reconcile",
    (ports, broken) => ({
      ...ports,
      cluster: instead(ports.cluster, {
        patchStatus: async (ref: ObjectRef, patch: object) =>
          broken() && ref.name === "dc" && "source" in (patch as { status: object }).status
            ? planted()
            : ports.cluster.patchStatus(ref, patch),
      }),
    }),
  ],
];

async function stageWith(plant: Planted, broken: () => boolean) {
  const cluster = await playCluster();
  onTestFinished(() => cluster.stop());
  const kubeconfig = join(workspace(), "kubeconfig");
  writeFileSync(kubeconfig, cluster.kubeconfig);
  const { actor, settle } = cluster;
  const stage = await setStage({ actor, kubeconfig, settle, add: (objects) => cluster.create(...objects) });
  onTestFinished(() => stage.end());
  const ending = new AbortController();
  const { logger, metrics, logged, value } = keptTelemetry();
  const cache = parseCache();
  const options: ControllerOptions = {
    cluster: await connect({ kubeconfig, env: {}, parseYaml: (text) => parseYamlDocuments(text)[0] }),
    repository: openSourceRepository({
      dataDir: workspace(),
      env: { PATH: process.env.PATH },
      wanted: isPlanOrLockFile,
    }),
    readPlan: (tree, contents) => loadPlanTree(tree, contents, cache),
    lockText,
    clock: systemClock,
    sha256: (text) => createHash("sha256").update(text).digest("hex"),
    logger,
    metrics,
    windowsAt: (windows, now) => windowsAt(windows, now, readSchedule),
    namespace: "kube-system",
    identity: "operator",
    ledger: openLedgerStream(() => {}, metrics),
  };
  const running = new Controller(plant(options, broken), () => true).run(ending.signal);
  onTestFinished(async () => {
    ending.abort();
    await running;
  });
  return { stage, errors: (where: string) => value(`internal_errors_total{stage="${where}"}`), logged, value };
}

test.each(STAGES)(
  "an exception in %s: Ready is False, it is counted, others go on",
  async (_name, where, plant) => {
    let isBroken = false;
    const { stage, errors, logged, value } = await stageWith(plant, () => isBroken);
    await stage.push({ "plan/a.yaml": pools(X(19)), "other/net.yaml": OTHER(19) });
    const windows = [{ kind: "allow" as const, schedule: "* * * * *", duration: "1h" }];
    await stage.planSync({ sync: { ...automated.sync, windows }, source: { path: "plan" } });
    await stage.planSync({ ...automated, source: { path: "other" } }, "second");
    await ready(stage, IN_SYNC);
    await ready(stage, IN_SYNC, "second");
    expect(await errors(where)).toBe(0);

    isBroken = true;
    await stage.actor.delete({ kind: KINDS.SpiderIPPool, name: "x" }, {});
    await stage.push({ "plan/a.yaml": pools(X(29)), "other/net.yaml": OTHER(29) });
    const told = await ready(stage, "False InternalError");
    expect(told).toContain("internal error: TypeError");
    // What an exception says may hold a secret or a tenant's text: it is for the log alone.
    expect(told).not.toContain("s3cret");
    expect(await errors(where)).toBeGreaterThan(0);
    expect(logged()).toContain("planted: ");
    await eventually(
      () => value('condition{plan="net/dc",type="Ready",status="False"}'),
      (now) => now === 1,
    );
    await eventually(stage.events, (events) => events.some((one) => one.includes("internal error: TypeError")));
    await eventually(
      () => stage.pool("o"),
      (ips) => ips?.[0] === "10.7.0.10-10.7.0.29",
    );
    await ready(stage, IN_SYNC, "second");

    isBroken = false;
    await stage.annotate({ "spiderplan.io/requestedAt": "now" });
    await eventually(
      () => stage.pool("x"),
      (ips) => ips?.[0] === "10.6.0.10-10.6.0.29",
    );
    await ready(stage, IN_SYNC);
  },
  120_000,
);

test("an exception over one object of a watch: it is counted, and everybody goes on", async () => {
  let isBroken = false;
  let met = 0;
  const plant: Planted = (ports) => ({
    ...ports,
    cluster: instead<WatchableCluster>(ports.cluster, {
      async *watch(kind, version, signal): AsyncIterable<WatchEvent> {
        for await (const event of ports.cluster.watch(kind, version, signal)) {
          if (isBroken && event.type === "ADDED" && kind === KINDS.Deployment && met++ === 0) {
            const { object } = event;
            let looked = 0;
            yield {
              ...event,
              object: Object.defineProperty({ ...object }, "spec", {
                get: () => (looked++ === 0 ? planted() : object.spec),
                enumerable: true,
              }),
            };
          } else yield event;
        }
      },
    }),
  });
  const { stage, errors } = await stageWith(plant, () => false);
  await stage.push({ "plan/a.yaml": pools(X(19)), "plan/net.yaml": NETWORK });
  await stage.planSync(automated);
  await ready(stage, IN_SYNC);
  isBroken = true;
  const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "a", image: "a" }] } };
  const spec = { replicas: 0, selector: { matchLabels: { app: "a" } }, template };
  await stage.actor.create(
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { namespace: "default", name: "a" }, spec },
    KINDS.Deployment,
  );
  await eventually(
    () => errors("watch"),
    (count) => count === 1,
  );
  await stage.push({ "plan/a.yaml": pools(X(29)) });
  await eventually(
    () => stage.pool("x"),
    (ips) => ips?.[0] === "10.6.0.10-10.6.0.29",
  );
  await ready(stage, IN_SYNC);
}, 120_000);
