import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import type { ClusterError } from "../../src/core/cluster-error.js";
import type { Condition, PlanSyncSpec, PlanSyncStatus } from "../../src/core/plan-sync/plan-sync.generated.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import type { ClusterActor } from "../../src/ports/cluster.js";

const COMMIT = "3f2c9d1a81e02c3f2c9d1a81e02c3f2c9d1a81e0";
const AT = "2026-11-24T10:00:00Z";
const WINDOW = { kind: "allow", schedule: "0 22 * * 1-5", duration: "4h" };
const MINIMAL = { source: { repoURL: "https://git.example/net/plans.git", ref: { branch: "main" } } };

const planSync = (name: string, spec: object): KubeObject => ({
  apiVersion: KINDS.PlanSync.apiVersion,
  kind: "PlanSync",
  metadata: { namespace: "default", name },
  spec,
});
const ref = (name: string) => ({ kind: KINDS.PlanSync, namespace: "default", name });
const condition = (type: string, status: Condition["status"], message: string): Condition => ({
  type,
  status,
  message,
  reason: "ReconciliationSucceeded",
  lastTransitionTime: AT,
});
const withSource = (more: object) => ({ source: { ...MINIMAL.source, ...more } });
const withSync = (sync: object) => ({ ...MINIMAL, sync });

/** What a refusal says; old servers do not tell which item of a list it is about. */
const complaint = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable("the call went through"),
    (refusal: ClusterError) => {
      expect(refusal).toMatchObject({ reason: "Invalid", transient: false });
      return refusal.message.replaceAll(/\[\d+\]/g, "");
    },
  );

/** Specs that are refused, and the field the complaint is about. */
const REFUSED: readonly [string, object, string][] = [
  ["no source", {}, "spec.source"],
  ["no repository", { source: { ref: { branch: "main" } } }, "spec.source.repoURL"],
  ["an empty URL", withSource({ repoURL: "" }), "spec.source.repoURL"],
  ["no reference", withSource({ ref: {} }), "spec.source.ref"],
  ["two references", withSource({ ref: { branch: "main", tag: "v1" } }), "spec.source.ref"],
  ["a short commit", withSource({ ref: { commit: "3f2c9d1" } }), "spec.source.ref.commit"],
  ["a duration in words", withSource({ interval: "5 minutes" }), "spec.source.interval"],
  ["keys of nobody", withSource({ verify: { mode: "HEAD" } }), "spec.source.verify.secretRef"],
  ["an unknown mode", withSync({ mode: "auto" }), "spec.sync.mode"],
  ["a text for a switch", withSync({ prune: "yes" }), "spec.sync.prune"],
  ["more than all", withSync({ pruneBudget: { percent: 101 } }), "spec.sync.pruneBudget.percent"],
  ["less than never", withSync({ retry: { limit: -2 } }), "spec.sync.retry.limit"],
  ["an endless name", { ...MINIMAL, cluster: "c".repeat(254) }, "spec.cluster"],
  ["too many windows", withSync({ windows: Array.from({ length: 65 }, () => WINDOW) }), "spec.sync.windows"],
  ["a window without end", withSync({ windows: [{ ...WINDOW, duration: undefined }] }), "spec.sync.windows.duration"],
  ["an unknown lock", { ...MINIMAL, lock: "file" }, "spec.lock"],
];

/** What any server must do with PlanSync objects, whatever is behind it. */
export function planSyncContract(cluster: () => { actor: ClusterActor; kubeconfig: string }): void {
  describe("PlanSync", () => {
    const actor = () => cluster().actor;

    it("fills in every default", async () => {
      const { spec } = await actor().create(planSync("minimal", MINIMAL), KINDS.PlanSync);
      expect(spec).toEqual({
        source: { ...MINIMAL.source, interval: "30s", timeout: "60s" },
        sync: {
          mode: "observe",
          prune: false,
          selfHeal: true,
          atomic: false,
          suspend: false,
          approval: { validFor: "24h" },
          pruneBudget: { count: 5, percent: 20 },
          retry: { limit: 5, backoff: { duration: "5s", factor: 2, maxDuration: "3m" } },
        },
        lock: "git",
        deletionPolicy: "orphan",
      });
    });

    it("keeps what is set, fills in windows, forgets what it does not know", async () => {
      const spec = { ...withSync({ mode: "manual", windows: [WINDOW], colour: "red" }), lock: "cluster" };
      const stored = (await actor().create(planSync("full", spec), KINDS.PlanSync)).spec as PlanSyncSpec;
      expect(stored).toMatchObject({ lock: "cluster", sync: { mode: "manual" } });
      expect(stored.sync?.windows).toEqual([{ ...WINDOW, timeZone: "UTC", manualSync: false }]);
      expect(stored.sync).not.toHaveProperty("colour");
    });

    it("counts characters, not bytes", async () => {
      const spec = { ...MINIMAL, cluster: "🕸".repeat(253) };
      expect(await actor().create(planSync("long", spec), KINDS.PlanSync)).toMatchObject({ spec });
    });

    it.each(REFUSED)("refuses %s", async (_what, spec, field) => {
      const refused = actor().create(planSync("refused", spec), KINDS.PlanSync);
      expect(await complaint(refused)).toContain(`${field}:`);
    });

    it("keeps status and spec apart; only the spec makes a generation", async () => {
      const given = { ...planSync("apart", MINIMAL), status: { blocked: "by its maker" } };
      const created = await actor().create(given, KINDS.PlanSync);
      expect(created).toMatchObject({ metadata: { generation: 1 } });
      expect(created.status).toBeUndefined();

      const status: PlanSyncStatus = { observedGeneration: 1, conditions: [condition("Ready", "True", "At main.")] };
      const told = await actor().patchStatus(ref("apart"), { spec: { lock: "cluster" }, status });
      expect(told).toMatchObject({ metadata: { generation: 1 }, spec: { lock: "git" }, status });

      const patch = { spec: { sync: { mode: "automated" } }, status: { blocked: "by its owner" } };
      const changed = await actor().patch(ref("apart"), patch);
      expect(changed).toMatchObject({ metadata: { generation: 2 }, spec: { sync: { mode: "automated" } } });
      expect(changed.status).toEqual(status);

      const annotations = { "spiderplan.io/requestedAt": AT };
      expect(await actor().patch(ref("apart"), { metadata: { annotations } })).toMatchObject({
        metadata: { generation: 2, annotations },
        status,
      });
    });

    it("refuses a status that no reader would understand", async () => {
      await actor().create(planSync("told", MINIMAL), KINDS.PlanSync);
      const ready = condition("Ready", "True", "");
      for (const [status, field] of [
        [{ conditions: [{ ...ready, status: "Yes" }] }, "status.conditions.status"],
        [{ nextSyncAt: "tomorrow" }, "status.nextSyncAt"],
      ] as const) {
        expect(await complaint(actor().patchStatus(ref("told"), { status }))).toContain(`${field}:`);
      }
    });
  });

  const missing = spawnSync("kubectl", ["version", "--client"]).status !== 0;
  describe.skipIf(missing)("PlanSync with kubectl (skipped where there is no kubectl)", () => {
    const home = mkdtempSync(path.join(tmpdir(), "spiderplan-kubectl-"));
    const kubectl = async (...argv: string[]) => {
      const env = { ...process.env, KUBECONFIG: cluster().kubeconfig, HOME: home };
      return (await promisify(execFile)("kubectl", argv, { env })).stdout;
    };

    beforeAll(async () => {
      const file = path.join(home, "shown.json");
      writeFileSync(file, JSON.stringify(planSync("shown", withSync({ mode: "automated" }))));
      await kubectl("apply", "-f", file);
      const conditions = [condition("Ready", "False", "2 Pods would move."), condition("IPStable", "True", "")];
      const status: PlanSyncStatus = { conditions, lastAppliedRevision: COMMIT, blocked: "default/web strands" };
      await cluster().actor.patchStatus(ref("shown"), { status });
    });

    it("shows the columns, by the short name and by the category", async () => {
      const [head, row] = (await kubectl("get", "nps", "shown")).trim().split("\n");
      expect(head!.split(/ {2,}/)).toEqual(["NAME", "READY", "MODE", "REVISION", "STABLE", "MESSAGE", "AGE"]);
      expect(row!.split(/ {2,}/).slice(0, -1)).toEqual([
        "shown",
        "False",
        "automated",
        COMMIT,
        "True",
        "2 Pods would move.",
      ]);
      expect(await kubectl("get", "spiderplan", "-o", "name")).toContain("plansync.spiderplan.io/shown");
      const wide = await kubectl("get", "nps", "shown", "-o", "wide");
      expect(wide).toContain("BLOCKED");
      expect(wide).toContain("default/web strands");
    });

    it("explains its fields", { timeout: 90_000 }, async () => {
      // A server publishes the schemas of new kinds a while after it serves them.
      const explained = () => kubectl("explain", "plansync.spec.sync.pruneBudget").catch((error) => error.stderr);
      await expect.poll(explained, { timeout: 60_000, interval: 500 }).toMatch(/count[\s\S]*percent/);
      expect(await kubectl("explain", "nps.spec.source.ref")).toContain("exactly one of the four");
    });

    it("waits for its conditions", async () => {
      const waited = await kubectl("wait", "nps/shown", "--for=condition=IPStable", "--timeout=20s");
      expect(waited).toContain("condition met");
    });
  });
}
