import { type QuarantineRecord, recordsOf, recordsText } from "../../core/allocate/quarantine.js";
import type { Step } from "../../core/change/step.js";
import { isQuarantineStep } from "../../core/desired/quarantine-steps.js";
import { compareAddresses, familyOf } from "../../core/ip/address.js";
import { clip, type RangeSet, rangeSet, subtract } from "../../core/ip/range-set.js";
import { type KubeObject, OWN } from "../../core/spiderpool/objects.js";
import { timeText } from "../time-text.js";

/**
 * A step of the quarantine with the time its new rests begin: the decision leaves that open, so that what a person
 * approves does not contain the time (DESIGN 5). Any other step comes back as it is.
 * @param own the object as an earlier write of this run left it: rests that began there go on
 * @param now milliseconds since 1970
 */
export function startRest(step: Step, own: KubeObject | undefined, now: number): Step {
  if (step.action === "delete" || !isQuarantineStep(step)) return step;
  const since = timeText(now);
  const begun = own === undefined ? [] : recordsOf(own);
  const records = recordsOf(step.object).flatMap((record) =>
    record.since === "" ? start(record, begun, since) : record,
  );
  const text = recordsText(records);
  const object = annotated(step.object, text);
  if (step.patch === undefined) return { ...step, object };
  return { ...step, object, patch: annotated(step.patch as KubeObject, text) };
}

/** Addresses whose rest begins with this step, whose release therefore is still to come. */
export function beginningRest(step: Step): readonly QuarantineRecord[] {
  return isQuarantineStep(step) && step.action !== "delete"
    ? recordsOf(step.object).filter(({ since }) => since === "")
    : [];
}

function start(record: QuarantineRecord, begun: readonly QuarantineRecord[], since: string): QuarantineRecord[] {
  const { owner, range } = record;
  const known = begun
    .filter((one) => one.owner === owner && one.since !== "" && familyOf(one.range.first) === familyOf(range.first))
    .flatMap((one) => clip([one.range], [range]).map((part) => ({ ...one, range: part })))
    .sort((a, b) => compareAddresses(a.range.first, b.range.first));
  const rest: RangeSet = subtract([range], rangeSet(known.map((one) => one.range)));
  return [...known, ...rest.map((part) => ({ owner, range: part, since }))];
}

function annotated<T extends Pick<KubeObject, "metadata">>(object: T, text: string): T {
  const annotations = { ...object.metadata.annotations, [OWN.quarantine]: text };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
