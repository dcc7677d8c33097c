import { describe, expect, it } from "vitest";
import type { ApplyReport } from "../../src/app/apply/apply-report.js";
import { planExitCode, syncExitCode } from "../../src/app/exit-code.js";
import type { PlanRun } from "../../src/app/plan-run.js";
import type { Block, Step } from "../../src/core/change/step.js";
import type { Severity } from "../../src/core/diagnostics.js";
import type { Verdict } from "../../src/core/outcome.js";
import type { Plan } from "../../src/core/plan/plan.js";
import { EMPTY_SNAPSHOT } from "../../src/core/snapshot.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";

const LOCK = { files: false, subnets: new Map() };
const CALM: Verdict = { stable: true, judged: [], stays: 0, moves: [], strands: [], released: [], leaving: [] };
const ENTRY = { pod: "a/b", interface: "eth0", address: "10.0.0.1", pool: "p", owner: "", reasons: [] };

function step(type?: Block["type"]): Step {
  const object = { apiVersion: KINDS.SpiderIPPool.apiVersion, kind: "SpiderIPPool", metadata: { name: "p" } };
  const base = { wave: 1, action: "create", kind: KINDS.SpiderIPPool, namespace: undefined, name: "p" } as const;
  const blocked = type === undefined ? undefined : { type, message: "m" };
  return { ...base, added: [], removed: [], object, reason: "r", changes: [], blocked };
}

interface Shape {
  steps?: Step[];
  severity?: Severity;
  verdict?: Partial<Verdict>;
  budget?: boolean;
  undecided?: boolean;
}

function run({ steps = [], severity, verdict, budget, undecided }: Shape): PlanRun {
  const diagnostics = severity === undefined ? [] : [{ code: "SP3001", severity, message: "m" }];
  const summary = { create: 0, update: 0, delete: 0, unchanged: 0, adopt: 0, blocked: 0 };
  const outcome = {
    verdict: { ...CALM, ...verdict },
    summary,
    steps,
    allocations: [],
    lock: LOCK,
    usage: [],
    diagnostics,
    ...(budget && { pruneBudgetExceeded: { deletes: 9, count: 5, percent: 20 } }),
  };
  const decided = undecided ? undefined : { plan: {} as Plan, outcome };
  return { lock: LOCK, snapshot: EMPTY_SNAPSHOT, decided, diagnostics };
}

const PLAN_ROWS: readonly [what: string, shape: Shape, plain: number, detailed: number][] = [
  ["nothing to do", {}, 0, 0],
  ["a step", { steps: [step()] }, 0, 2],
  ["a step that waits for others to leave is no change to act on", { steps: [step("waiting")] }, 0, 0],
  ["in use", { steps: [step("in-use")] }, 3, 3],
  ["the verdict", { steps: [step("verdict")] }, 3, 3],
  ["Spiderpool would refuse", { steps: [step("conflict")] }, 3, 3],
  ["atomic", { steps: [step("atomic")] }, 3, 3],
  ["over the prune budget", { steps: [step("budget")], budget: true }, 3, 3],
  ["a Pod moves", { verdict: { moves: [ENTRY] } }, 3, 3],
  ["a Pod strands", { verdict: { strands: [ENTRY] } }, 3, 3],
  ["an address in use is released", { verdict: { released: [ENTRY] } }, 3, 3],
  ["a warning", { severity: "warning", steps: [step()] }, 0, 2],
  ["an owner's error beside a step", { severity: "error", steps: [step()] }, 1, 1],
  ["an error wins over blocked", { severity: "error", steps: [step("in-use")] }, 1, 1],
  ["nothing could be decided", { undecided: true }, 1, 1],
];

describe("plan's exit code", () => {
  it.each(PLAN_ROWS)("%s", (_what, shape, plain, detailed) => {
    expect([planExitCode(run(shape), false), planExitCode(run(shape), true)]).toEqual([plain, detailed]);
  });
});

const DONE: ApplyReport = {
  created: 1,
  updated: 0,
  deleted: 0,
  adopted: 0,
  failed: [],
  withheld: [],
  notStarted: [],
  check: { cidrs: [], overlaps: [], displaced: [] },
  aborted: false,
  stopped: undefined,
};

const SYNC_ROWS: readonly [what: string, shape: Shape, report: ApplyReport | undefined, code: number][] = [
  ["nothing to write", {}, undefined, 0],
  ["all written", { steps: [step()] }, DONE, 0],
  ["written beside something blocked", { steps: [step(), step("in-use")] }, DONE, 3],
  ["a write failed", {}, { ...DONE, failed: [{ step: step(), reason: "Denied", message: "m" }] }, 1],
  [
    "a failed write wins over blocked",
    { steps: [step("in-use")] },
    { ...DONE, failed: [{ step: step(), reason: "Denied", message: "m" }] },
    1,
  ],
  ["held back at the last moment", {}, { ...DONE, withheld: [{ step: step(), message: "m" }] }, 3],
  ["not all was begun", {}, { ...DONE, notStarted: [step()] }, 1],
  ["the run ended early", {}, { ...DONE, stopped: "the Lease was lost" }, 1],
  ["an address is not where it was", {}, { ...DONE, check: { cidrs: [], overlaps: [], displaced: ["x"] } }, 1],
  ["two pools overlap", {}, { ...DONE, check: { cidrs: [], overlaps: ["x"], displaced: [] } }, 1],
  ["written but not checked", {}, { ...DONE, check: undefined }, 1],
  [
    "all held back, nothing written, nothing to check",
    {},
    { ...DONE, created: 0, check: undefined, withheld: [{ step: step(), message: "m" }] },
    3,
  ],
];

describe("sync's exit code", () => {
  it.each(SYNC_ROWS)("%s", (_what, shape, report, code) => {
    expect(syncExitCode(run(shape), report)).toBe(code);
  });
});
