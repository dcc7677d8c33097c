import { isClusterError } from "../../core/cluster-error.js";
import type { PlanSyncStatus } from "../../core/plan-sync/plan-sync.generated.js";
import { formatBreakGlass, SWITCHES } from "../../core/plan-sync/switches.js";
import { readWish, type Wish } from "../../core/plan-sync/wish.js";
import { KINDS, type KubeObject } from "../../core/spiderpool/objects.js";
import type { Cluster } from "../../ports/cluster.js";
import { CliError } from "../io.js";

/** A PlanSync that writes for an install. */
export interface Living {
  readonly object: KubeObject;
  readonly wish: Wish;
  readonly status: PlanSyncStatus;
}

/** The PlanSync by which an operator keeps this install, if there is one that may write. */
export async function livePlanSync(cluster: Cluster, install: string): Promise<Living | undefined> {
  const [namespace, name, ...rest] = install.split("/");
  if (!namespace || !name || rest.length > 0) return undefined;
  try {
    const object = await cluster.get({ kind: KINDS.PlanSync, namespace, name });
    const wish = readWish(object);
    return wish.mode === "observe" ? undefined : { object, wish, status: (object.status ?? {}) as PlanSyncStatus };
  } catch (error) {
    // No such kind, no such object: nobody else keeps this install. Not allowed to look: the writer Lease still guards.
    if (isClusterError(error, "NotFound", "Forbidden")) return undefined;
    throw error;
  }
}

/** Two writers of one install would undo each other's work. @throws CliError with the ways out */
export function refuseBesideOperator({ wish }: Living): void {
  if (wish.suspended) return;
  throw new CliError(
    `install ${wish.key} is kept by PlanSync ${wish.key}: an operator would undo what this sync writes`,
    [
      `spiderplan sync ${wish.key}                      has the operator sync what is in Git`,
      `spiderplan suspend ${wish.key}                   makes it leave the cluster alone first`,
      `--break-glass TICKET --for 8h   writes now; the operator leaves these objects alone that long`,
    ],
  );
}

/** Has the operator leave objects alone for a while; those of a break-glass in force stay in it. */
export async function breakGlass(
  cluster: Cluster,
  { object, wish, status }: Living,
  glass: { readonly ticket: string; readonly by: string; readonly until: number; readonly objects: readonly string[] },
): Promise<void> {
  const before = wish.switches.breakGlass;
  const until = new Date(glass.until).toISOString();
  const objects = [...new Set([...(before?.objects ?? []), ...glass.objects])].sort();
  const revision =
    status.source === undefined ? "" : (status.lastAppliedRevision ?? status.lastAttemptedRevision ?? "");
  const text = formatBreakGlass({ ticket: glass.ticket, by: glass.by, until, revision, objects });
  if (text.length > LONGEST) {
    throw new CliError(
      `a break-glass over ${objects.length} objects is too much to remember; commit the change, or write a part of it with --only`,
    );
  }
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const annotations = { [SWITCHES.breakGlass]: text };
  await cluster.patch({ kind: KINDS.PlanSync, namespace, name }, { metadata: { uid, resourceVersion, annotations } });
}

/** All annotations of an object together may have 256 KiB. */
const LONGEST = 200_000;
