import type { SpiderpoolFacts } from "../facts.js";
import { goFuse, goRange } from "../go-ip.js";
import { isTerminating, type SpiderReservedIP } from "../objects.js";
import { type Denial, type FieldError, forbidden, invalid, invalidObject, terminating } from "./denial.js";
import { familyError } from "./network-spec.js";

/** The mutating step on a reservation (M4): the family of the first entry, then fused entries; no finalizer, no label. */
export function mutateReserved(reserved: SpiderReservedIP): SpiderReservedIP {
  const [first] = reserved.spec.ips ?? [];
  if (isTerminating(reserved) || first === undefined) return reserved;
  const spec = { ...reserved.spec };
  spec.ipVersion ??= goRange(4, first) ? 4 : goRange(6, first) ? 6 : undefined;
  if (spec.ipVersion === undefined) return reserved;
  spec.ips = goFuse(spec.ipVersion, spec.ips!) ?? spec.ips;
  return { ...reserved, spec };
}

/** The validating step for a new reservation (V1-V4): no word about overlap or addresses in use (V3, V7). */
export function validateReservedCreate(reserved: SpiderReservedIP, facts: SpiderpoolFacts): Denial | undefined {
  return deny(reserved, specError(reserved, facts));
}

/** The validating step for a changed reservation. */
export function validateReservedUpdate(
  old: SpiderReservedIP | undefined,
  reserved: SpiderReservedIP,
  facts: SpiderpoolFacts,
): Denial | undefined {
  if (isTerminating(reserved)) {
    // V5: only the step into termination passes.
    return old !== undefined && isTerminating(old) ? terminating("V5", "ReservedIP") : undefined;
  }
  const [before, after] = [old?.spec.ipVersion, reserved.spec.ipVersion];
  if (before !== undefined && after !== undefined && before !== after) {
    return deny(reserved, forbidden("V1", "spec.ipVersion", "is not changeable"));
  }
  return deny(reserved, specError(reserved, facts));
}

function specError({ spec }: SpiderReservedIP, facts: SpiderpoolFacts): FieldError | undefined {
  const family = familyError(spec.ipVersion === undefined ? "V4" : "V1", spec.ipVersion, facts);
  if (family !== undefined) return family;
  const bad = (spec.ips ?? []).findIndex((entry) => goRange(spec.ipVersion!, entry) === undefined);
  return bad < 0
    ? undefined
    : invalid("V2", `spec.ips[${bad}]`, spec.ips![bad], `not an ascending IPv${spec.ipVersion} range`);
}

function deny(reserved: SpiderReservedIP, error: FieldError | undefined): Denial | undefined {
  return invalidObject("SpiderReservedIP", reserved.metadata.name, error === undefined ? [] : [error]);
}
