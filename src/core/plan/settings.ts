import type { Diagnostic } from "../diagnostics.js";
import { child } from "../diagnostics.js";
import type { SpiderpoolFacts } from "../spiderpool/facts.js";
import { doubled, type Entry } from "./collect.js";
import type { PlanSettings } from "./plan.generated.js";
import type { Settings } from "./plan.js";
import { compareText } from "./scope.js";

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const DEFAULTS = { quarantine: "24h", count: 5, percent: 20 };

/** Settings of all documents together, with their defaults; a setting given twice is an error. */
export function readSettings(entries: readonly Entry<PlanSettings>[], found: Diagnostic[]): Settings {
  const taken = new Map<string, { value: unknown; source: Entry<PlanSettings>["source"] }>();
  for (const { value, source } of entries) {
    for (const [path, leaf] of leaves(value)) {
      const here = child(source, ...path);
      const key = path.join(".");
      const first = taken.get(key);
      if (first === undefined) taken.set(key, { value: leaf, source: here });
      else doubled(`setting ${key}`, first.source, here, undefined, found);
    }
  }
  const facts = [...taken]
    .filter(([key]) => key.startsWith("spiderpool."))
    .map(([key, { value }]) => [key.slice("spiderpool.".length), value] as const)
    .sort(([a], [b]) => compareText(a, b));
  const trusted = taken.get("trustedNamespaces")?.value as readonly string[] | undefined;
  return {
    quarantineSeconds: seconds((taken.get("quarantine")?.value ?? DEFAULTS.quarantine) as string | number),
    pruneBudget: {
      count: (taken.get("pruneBudget.count")?.value ?? DEFAULTS.count) as number,
      percent: (taken.get("pruneBudget.percent")?.value ?? DEFAULTS.percent) as number,
    },
    spiderpool: Object.fromEntries(facts) as Partial<SpiderpoolFacts>,
    ...(trusted !== undefined && { trustedNamespaces: new Set(trusted) }),
  };
}

function* leaves(settings: PlanSettings): Generator<[string[], unknown]> {
  for (const [key, value] of Object.entries(settings)) {
    if (typeof value !== "object" || Array.isArray(value)) yield [[key], value];
    else for (const [inner, leaf] of Object.entries(value)) yield [[key, inner], leaf];
  }
}

function seconds(quarantine: string | number): number {
  const text = String(quarantine);
  return text === "0" ? 0 : Number(text.slice(0, -1)) * SECONDS[text.slice(-1)]!;
}
