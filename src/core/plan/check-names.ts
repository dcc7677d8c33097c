import { child, type Diagnostic, keyOf, type SourceRef } from "../diagnostics.js";
import type { Plan } from "./plan.js";
import { fail } from "./scope.js";

/** Names of objects spiderplan makes for all installs: the anchors of patterns, and the quarantines (DESIGN 4, 5). */
const OWN_NAMES = /^spiderplan-(none-v[46]$|quarantine-)/;

/** No object of a plan may be called like one of spiderplan's own: the two would overwrite each other for ever. */
export function checkOwnNames(plan: Plan, found: Diagnostic[]): void {
  const check = (what: string, name: string, at: SourceRef, about?: string) => {
    if (!OWN_NAMES.test(name)) return;
    fail({ at, about, found }, "SP2050", `${what} cannot be called ${name}: spiderplan keeps that name for itself`, {
      hint: "choose another name; spiderplan-none-v4, spiderplan-none-v6 and spiderplan-quarantine-* are taken",
    });
  };
  for (const { name, source } of plan.pools.values()) check("a pool", name, keyOf(source), `pool:${name}`);
  for (const { name, source } of plan.reserved.values()) check("a reservation", name, keyOf(source));
  for (const { name, objectName, source } of plan.subnets.values()) {
    const at = objectName === name ? keyOf(source) : child(source, "object");
    check("a subnet", objectName, at, `subnet:${name}`);
  }
  for (const workload of plan.workloads.values()) {
    for (const { ask, source } of workload.interfaces.values()) {
      if (ask.type !== "fixed" || ask.pool === undefined) continue;
      check("a kept pool", ask.pool, child(source, "fixed", "pool"), workload.name);
    }
  }
}
