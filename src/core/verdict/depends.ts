import { type Owner, parseNicOwner, splitOwner, wholeNic } from "../allocate/owner.js";
import { type Step, stepKey } from "../change/step.js";
import { namesPool } from "../cluster/references.js";
import { isOwnReservationStep } from "../desired/promised.js";
import { overlaps, type RangeSet } from "../ip/range-set.js";
import { recordedOwner } from "../snapshot.js";
import { KINDS, type KubeObject, objectKey } from "../spiderpool/objects.js";
import { nested, podTemplatePath, valueAt } from "../spiderpool/pod-template.js";

/**
 * Why a step must not run because an earlier one did not: it needs that one's addresses, name or CIDR (DESIGN 7).
 * @returns undefined when it does not depend on it
 */
export function dependsOn(step: Step, undone: Step): string | undefined {
  const earlier = objectKey(undone.kind.kind, undone.namespace, undone.name);
  if (stepKey(step) === earlier) return `its earlier step was not carried out`;
  if (sameFamily(step, undone) && needsAddresses(step, undone)) return `it needs addresses ${earlier} still has`;
  if (needsRoom(step, undone)) return `it needs ${earlier}`;
  if (namesIt(step, undone)) return `it names ${earlier}`;
  if (needsRest(step, undone)) return `its addresses cannot rest in ${earlier}`;
  if (needsReturn(step, undone)) return `${earlier} has not taken the addresses back`;
  if (step.action === "delete" && replacedBy([undone])(step) !== undefined) return `${earlier} is to take its place`;
  return undefined;
}

/** A pool takes what another gives up; a subnet gives up what a pool should have given up before (U7, U9). */
function needsAddresses(step: Step, undone: Step): boolean {
  if (undone.kind !== KINDS.SpiderIPPool || undone.removed.length === 0) return false;
  if (step.kind === KINDS.SpiderIPPool) return overlaps(step.added, undone.removed);
  return step.action === "delete" ? cidrOf(step) === cidrOf(undone) : overlaps(step.removed, undone.removed);
}

/** A release is one unit: what cannot be reserved is not let go of, by a pool or by another quarantine (DESIGN 7). */
function needsRest(step: Step, undone: Step): boolean {
  const lets = step.kind === KINDS.SpiderIPPool || isOwnReservationStep(step);
  return lets && isOwnReservationStep(undone) && shared(step.removed, undone.added);
}

/** A return is one too: the owner's pool grows, then the addresses leave the quarantine (DESIGN 7). */
function needsReturn(step: Step, undone: Step): boolean {
  return isOwnReservationStep(step) && undone.kind === KINDS.SpiderIPPool && shared(step.removed, undone.added);
}

function shared(a: RangeSet, b: RangeSet): boolean {
  return typeof a[0]?.first === typeof b[0]?.first && overlaps(a, b);
}

/** A pool grows inside its subnet only (P17). */
function needsRoom(step: Step, undone: Step): boolean {
  if (undone.kind !== KINDS.SpiderSubnet || step.kind !== KINDS.SpiderIPPool) return false;
  return cidrOf(step) === cidrOf(undone) && overlaps(step.added, undone.added);
}

/** Annotations and networks name pools; a pool that closes must not be named any more by what was left undone. */
function namesIt(step: Step, undone: Step): boolean {
  if (undone.kind === KINDS.SpiderIPPool && undone.added.length > 0 && isNaming(step)) {
    return namesPool(written(step), undone.name);
  }
  const closes = step.kind === KINDS.SpiderIPPool && (step.action === "delete" || step.removed.length > 0);
  return closes && isNaming(undone) && undone.live !== undefined && namesPool(undone.live, step.name);
}

/** Whether a step is about an object that names pools: annotations and networks. */
export function isNaming(step: Step): boolean {
  return ![KINDS.SpiderIPPool, KINDS.SpiderSubnet, KINDS.SpiderReservedIP].some((kind) => kind === step.kind);
}

/** What a step writes of its object: a patch has the shape of the object. */
function written({ object, patch }: Step): KubeObject {
  const { apiVersion, kind, metadata } = object;
  if (patch === undefined) return object;
  const { namespace, name } = metadata;
  const { metadata: changed = {}, spec } = patch as { metadata?: object; spec?: unknown };
  const changes = { apiVersion, kind, metadata: { ...changed, namespace, name }, spec };
  const path = podTemplatePath(object);
  // A patch of annotations alone does not say that it is one of a Pod's template.
  const template = path && valueAt(patch, path);
  return path === undefined
    ? changes
    : { ...changes, ...nested(path, { spec: { containers: [] }, ...(template ?? {}) }) };
}

/**
 * A pool of a NIC goes once the new one of that NIC is there: without both its Pods would find none.
 * @returns for a step that deletes a pool, the new pool among those left undone
 */
export function replacedBy(undone: readonly Step[]): (step: Step) => string | undefined {
  const created = new Map<Owner, string>();
  for (const step of undone) {
    const nic = step.action === "create" ? nicOfPool(step) : undefined;
    if (nic !== undefined && !created.has(nic)) created.set(nic, step.name);
  }
  return (step) => (step.action === "delete" ? created.get(nicOfPool(step) ?? "") : undefined);
}

function nicOfPool({ kind, live, object }: Step): Owner | undefined {
  const recorded = kind === KINDS.SpiderIPPool ? recordedOwner(live ?? object) : undefined;
  const owner = recorded && splitOwner(recorded).owner;
  return owner && parseNicOwner(owner) && wholeNic(owner);
}

/** The CIDR a pool or subnet step is about. */
export function cidrOf(step: Step): string | undefined {
  const spec = (step.live?.spec ?? step.object.spec) as { subnet?: string } | undefined;
  return step.kind === KINDS.SpiderIPPool || step.kind === KINDS.SpiderSubnet ? spec?.subnet : undefined;
}

function sameFamily(a: Step, b: Step): boolean {
  return cidrOf(a)?.includes(":") === cidrOf(b)?.includes(":");
}
