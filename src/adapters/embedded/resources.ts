import { KINDS, type Kind, type KubeObject } from "../../core/spiderpool/objects.js";
import type { KindDescription } from "../../core/spiderpool/structural-schema.js";

/** One column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** Where the cell comes from; kinds of Kubernetes itself have a function instead. */
  readonly jsonPath?: string;
  readonly cell?: (object: KubeObject, now: number) => unknown;
  /** 0 = always shown, more = only with `-o wide`. */
  readonly priority: number;
}

/** One kind as the server serves it. */
export interface Resource {
  readonly kind: Kind;
  readonly group: string;
  readonly version: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Has a status subresource: plain writes leave `status` alone, `/status` writes nothing else. */
  readonly status: boolean;
  readonly scale: boolean;
  /** Defined by a CRD: no strategic merge patch, updates must carry a resourceVersion. */
  readonly custom: boolean;
  readonly columns: readonly Column[] | undefined;
  /** What a kind defined by a CRD looks like; third-party kinds have none. */
  readonly description: KindDescription | undefined;
}

interface Extra {
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly status?: boolean;
  readonly scale?: boolean;
}

const BUILT_IN: Readonly<Record<string, Extra>> = {
  Namespace: { shortNames: ["ns"], status: true },
  Node: { shortNames: ["no"], status: true },
  Pod: { shortNames: ["po"], categories: ["all"], status: true },
  ConfigMap: { shortNames: ["cm"] },
  Event: { shortNames: ["ev"] },
  Deployment: { shortNames: ["deploy"], categories: ["all"], status: true, scale: true },
  ReplicaSet: { shortNames: ["rs"], categories: ["all"], status: true, scale: true },
  StatefulSet: { shortNames: ["sts"], categories: ["all"], status: true, scale: true },
  DaemonSet: { shortNames: ["ds"], categories: ["all"], status: true },
  Job: { categories: ["all"], status: true },
  CronJob: { shortNames: ["cj"], categories: ["all"], status: true },
  ControllerRevision: {},
  Lease: {},
  Secret: {},
  // A third-party kind: served without a schema.
  CloneSet: { shortNames: ["clone"], status: true, scale: true },
};

const THIRD_PARTY = new Set(["CloneSet"]);

/**
 * Every kind the server serves, by kind name.
 * @param descriptions of the kinds that CRDs define
 * @param columns printer columns of the other kinds
 */
export function resourcesOf(
  descriptions: readonly KindDescription[],
  columns: Readonly<Record<string, readonly Column[]>>,
): ReadonlyMap<string, Resource> {
  const described = new Map(descriptions.map((description) => [description.kind, description]));
  const all = new Map<string, Resource>();
  for (const kind of Object.values(KINDS)) {
    const description = described.get(kind.kind);
    all.set(kind.kind, description === undefined ? builtIn(kind, columns[kind.kind]) : custom(kind, description));
  }
  return all;
}

function builtIn(kind: Kind, columns: readonly Column[] | undefined): Resource {
  const extra = BUILT_IN[kind.kind] ?? {};
  return {
    kind,
    ...groupVersion(kind),
    singular: kind.kind.toLowerCase(),
    shortNames: extra.shortNames ?? [],
    categories: extra.categories ?? [],
    status: extra.status ?? false,
    scale: extra.scale ?? false,
    custom: THIRD_PARTY.has(kind.kind),
    columns,
    description: undefined,
  };
}

function custom(kind: Kind, description: KindDescription): Resource {
  const columns = description.printerColumns.map((column) => ({ ...column, priority: column.priority ?? 0 }));
  return {
    kind,
    ...groupVersion(kind),
    singular: description.singular,
    shortNames: description.shortNames,
    categories: description.categories,
    status: description.statusSubresource,
    scale: false,
    custom: true,
    columns: columns.length > 0 ? columns : undefined,
    description,
  };
}

function groupVersion(kind: Kind): { group: string; version: string } {
  const slash = kind.apiVersion.indexOf("/");
  return slash < 0
    ? { group: "", version: kind.apiVersion }
    : { group: kind.apiVersion.slice(0, slash), version: kind.apiVersion.slice(slash + 1) };
}
