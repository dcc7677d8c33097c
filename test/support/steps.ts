import { difference, offered } from "../../src/core/change/diff.js";
import type { Step } from "../../src/core/change/step.js";
import { EMPTY } from "../../src/core/ip/range-set.js";
import { KINDS, type Kind, type KubeObject } from "../../src/core/spiderpool/objects.js";

const named = (object: KubeObject) => ({
  kind: KINDS[object.kind as keyof typeof KINDS] as Kind,
  namespace: object.metadata.namespace,
  name: object.metadata.name,
  reason: "test",
  changes: [],
});

/** A step that makes an object. */
export function creating(object: KubeObject, wave = 2): Step {
  return { ...named(object), wave, action: "create", added: offered(object), removed: EMPTY, object };
}

/** A step that turns a live object into another one. */
export function updating(live: KubeObject, object: KubeObject, wave = 2, action: "update" | "adopt" = "update"): Step {
  const found = difference({ kind: named(object).kind, object, reason: "test", scope: "whole" }, live, "kube-system");
  const { patch = {}, added = EMPTY, removed = EMPTY } = found ?? {};
  return { ...named(object), wave, action, added, removed, object, patch, live };
}

/** A step that deletes a live object. */
export function deleting(live: KubeObject, wave = 5): Step {
  return { ...named(live), wave, action: "delete", added: EMPTY, removed: offered(live), object: live, live };
}
