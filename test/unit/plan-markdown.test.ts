import { describe, expect, it } from "vitest";
import type { PlanRun } from "../../src/app/plan-run.js";
import { planMarkdown } from "../../src/app/report/plan-markdown.js";
import type { Step } from "../../src/core/change/step.js";
import type { LocatedDiagnostic } from "../../src/core/diagnostics.js";
import type { Plan } from "../../src/core/plan/plan.js";
import { EMPTY_SNAPSHOT } from "../../src/core/snapshot.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";

const HEADING = { path: "plan", install: "default", against: "the cluster", cluster: "dc1", revision: "3f2c9d1" };

function step(name: string): Step {
  const object = {
    apiVersion: "v2beta1",
    kind: "SpiderIPPool",
    metadata: { name },
    spec: { subnet: "10.0.0.0/24", ips: ["0.0.0.1-0.0.0.2"] },
  };
  const base = { wave: 1, action: "create", kind: KINDS.SpiderIPPool, namespace: undefined, name } as const;
  return { ...base, added: [{ first: 1, last: 2 }], removed: [], object, reason: "2 declared addresses", changes: [] };
}

function markdown(steps: readonly Step[], diagnostics: readonly LocatedDiagnostic[] = []): string {
  const outcome = {
    verdict: { stable: true, judged: [], stays: 0, moves: [], strands: [], released: [], leaving: [] },
    summary: { create: steps.length, update: 0, delete: 0, unchanged: 0, adopt: 0, blocked: 0 },
    steps,
    allocations: [],
    lock: { files: false, subnets: new Map() },
    usage: [],
    diagnostics,
  };
  const plan = { pools: new Map(), subnets: new Map() } as unknown as Plan;
  const run: PlanRun = { lock: outcome.lock, snapshot: EMPTY_SNAPSHOT, decided: { plan, outcome }, diagnostics };
  return planMarkdown(run, { heading: HEADING, diagnostics, digest: `sha256:${"ab".repeat(32)}`, version: "0.1.0" });
}

describe("the comment on a pull request", () => {
  it("fits GitHub's limit whatever its size, and keeps verdict, fences and footer", () => {
    const steps = Array.from({ length: 20_000 }, (_, i) => step(`pool-${i}`));
    const warnings = Array.from({ length: 5_000 }, (_, i): LocatedDiagnostic => {
      return { code: "SP2001", severity: "warning", message: `something about number ${i} ${"x".repeat(40)}` };
    });
    const text = markdown(steps, warnings);
    expect(text.length).toBeLessThan(65_536);
    expect(text).toContain("**No workload's address changes.** 20000 create");
    expect(text).toContain("cluster dc1 · 3f2c9d1");
    expect(text.match(/```/g)).toHaveLength(2);
    expect(text).toContain("</details>");
    expect(text.trimEnd().split("\n").at(-1)).toMatch(/^plan sha256:abababababab · /);
    expect(text).toContain("lines left out");
  });

  it("lets no name break out of a cell, a line or a fence", () => {
    const text = markdown([step("a|b`<b>\n```\n# x")]);
    const row = text.split("\n").find((line) => line.startsWith("| a"))!;
    expect(row.replaceAll("\\|", "").split("|")).toHaveLength(7);
    expect(row).not.toContain("<b>");
    expect(text.match(/```/g)).toHaveLength(2);
  });

  it("starts with the mark a later run finds it by", () => {
    expect(markdown([]).split("\n")[0]).toBe("<!-- spiderplan:plan:dc1:plan -->");
  });
});
