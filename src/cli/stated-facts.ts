import { type ObserveOptions, planNeeds } from "../app/observe.js";
import { mergeRead } from "../app/plan-run.js";
import type { SpiderpoolFacts } from "../core/spiderpool/facts.js";
import type { Io } from "./io.js";
import { openPlan } from "./plan-source.js";

/** What a plan folder tells of Spiderpool, and what to look at in a cluster for it. */
export interface StatedFacts {
  readonly facts: Partial<SpiderpoolFacts>;
  readonly needs: ObserveOptions;
}

/** A question needs no plan, but one may tell what the cluster does not: the cluster network of A9 above all. */
export async function statedFacts(
  io: Io,
  options: { readonly path?: string; readonly cluster?: string },
): Promise<StatedFacts> {
  if (options.path === undefined) return { facts: {}, needs: {} };
  const { loaded } = await openPlan(io, options.path);
  const plan = mergeRead(loaded.documents, loaded.diagnostics, options.cluster).value;
  return { facts: plan?.settings.spiderpool ?? {}, needs: planNeeds(loaded.documents) };
}
