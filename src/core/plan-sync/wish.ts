import type { KubeObject } from "../spiderpool/objects.js";
import { parseDuration } from "./duration.js";
import type { PlanSync, SourceReference, SyncWindow } from "./plan-sync.generated.js";
import { readSwitches, type Switches } from "./switches.js";

/** What a PlanSync asks for, every default filled in. Times in milliseconds. */
export interface Wish {
  /** `namespace/name`: also the install its objects carry. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly source: WishedSource;
  readonly cluster: string | undefined;
  readonly mode: "observe" | "manual" | "automated";
  readonly prune: boolean;
  readonly selfHeal: boolean;
  readonly atomic: boolean;
  readonly windows: readonly SyncWindow[];
  readonly approvalValidFor: number;
  readonly pruneBudget: { readonly count: number; readonly percent: number } | undefined;
  readonly retry: { readonly limit: number; readonly first: number; readonly factor: number; readonly longest: number };
  readonly lock: "git" | "cluster";
  readonly deletionPolicy: "orphan" | "delete";
  /** Whether the spec or an annotation suspends it. */
  readonly suspended: boolean;
  readonly switches: Switches;
}

export interface WishedSource {
  readonly repoURL: string;
  readonly ref: SourceReference;
  readonly path: string;
  readonly interval: number;
  readonly timeout: number;
  readonly secretName: string | undefined;
  readonly verify: { readonly mode: "HEAD" | "Tag" | "TagAndHEAD"; readonly secretName: string } | undefined;
}

/** The shortest time between two looks at a repository. */
const SHORTEST_INTERVAL = 5_000;

/** Reads a PlanSync as the API server stores it; what its schema already refuses is not told again. */
export function readWish(object: KubeObject): Wish {
  const { namespace = "", name, generation = 0, annotations } = object.metadata;
  const { spec } = object as unknown as PlanSync;
  const { source, sync = {} } = spec;
  const switches = readSwitches(annotations);
  const { retry = {}, pruneBudget } = sync;
  const { backoff = {} } = retry;
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    generation,
    source: {
      repoURL: source.repoURL,
      ref: source.ref,
      path: (source.path ?? "").replace(/^(\.?\/)+|\/+$/g, ""),
      interval: Math.max(SHORTEST_INTERVAL, span(source.interval, 30_000)),
      timeout: span(source.timeout, 60_000),
      secretName: source.secretRef?.name,
      verify: source.verify && { mode: source.verify.mode ?? "HEAD", secretName: source.verify.secretRef.name },
    },
    cluster: spec.cluster || undefined,
    mode: sync.mode ?? "observe",
    prune: sync.prune ?? false,
    selfHeal: sync.selfHeal ?? true,
    atomic: sync.atomic ?? false,
    windows: sync.windows ?? [],
    approvalValidFor: span(sync.approval?.validFor, 86_400_000),
    pruneBudget: pruneBudget && { count: pruneBudget.count ?? 5, percent: pruneBudget.percent ?? 20 },
    retry: {
      limit: retry.limit ?? 5,
      first: span(backoff.duration, 5_000),
      factor: backoff.factor ?? 2,
      longest: span(backoff.maxDuration, 180_000),
    },
    lock: spec.lock ?? "git",
    deletionPolicy: spec.deletionPolicy ?? "orphan",
    suspended: (sync.suspend ?? false) || switches.suspended,
    switches,
  };
}

function span(text: string | undefined, otherwise: number): number {
  return (text === undefined ? undefined : parseDuration(text)) ?? otherwise;
}
