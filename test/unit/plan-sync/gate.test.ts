import { describe, expect, test } from "vitest";
import { type GateInput, gateOf } from "../../../src/core/plan-sync/gate.js";
import { readWish } from "../../../src/core/plan-sync/wish.js";

const wish = (sync: object, annotations: Record<string, string> = {}) =>
  readWish({
    apiVersion: "spiderplan.io/v1alpha1",
    kind: "PlanSync",
    metadata: { namespace: "net", name: "dc", generation: 1, annotations },
    spec: { source: { repoURL: "https://git.example/p.git", ref: { branch: "main" } }, sync },
  });
const OPEN = { open: true, reason: "", manualAllowed: true, diagnostics: [] };
const CLOSED = { open: false, reason: "the deny window is open", changesAt: 99, manualAllowed: false, diagnostics: [] };
const input = (sync: object, more: Partial<GateInput> = {}, annotations?: Record<string, string>): GateInput => ({
  wish: wish(sync, annotations),
  digest: "sha256:a",
  due: 2,
  drift: false,
  requested: false,
  approved: { state: "missing" },
  windows: OPEN,
  now: 50,
  ...more,
});
const failures = (count: number, retryAt: number) => ({
  count,
  retryAt,
  reason: "AdmissionUnavailable",
  message: "the webhook is down",
});
const APPROVED = { approved: { state: "approved" } } as const;

describe("what keeps the operator from writing", () => {
  test.each<[string, GateInput, object]>([
    ["nothing, automated", input({ mode: "automated" }), { open: true }],
    ["nothing to write", input({ mode: "automated" }, { due: 0 }), { open: false, reason: "Nothing" }],
    ["observe is the default", input({}), { open: false, reason: "Observing" }],
    ["spec.sync.suspend", input({ mode: "automated", suspend: true }), { open: false, reason: "Suspended" }],
    [
      "the annotation",
      input({ mode: "automated" }, {}, { "spiderplan.io/suspend": "" }),
      { open: false, reason: "Suspended" },
    ],
    [
      "the annotation saying false",
      input({ mode: "automated" }, {}, { "spiderplan.io/suspend": "false" }),
      { open: true },
    ],
    [
      "a switch nobody can read",
      input({ mode: "automated" }, {}, { "spiderplan.io/break-glass": "{" }),
      {
        open: false,
        reason: "Suspended",
        message: expect.stringContaining("break-glass is not as spiderplan writes it"),
      },
    ],
    ["drift with selfHeal", input({ mode: "automated" }, { drift: true }), { open: true }],
    [
      "drift without",
      input({ mode: "automated", selfHeal: false }, { drift: true }),
      { open: false, reason: "DriftDetected" },
    ],
    [
      "drift without, but asked for",
      input({ mode: "automated", selfHeal: false }, { drift: true, requested: true }),
      { open: true },
    ],
    [
      "a window",
      input({ mode: "automated" }, { windows: CLOSED }),
      { open: false, reason: "OutsideWindow", until: 99 },
    ],
    [
      "a window, asked for, not allowed",
      input({ mode: "automated" }, { windows: CLOSED, requested: true }),
      { open: false, reason: "OutsideWindow" },
    ],
    [
      "a window that lets people",
      input({ mode: "automated" }, { windows: { ...CLOSED, manualAllowed: true }, requested: true }),
      { open: true },
    ],
    [
      "manual",
      input({ mode: "manual" }),
      { open: false, reason: "ApprovalRequired", message: expect.stringContaining("--approve sha256:a") },
    ],
    [
      "manual, a request is no approval",
      input({ mode: "manual" }, { requested: true }),
      { open: false, reason: "ApprovalRequired" },
    ],
    ["manual, approved", input({ mode: "manual" }, APPROVED), { open: true }],
    [
      "manual, approved, in a window that forbids it",
      input({ mode: "manual" }, { ...APPROVED, windows: CLOSED }),
      { open: false, reason: "OutsideWindow" },
    ],
    [
      "manual, void",
      input({ mode: "manual" }, { approved: { state: "void", why: "new: x" } }),
      { open: false, reason: "ApprovalStale", message: expect.stringContaining("new: x") },
    ],
    [
      "a try that failed",
      input({ mode: "automated" }, { failures: failures(1, 60) }),
      {
        open: false,
        reason: "ProgressingWithRetry",
        until: 60,
        message: "try 1 of 5 failed: the webhook is down",
        failure: "AdmissionUnavailable",
      },
    ],
    ["the next try", input({ mode: "automated" }, { failures: failures(1, 50) }), { open: true }],
    ["the last try", input({ mode: "automated" }, { failures: failures(4, 50) }), { open: true }],
    [
      "as many tries as there may be",
      input({ mode: "automated" }, { failures: failures(5, 50) }),
      { open: false, reason: "RetriesExhausted", message: expect.stringMatching(/^gave up after 5 tries/) },
    ],
    [
      "a limit of one",
      input({ mode: "automated", retry: { limit: 1 } }, { failures: failures(1, 50) }),
      { open: false, reason: "RetriesExhausted", message: expect.stringMatching(/^gave up after 1 try /) },
    ],
    [
      "too many tries, asked for again",
      input({ mode: "automated" }, { failures: failures(6, 50), requested: true }),
      { open: true },
    ],
    [
      "tries without end",
      input({ mode: "automated", retry: { limit: -1 } }, { failures: failures(99, 50) }),
      { open: true },
    ],
  ])("%s", (_name, given, expected) => {
    expect(gateOf(given)).toMatchObject(expected);
  });
});
