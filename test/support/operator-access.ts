import { execFileSync, spawnSync } from "node:child_process";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import { isClusterError } from "../../src/core/cluster-error.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { ACCESS_KINDS, kubeconfigOf } from "./access.js";
import { PROJECT } from "./cli.js";
import type { RealCluster } from "./real-apiserver.js";

/** Where deploy/ puts the operator, and as whom it runs. */
export const OPERATOR = { namespace: "spiderplan-system", serviceAccount: "spiderplan-operator" } as const;

export const kubectlMissing = spawnSync("kubectl", ["version", "--client"]).status !== 0;

/** What `kubectl kustomize deploy/FOLDER` prints. */
export function kustomized(folder: string): KubeObject[] {
  const text = execFileSync("kubectl", ["kustomize", path.join(PROJECT, "deploy", folder)], { encoding: "utf8" });
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

/** What the operator is given beyond deploy/observe or deploy/sync. */
export interface FurtherAccess {
  /** Namespaces, already there, to which deploy/sources is applied, and with `sync` deploy/locks. */
  readonly planSyncs?: readonly string[];
  /** Namespaces, already there, to which deploy/annotate is applied. */
  readonly annotate?: readonly string[];
}

/**
 * Gives the operator exactly what deploy/observe or deploy/sync gives it; what is there already stays.
 * @returns file of a kubeconfig of its ServiceAccount
 */
export async function operatorAccess(
  cluster: RealCluster,
  level: "observe" | "sync",
  { planSyncs = [], annotate = [] }: FurtherAccess = {},
): Promise<string> {
  const inNamespaces = (folder: string, namespaces: readonly string[]) =>
    namespaces.flatMap((namespace) =>
      kustomized(folder).map((object) => ({ ...object, metadata: { ...object.metadata, namespace } })),
    );
  const objects = [
    ...kustomized(level),
    ...inNamespaces("sources", planSyncs),
    ...(level === "sync" ? inNamespaces("locks", planSyncs) : []),
    ...inNamespaces("annotate", annotate),
  ];
  for (const object of objects) {
    const kind = object.kind === "Namespace" ? KINDS.Namespace : ACCESS_KINDS[object.kind];
    if (kind === undefined) continue;
    await cluster.actor.create(object, kind).catch((error: unknown) => {
      if (!isClusterError(error, "AlreadyExists")) throw error;
    });
  }
  const { namespace, serviceAccount } = OPERATOR;
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  return kubeconfigOf(cluster, `system:serviceaccount:${namespace}:${serviceAccount}`, groups);
}
