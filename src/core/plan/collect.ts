import type { Diagnostic, SourceRef } from "../diagnostics.js";
import { child, keyOf } from "../diagnostics.js";
import type { NetworkPlanSpec, PlanSettings } from "./plan.generated.js";
import { compareText, fail } from "./scope.js";

/** One document of a plan file, already valid by the schema. */
export interface PlanDocument {
  readonly file: string;
  /** 0 for the first document of the file. */
  readonly index: number;
  readonly spec: NetworkPlanSpec;
}

/** One named entry and where it stands. */
export interface Entry<T> {
  readonly name: string;
  readonly value: T;
  readonly source: SourceRef;
}

/** Sections of a plan that are maps by name. */
export const SECTIONS = ["subnets", "reserved", "networks", "pools", "namespaces", "workloads"] as const;
export type Section = (typeof SECTIONS)[number];

/** What the documents say together; entries in key order, each name once. */
export type Collected = {
  readonly [S in Section]: readonly Entry<NonNullable<NetworkPlanSpec[S]>[string]>[];
} & {
  readonly settings: readonly Entry<PlanSettings>[];
};

/**
 * Joins documents, in whatever order they come. A name that stands twice is an error which shows both places; the one
 * in the first file by name counts.
 */
export function collect(documents: readonly PlanDocument[], found: Diagnostic[]): Collected {
  const ordered = [...documents].sort((a, b) => compareText(a.file, b.file) || a.index - b.index);
  const section = <S extends Section>(name: S) => {
    const entries = new Map<string, Entry<NonNullable<NetworkPlanSpec[S]>[string]>>();
    for (const document of ordered) {
      const values = (document.spec[name] ?? {}) as Record<string, NonNullable<NetworkPlanSpec[S]>[string]>;
      for (const [key, value] of Object.entries(values)) {
        const source = child(root(document), "spec", name, key);
        const first = entries.get(key);
        if (first === undefined) entries.set(key, { name: key, value, source });
        else doubled(`${SINGULAR[name]} ${key}`, first.source, source, ABOUT[name](key), found);
      }
    }
    return [...entries.values()].sort((a, b) => compareText(a.name, b.name));
  };
  return {
    settings: ordered.flatMap((document) =>
      document.spec.settings === undefined
        ? []
        : [{ name: "settings", value: document.spec.settings, source: child(root(document), "spec", "settings") }],
    ),
    subnets: section("subnets"),
    reserved: section("reserved"),
    networks: section("networks"),
    pools: section("pools"),
    namespaces: section("namespaces"),
    workloads: section("workloads"),
  };
}

/** The root of a document. */
export function root(document: PlanDocument): SourceRef {
  return { file: document.file, document: document.index, pointer: "" };
}

/** Notes a name that was declared before. */
export function doubled(
  what: string,
  first: SourceRef,
  again: SourceRef,
  about: string | undefined,
  found: Diagnostic[],
): void {
  const where = first.file === again.file ? "this file" : first.file;
  fail({ at: keyOf(again), about, found }, "SP2001", `${what} is declared twice, before in ${where}`, {
    hint: "keep one of the two, or rename one",
    related: [{ note: "first declared at", source: keyOf(first) }],
  });
}

const SINGULAR: Record<Section, string> = {
  subnets: "subnet",
  reserved: "reservation",
  networks: "network",
  pools: "pool",
  namespaces: "namespace",
  workloads: "workload",
};

const ABOUT: Record<Section, (key: string) => string | undefined> = {
  subnets: (key) => `subnet:${key}`,
  reserved: () => undefined,
  networks: () => undefined,
  pools: (key) => `pool:${key}`,
  namespaces: () => undefined,
  workloads: (key) => key,
};
