import { describe, expect, test } from "vitest";
import {
  annotationDifference,
  appliedKeys,
  type SharedAnnotations,
} from "../../../src/core/change/shared-annotations.js";
import { draftAnnotations } from "../../../src/core/change/steps.js";
import { annotationText } from "../../../src/core/desired/networks.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { deployment } from "../../support/objects.js";

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

  describe("one keeper a key: two installs that write one undo each other for ever", () => {
    const kept = (note: string) => namespace({ [V4]: '["a"]', [APPLIED]: note });
    const codes = (live: KubeObject, install: string, annotations: Record<string, string>) =>
      draftAnnotations([{ ...wanted(annotations), live }], install, annotationText).diagnostics.map(
        ({ code, message }) => `${code} ${message}`,
      );

    test("a key of another install is left as it is, and told", () => {
      const live = kept(`{"net/a":["${V4}"]}`);
      expect(find(wanted({ [V4]: '["b"]', k: "v" }), live, "net/b")).toMatchObject({
        patch: { metadata: { annotations: { k: "v", [APPLIED]: `{"net/a":["${V4}"],"net/b":["k"]}` } } },
        others: [{ key: V4, install: "net/a" }],
      });
      expect(codes(live, "net/b", { [V4]: '["b"]' })).toEqual([
        `SP4111 annotation ${V4} of Namespace default belongs to install net/a, not to net/b; it is left as it is`,
      ]);
    });

    test("both want the same text: nothing to do, nothing to tell", () => {
      expect(codes(kept(`{"net/a":["${V4}"]}`), "net/b", { [V4]: '[ "a" ]' })).toEqual([]);
    });

    test("of two that both wrote it the first by name keeps it, whoever asks", () => {
      const live = kept(`{"net/b":["${V4}"],"net/a":["${V4}"]}`);
      expect(find(wanted({ [V4]: '["x"]' }), live, "net/a").patch).toBeDefined();
      expect(find(wanted({ [V4]: '["x"]' }), live, "net/b")).toMatchObject({ patch: undefined });
      // One that asks for it no longer takes nothing away from the other.
      expect(find(wanted({}), live, "net/b").patch).toBeUndefined();
    });

    test("a key that its keeper's note names and nobody has any more is free", () => {
      expect(
        find(wanted({ [V4]: '["b"]' }), namespace({ [APPLIED]: `{"net/a":["${V4}"]}` }), "net/b").patch,
      ).toBeDefined();
    });

    test("a note that is too long to be anybody's counts as none", () => {
      const note = JSON.stringify({ "net/a": [V4], more: ["x".repeat(40_000)] });
      expect(find(wanted({ [V4]: '["b"]' }), kept(note), "net/b").patch).toBeDefined();
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

  test.each(["{oops", "null", "3", '"default"', `["${V4}"]`, '{"default":3}'])(
    "an unreadable note %s counts as none: not followed, and replaced",
    (note) => {
      expect(find(wanted({}), namespace({ [V4]: '["a"]', [APPLIED]: note })).patch).toBeUndefined();
      expect(find(wanted({ k: "v" }), namespace({ [APPLIED]: note })).patch).toEqual({
        metadata: { annotations: { k: "v", [APPLIED]: '{"default":["k"]}' } },
      });
    },
  );

  test("of a note only keys count", () => {
    expect(appliedKeys({ [APPLIED]: '{"default":[1,"k",null]}' }, "default")).toEqual(["k"]);
    expect(appliedKeys({ [APPLIED]: '{"default":"k"}' }, "default")).toEqual([]);
    expect(appliedKeys({}, "default")).toEqual([]);
  });

  test("a key that already says the same without us stays its writer's", () => {
    const live = namespace({ [V4]: '["a"]' });
    expect(find(wanted({ [V4]: '["a"]', k: "v" }), live).patch).toEqual({
      metadata: { annotations: { k: "v", [APPLIED]: '{"default":["k"]}' } },
    });
  });

  test("a key of ours that somebody else took away already is nothing to do", () => {
    expect(find(wanted({}), namespace({ [APPLIED]: `{"default":["${V4}"]}` }))).toEqual({
      patch: undefined,
      changes: [],
      yielded: [],
      others: [],
    });
  });

  test("changes are told and noted in the order of the keys, whatever the order of the plan", () => {
    for (const keys of [
      ["c", "a", "b"],
      ["b", "a", "c"],
      ["a", "c", "b"],
    ]) {
      const found = find(wanted(Object.fromEntries(keys.map((key) => [key, `${key}1`]))), namespace({ b: "b0" }));
      expect(found.changes).toEqual(["a: none -> a1", "b: b0 -> b1", "c: none -> c1"]);
      expect(found.patch).toMatchObject({ metadata: { annotations: { [APPLIED]: '{"default":["a","b","c"]}' } } });
    }
  });

  test("what stands on a Pod template is not looked for on its object", () => {
    const live = deployment("d/app", { k: "v" });
    expect(find({ ...wanted({ k: "v" }), on: "template" }, live).patch).toBeUndefined();
    expect(find({ ...wanted({ k: "w" }), on: "template" }, live)).toMatchObject({
      patch: { spec: { template: { metadata: { annotations: { k: "w" } } } } },
      changes: ["k: v -> w"],
    });
  });

  test("who asks for nothing of an object is not counted as unchanged", () => {
    const live = namespace({ [V4]: '["a"]' });
    const count = (annotations: Record<string, string>) =>
      draftAnnotations([{ ...wanted(annotations), live }], "default", annotationText);
    expect(count({ [V4]: '["a"]' })).toMatchObject({ unchanged: 1, drafts: [] });
    expect(count({})).toMatchObject({ unchanged: 0, drafts: [] });
    expect(count({ [V4]: '["b"]' })).toMatchObject({ unchanged: 0, drafts: [{ action: "update" }] });
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
