import type { Trust } from "../allocate/trust.js";
import { namingsOf, patternsOf } from "../cluster/references.js";
import { podTemplate } from "../snapshot.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { hasSubnetAnnotation } from "../spiderpool/ipam/annotations.js";
import type { KubeObject } from "../spiderpool/objects.js";
import type { Judged } from "./judge.js";

/** Moves the idle templates that may hold nothing back to `untrusted`. */
export function passOver(judged: Judged, { idleHoldsBack }: Trust, facts: SpiderpoolFacts): Judged {
  const untrusted = judged.idle.filter(({ template }) => !idleHoldsBack(template, patternsIn(template, facts)));
  if (untrusted.length === 0) return judged;
  return { ...judged, untrusted, idle: judged.idle.filter((one) => !untrusted.includes(one)) };
}

/** The patterns by which a template names pools, where no auto pools come before (A1, A5). */
function patternsIn(template: KubeObject, facts: SpiderpoolFacts): string[] {
  if (facts.enableSpiderSubnet && hasSubnetAnnotation(podTemplate(template)?.metadata?.annotations ?? {})) return [];
  return namingsOf(template).flatMap((naming) =>
    naming.refused ? [] : patternsOf(naming).map(({ pattern }) => pattern),
  );
}
