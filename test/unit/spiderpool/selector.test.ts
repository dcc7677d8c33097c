import { describe, expect, it } from "vitest";
import type { LabelSelector } from "../../../src/core/spiderpool/objects.js";
import { firstMiss, formatSelector, matches, selectorFaults } from "../../../src/core/spiderpool/selector.js";

const LABELS = { app: "web", zone: "a" };
const one = (key: string, operator: string, ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }],
});

describe("label selectors, as Kubernetes judges them", () => {
  it.each<[LabelSelector, string | undefined]>([
    [{}, undefined],
    [{ matchLabels: { app: "web", zone: "a" } }, undefined],
    [{ matchLabels: { app: "api" } }, "app=api: has app=web"],
    [{ matchLabels: { constructor: "x" } }, "constructor=x: has no label constructor"],
    [one("zone", "In", "a", "b"), undefined],
    [one("zone", "In", "b"), "zone in (b): has zone=a"],
    [one("tier", "In", "b"), "tier in (b): has no label tier"],
    [one("tier", "NotIn", "b"), undefined],
    [one("zone", "NotIn", "a"), "zone notin (a): has zone=a"],
    [one("zone", "Exists"), undefined],
    [one("tier", "Exists"), "tier: has no label tier"],
    [one("zone", "DoesNotExist"), "!zone: has zone=a"],
    [one("zone", "Gt", "1"), "zone Gt (1): has zone=a"],
  ])("%j misses %s", (selector, expected) => {
    const miss = firstMiss(selector, LABELS);
    expect(miss && `${miss.requirement}: ${miss.seen}`).toBe(expected);
    expect(matches(selector, LABELS)).toBe(expected === undefined);
  });

  it.each<[LabelSelector, number]>([
    [{ matchLabels: { "example.com/app": "web", app: "" } }, 0],
    [{ matchLabels: { "-app": "web" } }, 1],
    [{ matchLabels: { "a/b/c": "web" } }, 1],
    [{ matchLabels: { "Example.com/app": "web" } }, 1],
    [{ matchLabels: { app: "a".repeat(64) } }, 1],
    [{ matchLabels: { app: "a".repeat(63) } }, 0],
    [{ matchLabels: { ["k".repeat(64)]: "" } }, 1],
    [{ matchLabels: { ["k".repeat(63)]: "" } }, 0],
    [{ matchLabels: { [`${"d".repeat(254)}/k`]: "" } }, 1],
    [{ matchLabels: { [`${"d".repeat(253)}/k`]: "" } }, 0],
    [{ matchLabels: { "": "" } }, 1],
    [one("a", "In"), 1],
    [one("a", "Exists", "b"), 1],
    [one("a", "in", "b"), 1],
    [one("a", "NotIn", "ok", "not ok"), 1],
    [one("a", "DoesNotExist"), 0],
  ])("%j has %i faults", (selector, count) => {
    expect(selectorFaults(selector)).toHaveLength(count);
  });

  it("of two labels missed tells the first by name, whatever the order they are written in", () => {
    for (const matchLabels of [
      { app: "x", zone: "x" },
      { zone: "x", app: "x" },
    ]) {
      expect(firstMiss({ matchLabels }, LABELS)?.requirement).toBe("app=x");
    }
  });

  it("is written as kubectl takes it", () => {
    const selector = {
      matchLabels: { b: "2", a: "1" },
      matchExpressions: [
        { key: "z", operator: "In", values: ["x", "y"] },
        { key: "q", operator: "DoesNotExist" },
      ],
    };
    expect(formatSelector(selector)).toBe("a=1,b=2,z in (x,y),!q");
  });
});
