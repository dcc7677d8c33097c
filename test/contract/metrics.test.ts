import { describe, expect, it } from "vitest";
import { openMetrics } from "../../src/adapters/telemetry/metrics.js";
import { METRICS } from "../../src/adapters/telemetry/metrics-table.js";

/**
 * ANCHORS 3.7, by which dashboards of users are written: a name that changes breaks them. Left out is
 * pool_exhaustion_seconds: Prometheus forecasts better from what it has kept of subnet_ips.
 */
const ANCHORED = `reconcile_duration_seconds reconcile_total source_fetch_duration_seconds
source_last_success_timestamp_seconds webhook_requests_total plan_duration_seconds plan_changes ip_moves_blocked_total
ip_owner_changes_total drift_objects resource_fights_total apply_operations_total apply_duration_seconds managed_objects
unmanaged_pools subnet_ips leader suspended last_sync_timestamp_seconds condition`.split(/\s+/);

const lines = async (metrics: { text(): Promise<string> }, name: string) =>
  (await metrics.text()).split("\n").filter((line) => line.startsWith(`spiderplan_${name}`));

describe("the metrics", () => {
  it("are those of ANCHORS 3.7 and the operator's own", () => {
    expect(ANCHORED.filter((name) => !(name in METRICS))).toEqual([]);
  });

  it.each(Object.entries(METRICS))("%s follows Prometheus' rules for names", (name, { type, labels, help }) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
    expect(name.endsWith("_total")).toBe(type === "counter");
    if (type === "histogram") expect(name).toMatch(/_seconds$/);
    for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
    expect(help).toMatch(/^[A-Z0-9].*[^.]$/);
  });

  it("known series of counters are there with 0 before anything happened", async () => {
    const metrics = openMetrics();
    expect(await lines(metrics, "ip_owner_changes_total")).toEqual(["spiderplan_ip_owner_changes_total 0"]);
    expect(await lines(metrics, 'reconcile_total{result="error"}')).toEqual([
      'spiderplan_reconcile_total{result="error"} 0',
    ]);
    expect(await lines(metrics, "leader")).toEqual(["spiderplan_leader 0"]);
  });

  it("count, set, observe and forget, in Prometheus' text format", async () => {
    const metrics = openMetrics();
    metrics.count("apply_operations_total", { kind: "SpiderIPPool", verb: "create", result: "success" });
    metrics.count("apply_operations_total", { kind: "SpiderIPPool", verb: "create", result: "success" }, 2);
    expect(await lines(metrics, "apply_operations_total")).toEqual([
      'spiderplan_apply_operations_total{kind="SpiderIPPool",verb="create",result="success"} 3',
    ]);

    metrics.observe("reconcile_duration_seconds", 0.2);
    expect(await lines(metrics, 'reconcile_duration_seconds_bucket{le="0.25"}')).toEqual([
      expect.stringMatching(/ 1$/),
    ]);
    expect(await lines(metrics, "reconcile_duration_seconds_count")).toEqual([
      "spiderplan_reconcile_duration_seconds_count 1",
    ]);

    for (const plan of ["net/a", "net/b"]) {
      for (const state of ["used", "free"]) metrics.set("subnet_ips", 5, { plan, subnet: "app", state });
    }
    metrics.set("subnet_ips", 6, { plan: "net/a", subnet: "app", state: "used" });
    expect(await lines(metrics, 'subnet_ips{plan="net/a",subnet="app",state="used"}')).toEqual([
      expect.stringMatching(/ 6$/),
    ]);
    metrics.forget("subnet_ips", { plan: "net/a" });
    expect((await lines(metrics, "subnet_ips{")).map((line) => /plan="(.*?)"/.exec(line)![1])).toEqual([
      "net/b",
      "net/b",
    ]);
    metrics.forget("subnet_ips", {});
    expect(await lines(metrics, "subnet_ips{")).toEqual([]);
    metrics.set("subnet_ips", 1, { plan: "net/a", subnet: "app", state: "used" });
    expect(await lines(metrics, "subnet_ips{")).toHaveLength(1);
  });

  it.each<[string, (metrics: ReturnType<typeof openMetrics>) => void]>([
    ["an unknown name", (metrics) => metrics.count("reconciles_total")],
    ["the name with its prefix", (metrics) => metrics.count("spiderplan_reconcile_total")],
    ["a name of Object", (metrics) => metrics.count("constructor")],
    ["a gauge that is counted", (metrics) => metrics.count("leader")],
    ["a counter that is set", (metrics) => metrics.set("reconcile_total", 1)],
    ["a counter that is forgotten", (metrics) => metrics.forget("reconcile_total", {})],
    ["an unknown label", (metrics) => metrics.count("reconcile_total", { outcome: "x" })],
    ["a counter that goes back", (metrics) => metrics.count("reconcile_total", { result: "error" }, -1)],
  ])("%s is a bug", (_what, use) => {
    expect(() => use(openMetrics())).toThrow();
  });

  it("two stand beside each other, each with the process' own numbers", async () => {
    const [first, second] = [openMetrics(), openMetrics()];
    first.count("resource_fights_total");
    expect(await lines(second, "resource_fights_total")).toEqual(["spiderplan_resource_fights_total 0"]);
    expect(await second.text()).toMatch(/^process_resident_memory_bytes \d+/m);
    expect(second.contentType).toContain("text/plain");
  });
});
