import type { SpiderpoolFacts } from "../facts.js";
import type { KubeObject, SpiderIPPool, SpiderMultusConfig, SpiderReservedIP, SpiderSubnet } from "../objects.js";
import { mutateCoordinator, validateCoordinator } from "./coordinator.js";
import type { Denial } from "./denial.js";
import { mutateMultus, validateMultus } from "./network.js";
import { mutatePool, validatePoolCreate, validatePoolDelete, validatePoolUpdate } from "./pool.js";
import { mutateReserved, validateReservedCreate, validateReservedUpdate } from "./reserved.js";
import { mutateSubnet, validateSubnetCreate, validateSubnetDelete, validateSubnetUpdate } from "./subnet.js";
import type { World } from "./world.js";

export type { Denial } from "./denial.js";
export { indexWorld, type World, WorldIndex } from "./world.js";

/** One write as the webhooks see it; the status subresource is not covered by them (F5). */
export interface Request {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  /** The object as it would be stored; on DELETE the stored one. */
  readonly object: KubeObject;
  /** The stored object, on UPDATE. */
  readonly old?: KubeObject;
}

/**
 * Spiderpool's mutating webhook: the object as it leaves the step. It never rejects, and is served for creates and
 * updates of Spiderpool's own kinds only (F5); anything else comes back as it is.
 */
export function mutate(request: Request, world: World, facts: SpiderpoolFacts): KubeObject {
  const { object } = request;
  if (request.operation === "DELETE") return object;
  switch (object.kind) {
    case "SpiderIPPool":
      return reserialised(mutatePool(withSpec(object) as SpiderIPPool, world, facts));
    case "SpiderSubnet":
      return reserialised(mutateSubnet(withSpec(object) as SpiderSubnet));
    case "SpiderReservedIP":
      return reserialised(mutateReserved(withSpec(object) as SpiderReservedIP));
    case "SpiderMultusConfig":
      return reserialised(mutateMultus(withSpec(object) as SpiderMultusConfig));
    case "SpiderCoordinator":
      return reserialised(mutateCoordinator(withSpec(object)));
    default:
      return object;
  }
}

/** Spiderpool's validating webhook: why the write is refused, or `undefined` if it is not. */
export function validate(request: Request, world: World, facts: SpiderpoolFacts): Denial | undefined {
  const { operation } = request;
  const object = withSpec(request.object);
  const old = request.old && withSpec(request.old);
  switch (object.kind) {
    case "SpiderIPPool":
      if (operation === "DELETE") return validatePoolDelete(object as SpiderIPPool, facts);
      return operation === "CREATE"
        ? validatePoolCreate(object as SpiderIPPool, world, facts)
        : validatePoolUpdate(old as SpiderIPPool | undefined, object as SpiderIPPool, world, facts);
    case "SpiderSubnet":
      if (operation === "DELETE") return validateSubnetDelete(object as SpiderSubnet, facts);
      return operation === "CREATE"
        ? validateSubnetCreate(object as SpiderSubnet, world, facts)
        : validateSubnetUpdate(old as SpiderSubnet | undefined, object as SpiderSubnet, facts);
    case "SpiderReservedIP":
      if (operation === "DELETE") return undefined; // V6
      return operation === "CREATE"
        ? validateReservedCreate(object as SpiderReservedIP, facts)
        : validateReservedUpdate(old as SpiderReservedIP | undefined, object as SpiderReservedIP, facts);
    case "SpiderMultusConfig":
      if (operation === "DELETE") return undefined; // X11
      return validateMultus(old as SpiderMultusConfig | undefined, object as SpiderMultusConfig, world);
    case "SpiderCoordinator":
      return operation === "DELETE" ? undefined : validateCoordinator(object); // C1
    default:
      return undefined;
  }
}

/** The whole pipeline: mutate, then validate what came out; while the subnet feature is off nobody answers for subnets (F6). */
export function admit(request: Request, world: World, facts: SpiderpoolFacts): { object: KubeObject; denial?: Denial } {
  if (request.object.kind === "SpiderSubnet" && !facts.enableSpiderSubnet) {
    const message = "failed calling webhook: the SpiderSubnet feature is off, its webhook is not served";
    return { object: request.object, denial: { rule: "F6", reason: "Denied", message } };
  }
  const object = mutate(request, world, facts);
  const denial = validate({ ...request, object }, world, facts);
  return { object, denial };
}

/** Of a world, what a step looks at for a request: it says the same of one in which all else is left out. */
export function looksAt(step: "mutate" | "validate", { operation, object }: Request): readonly WorldPart[] {
  if (operation === "DELETE") return [];
  switch (object.kind) {
    case "SpiderIPPool":
      return step === "mutate" ? ["subnets"] : ["pools", "subnets"];
    case "SpiderSubnet":
      return step === "validate" && operation === "CREATE" ? ["pools", "subnets"] : [];
    case "SpiderMultusConfig":
      return step === "validate" ? ["networkAttachments"] : [];
    default:
      return [];
  }
}

/** A kind of stored objects, by its name in a world. */
export type WorldPart = keyof Omit<World, "index">;

function withSpec(object: KubeObject): KubeObject {
  return object.spec === undefined || object.spec === null ? { ...object, spec: {} } : object;
}

/** Explicitly empty optional lists and maps do not survive the webhook's re-serialising (M11). */
function reserialised(object: KubeObject): KubeObject {
  return { ...object, spec: withoutEmpty(object.spec) };
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, item]) => item !== undefined && item !== null && !isEmptyList(key, item),
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutEmpty(item)]));
}

function isEmptyList(key: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0 && key !== "master";
  return key === "matchLabels" && typeof value === "object" && Object.keys(value as object).length === 0;
}
