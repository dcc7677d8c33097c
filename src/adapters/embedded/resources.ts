import { KINDS, type Kind, type KubeObject } from "../../core/spiderpool/objects.js";

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
  /** OpenAPI v3 schema of a kind defined by a CRD, for `kubectl explain`. */
  readonly schema: object | undefined;
}

/** What a CustomResourceDefinition says, as far as the server reads it. */
interface CrdSpec {
  names: { kind: string; singular?: string; shortNames?: string[]; categories?: string[] };
  versions: {
    subresources?: { status?: object; scale?: object };
    schema?: { openAPIV3Schema?: object };
    additionalPrinterColumns?: { name: string; type: string; jsonPath: string; priority?: number }[];
  }[];
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
  Lease: {},
  Secret: {},
  // Third-party kinds whose CRDs are not Spiderpool's: served without a schema.
  CloneSet: { shortNames: ["clone"], status: true, scale: true },
  NetworkAttachmentDefinition: { shortNames: ["net-attach-def"] },
  PlanSync: { shortNames: ["nps"], status: true },
};

const THIRD_PARTY = new Set(["CloneSet", "NetworkAttachmentDefinition", "PlanSync"]);

/**
 * Every kind the server serves, by kind name.
 * @param definitions Spiderpool's CustomResourceDefinitions
 * @param columns printer columns of the kinds that are no Spiderpool CRD
 */
export function resourcesOf(
  definitions: readonly KubeObject[],
  columns: Readonly<Record<string, readonly Column[]>>,
): ReadonlyMap<string, Resource> {
  const crds = new Map(definitions.map((crd) => [(crd.spec as CrdSpec).names.kind, crd.spec as CrdSpec] as const));
  const all = new Map<string, Resource>();
  for (const kind of Object.values(KINDS)) {
    const crd = crds.get(kind.kind);
    all.set(kind.kind, crd === undefined ? builtIn(kind, columns[kind.kind]) : custom(kind, crd));
  }
  return all;
}

function builtIn(kind: Kind, columns: readonly Column[] | undefined): Resource {
  const extra = BUILT_IN[kind.kind] ?? {};
  return {
    kind,
    ...groupVersion(kind),
    singular: kind.kind === "NetworkAttachmentDefinition" ? "network-attachment-definition" : kind.kind.toLowerCase(),
    shortNames: extra.shortNames ?? [],
    categories: extra.categories ?? [],
    status: extra.status ?? false,
    scale: extra.scale ?? false,
    custom: THIRD_PARTY.has(kind.kind),
    columns,
    schema: undefined,
  };
}

function custom(kind: Kind, crd: CrdSpec): Resource {
  const version = crd.versions[0];
  return {
    kind,
    ...groupVersion(kind),
    singular: crd.names.singular ?? kind.kind.toLowerCase(),
    shortNames: crd.names.shortNames ?? [],
    categories: crd.names.categories ?? [],
    status: version?.subresources?.status !== undefined,
    scale: version?.subresources?.scale !== undefined,
    custom: true,
    columns: version?.additionalPrinterColumns?.map((column) => ({ ...column, priority: column.priority ?? 0 })),
    schema: version?.schema?.openAPIV3Schema,
  };
}

function groupVersion(kind: Kind): { group: string; version: string } {
  const slash = kind.apiVersion.indexOf("/");
  return slash < 0
    ? { group: "", version: kind.apiVersion }
    : { group: kind.apiVersion.slice(0, slash), version: kind.apiVersion.slice(slash + 1) };
}
