import { describe, expect, test } from "vitest";
import { identity, ownershipOf, trackingId } from "../../../src/core/change/ownership.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";

const pool = (annotations?: Record<string, string>): KubeObject => ({
  apiVersion: KINDS.SpiderIPPool.apiVersion,
  kind: "SpiderIPPool",
  metadata: { name: "p", annotations },
});
const KEY = "spiderplan.io/tracking-id";

describe("ownership by tracking id", () => {
  test.each<[string, string | undefined, unknown]>([
    ["no id", undefined, { type: "none" }],
    ["ours", "default:spiderpool.spidernet.io/SpiderIPPool:/p", { type: "ours" }],
    ["another install's", "net-team:spiderpool.spidernet.io/SpiderIPPool:/p", { type: "other", install: "net-team" }],
    [
      "an install named like a PlanSync",
      "ops/prod:spiderpool.spidernet.io/SpiderIPPool:/p",
      { type: "other", install: "ops/prod" },
    ],
    ["S28: a copy names another object", "default:spiderpool.spidernet.io/SpiderIPPool:/q", { type: "none" }],
    [
      "S28: a copy on another kind",
      "default:spiderpool.spidernet.io/SpiderMultusConfig:kube-system/p",
      { type: "none" },
    ],
    ["an empty install", ":spiderpool.spidernet.io/SpiderIPPool:/p", { type: "none" }],
  ])("%s", (_name, id, expected) => {
    expect(ownershipOf(pool(id === undefined ? undefined : { [KEY]: id }), "default")).toEqual(expected);
  });

  test("identity names itself, namespaced or not", () => {
    for (const namespace of [undefined, "kube-system"]) {
      const object = identity("i", KINDS.SpiderMultusConfig, "net", { namespace });
      expect(object.metadata.annotations?.[KEY]).toBe(trackingId("i", object));
      expect(ownershipOf(object, "i")).toEqual({ type: "ours" });
    }
  });

  test("a core object has no group", () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "d" } };
    expect(trackingId("i", namespace)).toBe("i:/Namespace:/d");
  });

  test("facts of a pool are written as one text, whatever their order; no facts are no annotation", () => {
    const meta = (facts: Record<string, string>) =>
      identity("i", KINDS.SpiderIPPool, "p", { meta: facts }).metadata.annotations?.["spiderplan.io/meta"];
    for (const keys of ["abc", "acb", "bac", "bca", "cab", "cba"]) {
      expect(meta(Object.fromEntries([...keys].map((key) => [key, "1"])))).toBe('{"a":"1","b":"1","c":"1"}');
    }
    expect(meta({})).toBeUndefined();
  });
});
