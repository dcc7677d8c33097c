import { expect, test } from "vitest";
import type { OrderedStep } from "../../../src/core/change/order.js";
import { buildSnapshot } from "../../../src/core/snapshot.js";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import { withinBudget } from "../../../src/core/verdict/budget.js";
import { livePool, liveReserved } from "../../support/objects.js";
import { deleting } from "../../support/steps.js";

const BUDGET = { count: 2, percent: 50 };
const blocked = { type: "in-use", message: "no" } as const;

/** Deletes as many pools and reservations of ours; `owned` pools are ours, as many others' besides. */
function budget(pools: number, owned: number, options: { override?: number; held?: number; reserved?: number } = {}) {
  const { override, held = 0, reserved = 0 } = options;
  const mine = Array.from({ length: owned }, (_, i) => livePool(`p${i}`, {}, { install: "default" }));
  const theirs = Array.from({ length: owned }, (_, i) => livePool(`t${i}`, {}, { install: "other" }));
  const kept = Array.from({ length: reserved }, (_, i) => liveReserved(`r${i}`, [`10.6.0.${i + 1}`], "default"));
  const steps = [...mine.slice(0, pools), ...kept].map(
    (live, i): OrderedStep => ({ steering: [], ...deleting(live), ...(i < held && { blocked }) }),
  );
  const snapshot = buildSnapshot([...mine, ...theirs, ...kept], Object.keys(KINDS));
  const found = withinBudget(steps, snapshot, "default", BUDGET, override);
  return { held: found.steps.filter((step) => step.blocked?.type === "budget").length, exceeded: found.exceeded };
}

test.each<[what: string, asked: Parameters<typeof budget>, held: number, deletes: number | undefined]>([
  ["as many as the count allows", [2, 2], 0, undefined],
  ["as much as the percent allows", [5, 10], 0, undefined],
  ["more than both, of this install's objects", [6, 10], 6, 6],
  ["what is held back already does not count", [6, 10, { held: 1 }], 0, undefined],
  ["what is held back already keeps its reason", [8, 10, { held: 1 }], 7, 7],
  ["a kind within its budget is held back with the other", [6, 10, { reserved: 1 }], 7, 7],
  ["two kinds each within", [2, 10, { reserved: 2 }], 0, undefined],
  ["a count of the command line allows it", [6, 10, { override: 6 }], 0, undefined],
  ["or forbids it", [2, 10, { override: 1 }], 2, 2],
])("%s", (_what, asked, held, deletes) => {
  const found = budget(...asked);
  expect(found.held).toBe(held);
  expect(found.exceeded?.deletes).toBe(deletes);
});
