import { describe, expect, test } from "vitest";
import { annotationDifference, type SharedAnnotations } from "../../../src/core/change/shared-annotations.js";
import { annotationText } from "../../../src/core/desired/networks.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";

const V4 = "ipam.spidernet.io/default-ipv4-ippool";
const APPLIED = "spiderplan.io/applied";

function namespace(annotations: Record<string, string>): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: "default", annotations } };
}

function wanted(annotations: Record<string, string>, yielding: string[] = []): SharedAnnotations {
  return { kind: KINDS.Namespace, name: "default", live: undefined, on: "object", annotations, yielding, reason: "" };
}

const find = (want: SharedAnnotations, live: KubeObject, install = "default") =>
  annotationDifference(want, live, install, annotationText);

describe("annotations on objects of others (DESIGN 4)", () => {
  test("a key is set and noted as ours", () => {
    expect(find(wanted({ [V4]: '["a"]' }), namespace({ other: "x" })).patch).toEqual({
      metadata: { annotations: { [V4]: '["a"]', [APPLIED]: `{"default":["${V4}"]}` } },
    });
  });

  test("A12, G19: the same names in another order and spacing are the same", () => {
    expect(find(wanted({ [V4]: '["a","b"]' }), namespace({ [V4]: '[ "b", "a" ]' })).patch).toBeUndefined();
  });

  test("a key of ours that the plan sets no longer is nulled, with the note", () => {
    const live = namespace({ [V4]: '["a"]', [APPLIED]: `{"default":["${V4}"]}` });
    expect(find(wanted({}), live).patch).toEqual({ metadata: { annotations: { [V4]: null, [APPLIED]: null } } });
  });

  test("a key somebody else set stays when the plan does not speak of it", () => {
    expect(find(wanted({}), namespace({ [V4]: '["a"]' })).patch).toBeUndefined();
  });

  test("another install's note survives ours", () => {
    const live = namespace({ [APPLIED]: '{"net":["x"]}', x: "1" });
    expect(find(wanted({ [V4]: '["a"]' }), live).patch).toEqual({
      metadata: { annotations: { [V4]: '["a"]', [APPLIED]: `{"default":["${V4}"],"net":["x"]}` } },
    });
  });

  test("a yielding key that somebody else set is left and reported", () => {
    const found = find(wanted({ networks: "a/b" }, ["networks"]), namespace({ networks: "c/d" }));
    expect(found).toMatchObject({ patch: undefined, yielded: ["networks"] });
  });

  test("a yielding key we wrote ourselves follows the plan", () => {
    const live = namespace({ networks: "c/d", [APPLIED]: '{"default":["networks"]}' });
    expect(find(wanted({ networks: "a/b" }, ["networks"]), live)).toMatchObject({
      patch: { metadata: { annotations: { networks: "a/b" } } },
      yielded: [],
    });
  });

  test("an unreadable note counts as none and is not followed", () => {
    expect(find(wanted({}), namespace({ [V4]: '["a"]', [APPLIED]: "{oops" })).patch).toBeUndefined();
  });

  test("S31: a CronJob's template lies one level deeper", () => {
    const live: KubeObject = {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "c", namespace: "d" },
      spec: { jobTemplate: { spec: { template: { metadata: {} } } } },
    };
    expect(find({ ...wanted({ k: "v" }), on: "template" }, live).patch).toEqual({
      spec: {
        jobTemplate: { spec: { template: { metadata: { annotations: { k: "v", [APPLIED]: '{"default":["k"]}' } } } } },
      },
    });
  });
});
