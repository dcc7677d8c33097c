import { child, type Diagnostic, keyOf, type SourceRef } from "../diagnostics.js";
import type { Plan } from "./plan.js";
import { fail } from "./scope.js";

/** Names of objects spiderplan makes for all installs: the anchors of patterns, and the quarantines (DESIGN 4, 5). */
const OWN_NAMES = /^spiderplan-(none-v[46]$|(quarantine|promised)-)/;

/** Kubernetes' limits for an object's name, in characters, and for its annotations, in bytes. */
const LONGEST_NAME = 253;
const ALL_ANNOTATIONS = 256 * 1024;
/** What our own annotations may take beside `meta`. */
const OWN_ANNOTATIONS = 4 * 1024;

/** What no API server would store: names that are too long, and more `meta` than annotations may hold. */
export function checkSizes(plan: Plan, found: Diagnostic[]): void {
  const check = (what: string, { name, source, meta }: Entry, about?: string, objectName = name) => {
    const scope = { at: keyOf(source), about, found };
    const { length } = objectName.slice(objectName.lastIndexOf("/") + 1);
    if (length > LONGEST_NAME) {
      fail(scope, "SP1027", `the name of ${what} has ${length} characters; Kubernetes allows ${LONGEST_NAME}`, {
        hint: "choose a shorter name",
      });
    }
    const bytes = new TextEncoder().encode(JSON.stringify(meta)).length;
    if (bytes > ALL_ANNOTATIONS - OWN_ANNOTATIONS) {
      fail({ ...scope, at: child(source, "meta") }, "SP1026", `meta of ${what} has ${bytes} bytes`, {
        hint: "the annotations of an object hold 256 KiB in all: keep it under 252 KiB",
      });
    }
  };
  for (const pool of plan.pools.values()) check("a pool", pool, `pool:${pool.name}`);
  for (const one of plan.reserved.values()) check("a reservation", one);
  for (const one of plan.networks.values()) check("a network", one);
  for (const one of plan.namespaces.values()) check("a namespace", one);
  for (const one of plan.subnets.values()) check("a subnet", one, `subnet:${one.name}`, one.objectName);
  for (const one of plan.workloads.values()) {
    check("a workload", one, one.name);
    for (const { ask, source } of one.interfaces.values()) {
      if (ask.type !== "fixed" || ask.pool === undefined) continue;
      check("a kept pool", { name: ask.pool, source: child(source, "fixed", "pool"), meta: {} }, one.name);
    }
  }
}

interface Entry {
  readonly name: string;
  readonly source: SourceRef;
  readonly meta: Readonly<Record<string, string>>;
}

/** No object of a plan may be called like one of spiderplan's own: the two would overwrite each other for ever. */
export function checkOwnNames(plan: Plan, found: Diagnostic[]): void {
  const check = (what: string, name: string, at: SourceRef, about?: string) => {
    if (!OWN_NAMES.test(name)) return;
    fail({ at, about, found }, "SP2050", `${what} cannot be called ${name}: spiderplan keeps that name for itself`, {
      hint: "choose another name; spiderplan-none-v4, -v6, spiderplan-quarantine-* and spiderplan-promised-* are taken",
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
