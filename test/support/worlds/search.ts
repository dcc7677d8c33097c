import fc from "fast-check";
import { Violated } from "./findings.js";
import { type Feature, withFeatures } from "./life-spec.js";
import { type WorldSpec, worlds } from "./spec.js";
import { live } from "./world.js";

export interface SearchOptions {
  readonly count: number;
  readonly seed: number;
  /** The number of the first of these worlds that is lived, counted from 1. */
  readonly from?: number;
  /** What the worlds have besides; nothing by default, and then every number is the world it always was. */
  readonly features?: readonly Feature[];
  /** How long a counterexample may be made smaller, in milliseconds; as long as it takes by default. */
  readonly shrinkFor?: number;
  readonly onProgress?: (line: string) => void;
}

export interface SearchResult {
  /** `worlds 1000 (seed 7), events ..., blocked ..., 55 worlds/s`. */
  readonly summary: string;
  readonly worlds: number;
  /** The smallest world that breaks a promise, and which one; undefined if none did. */
  readonly counterexample: string | undefined;
}

const PROGRESS_EVERY = 500;

/** Lives random worlds until one breaks a promise, then makes that one as small as it can. */
export async function search({
  count,
  seed,
  from = 1,
  features = [],
  shrinkFor,
  onProgress,
}: SearchOptions): Promise<SearchResult> {
  const totals = { worlds: 0, events: 0, syncs: 0, blocked: 0, refused: 0 };
  const started = performance.now();
  const summary = () => {
    const seconds = (performance.now() - started) / 1000;
    return `worlds ${totals.worlds} (seed ${seed}), events ${totals.events}, syncs ${totals.syncs}, blocked ${totals.blocked}, plans refused ${totals.refused}, ${(totals.worlds / seconds).toFixed(0)} worlds/s`;
  };
  let failedAt: number | undefined;
  const property = fc.asyncProperty(withFeatures(worlds, features), async (spec: WorldSpec) => {
    // Time is up: whatever would be smaller still counts as fine.
    if (failedAt !== undefined && performance.now() - failedAt > (shrinkFor ?? Number.POSITIVE_INFINITY)) return;
    try {
      const told = await live(spec);
      if (failedAt !== undefined) return;
      totals.worlds++;
      for (const key of ["events", "syncs", "blocked", "refused"] as const) totals[key] += told[key];
      if (totals.worlds % PROGRESS_EVERY === 0) onProgress?.(summary());
    } catch (error) {
      failedAt ??= performance.now();
      throw error;
    }
  });
  const details = await fc.check(property, { numRuns: count, seed, path: String(from - 1) });
  if (!details.failed) return { summary: summary(), worlds: totals.worlds, counterexample: undefined };
  const error = details.errorInstance;
  const text = error instanceof Violated ? error.message : String((error as Error | undefined)?.stack ?? error);
  const counterexample = `violated by world ${from - 1 + details.numRuns}, ${details.numShrinks} times made smaller:\n${text}\n\nworld: ${JSON.stringify(details.counterexample?.[0])}`;
  return { summary: summary(), worlds: totals.worlds, counterexample };
}
