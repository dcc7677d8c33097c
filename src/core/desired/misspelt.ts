import { workloadKey } from "../cluster/workload-of.js";
import type { Diagnostic } from "../diagnostics.js";
import type { Plan, Workload } from "../plan/plan.js";
import { compareText } from "../plan/scope.js";
import { nearest } from "../plan/suggest.js";
import type { Snapshot } from "../snapshot.js";

/**
 * Planned workloads that nobody runs while one of nearly that name runs that no plan knows: most likely a slip, or a
 * renaming without its `moved`. Planning a workload before it is there is ordinary and is not told.
 */
export function misspeltWorkloads(plan: Plan, snapshot: Snapshot): Diagnostic[] {
  const renamed = new Set((plan.moved ?? []).flatMap(({ from, to }) => [from, to]));
  const missing = [...plan.workloads.values()].filter(
    ({ name, kind }) => !snapshot.workloads.has(name) && !renamed.has(name) && snapshot.complete.has(plainKind(kind)),
  );
  if (missing.length === 0) return [];
  const strangers = [...snapshot.workloads.values()]
    .map((live) => ({ key: workloadKey(live), pods: wantedPods(live) }))
    .filter(({ key, pods }) => pods > 0 && !plan.workloads.has(key) && !renamed.has(key))
    .sort((a, b) => compareText(a.key, b.key));
  const near = strangersNear(strangers);
  return missing.flatMap((workload) => {
    const meant = near(workload);
    return meant === undefined ? [] : told(workload, meant.key, meant.pods);
  });
}

interface Stranger {
  readonly key: string;
  readonly pods: number;
}

/** Words that are compared in all: thousands of planned workloads beside thousands of strangers would cost the product. */
const COMPARISONS = 200_000;

/** Finds the first whose key differs from a planned one in one part alone, and there by a slip of the pen. */
function strangersNear(strangers: readonly Stranger[]): (planned: Workload) => Stranger | undefined {
  const byRest = new Map<string, { readonly stranger: Stranger; readonly real: string }[]>();
  for (const stranger of strangers) {
    for (const [rest, real] of parted(stranger.key.split("/"))) {
      const same = byRest.get(rest);
      if (same === undefined) byRest.set(rest, [{ stranger, real }]);
      else same.push({ stranger, real });
    }
  }
  let left = COMPARISONS;
  return ({ namespace, kind, workload }) => {
    const found = parted([namespace, kind, workload]).flatMap(([rest, written]) => {
      const candidates = byRest.get(rest) ?? [];
      left -= candidates.length;
      if (left < 0) return [];
      return candidates.find(({ real }) => written !== real && isSlip(written, real))?.stranger ?? [];
    });
    return found.sort((a, b) => compareText(a.key, b.key))[0];
  };
}

/** The parts of a key, each beside what is left of the key without it. */
function parted(parts: readonly string[]): (readonly [rest: string, part: string])[] {
  return parts.map((part, index) => [parts.map((one, i) => (i === index ? "" : one)).join("/"), part] as const);
}

/** Short names and those that differ in a number are other workloads as often as not: `web-1` and `web-2`, `api` and `app`. */
function isSlip(written: string, real: string): boolean {
  const letters = (text: string) => text.replace(/\d+/g, "");
  if (Math.min(written.length, real.length) < 4 || letters(written) === letters(real)) return false;
  return nearest(written, [real]) !== undefined;
}

function told(workload: Workload, live: string, pods: number): Diagnostic {
  return {
    code: "SP2606",
    severity: "warning",
    message: `there is no ${workload.name} in the cluster, but ${live} asks for ${pods === 1 ? "1 Pod" : `${pods} Pods`} and is not in the plan`,
    hint: `did you mean ${live}? If it is to be renamed, write moved: [{from: ${live}, to: ${workload.name}}]`,
    source: workload.source,
    about: workload.name,
  };
}

function wantedPods(live: { readonly kind: string; readonly spec?: unknown }): number {
  const { replicas } = (live.spec ?? {}) as { replicas?: number };
  return typeof replicas === "number" ? replicas : 1;
}

/** Kinds are read whole by their plain name. */
function plainKind(kind: string): string {
  return kind.split(".")[0] ?? kind;
}
