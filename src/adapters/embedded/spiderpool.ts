import type { SpiderpoolFacts } from "../../core/plan/plan.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import type { Store } from "./store.js";

export interface WriteRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly object: KubeObject;
  readonly old?: KubeObject;
}

export function mutateWrite(request: WriteRequest, _store: Store, _facts: SpiderpoolFacts): KubeObject {
  return request.object;
}

export function validateWrite(_request: WriteRequest, _store: Store, _facts: SpiderpoolFacts): void {}
