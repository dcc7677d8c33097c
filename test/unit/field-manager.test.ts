import { describe, expect, it } from "vitest";
import { lastWriter } from "../../src/core/field-manager.js";
import type { ManagedFields } from "../../src/core/spiderpool/objects.js";

const entry = (manager: string, time: string, more: Partial<ManagedFields> = {}): ManagedFields => ({
  manager,
  operation: "Update",
  time: `2026-11-22T12:00:${time}Z`,
  fieldsV1: { "f:spec": {} },
  ...more,
});

describe("the last writer of an object", () => {
  it.each<[string, ManagedFields[] | undefined, string | undefined]>([
    ["nobody, where managedFields were left out", undefined, undefined],
    ["the newest", [entry("new", "05"), entry("old", "01")], "new"],
    ["of two in one second the one that stands last", [entry("a", "05"), entry("b", "05")], "b"],
    ["not who wrote the status", [entry("a", "01"), entry("b", "05", { subresource: "status" })], "a"],
    ["not who scaled", [entry("a", "01"), entry("b", "05", { subresource: "scale" })], "a"],
    [
      "not who owns the status alone (API servers before 1.22)",
      [entry("a", "01"), entry("b", "05", { fieldsV1: { "f:status": {} } })],
      "a",
    ],
    [
      "who wrote status and spec in one",
      [entry("a", "01"), entry("b", "05", { fieldsV1: { "f:spec": {}, "f:status": {} } })],
      "b",
    ],
    ["nobody, where only the status was written", [entry("b", "05", { subresource: "status" })], undefined],
    ["not who has no time", [entry("a", "01"), entry("b", "05", { time: undefined })], "a"],
  ])("is %s", (_what, managedFields, manager) => {
    expect(lastWriter({ managedFields })?.manager).toBe(manager);
  });
});
