/**
 * The town of a tenant's soak in a process of its own, forked by stage.ts: an API server, Spiderpool and the controllers.
 * With the argument `real` the API server is a real one, where the tenant has a Role of its Namespace and nothing else.
 */
import { readFileSync } from "node:fs";
import { startEmbeddedCluster } from "../../../src/adapters/embedded/embedded-cluster.js";
import { systemClock } from "../../../src/cli/clock.js";
import { resolveFacts } from "../../../src/core/spiderpool/facts.js";
import { KINDS, type KubeObject } from "../../../src/core/spiderpool/objects.js";
import { startAgent } from "../../../src/players/agent.js";
import { startController } from "../../../src/players/controller.js";
import type { ClusterActor } from "../../../src/ports/cluster.js";
import { ACCESS_KINDS, RBAC } from "../access.js";
import { kubeconfigFile } from "../kubeconfig-file.js";
import { startRealPlayedCluster } from "../real-played-cluster.js";
import { HOSTILE, isOutOfQuota } from "./plans.js";
import { type TenantAccess, WRITTEN } from "./tenant.js";

/** What the town tells whoever forked it. */
export interface Town {
  /** File of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly tenant: TenantAccess;
}

process.send?.(process.argv[2] === "real" ? await realTown() : await embeddedTown());
// Whoever forked it may be killed.
process.once("disconnect", () => process.exit());

async function embeddedTown(): Promise<Town> {
  const cluster = await startEmbeddedCluster({ history: 5_000 });
  const actor = withinQuota(cluster.actor);
  const facts = resolveFacts({}, {});
  startController(actor, systemClock, { kubernetes: true, facts });
  startAgent(actor, systemClock, { facts });
  return { kubeconfig: kubeconfigFile(cluster.url), tenant: { server: cluster.url } };
}

async function realTown(): Promise<Town> {
  const { actor, server, kubeconfig, authority } = await startRealPlayedCluster(withinQuota);
  const metadata = { name: "tenant", namespace: HOSTILE };
  const kinds = WRITTEN.map((name) => KINDS[name]);
  const rules = kinds.map(({ apiVersion, plural }) => ({
    apiGroups: [apiVersion.includes("/") ? apiVersion.split("/")[0] : ""],
    resources: [plural],
    verbs: ["get", "list", "create", "patch", "delete"],
  }));
  await actor.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: HOSTILE } }, KINDS.Namespace);
  await actor.create({ apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules } as KubeObject, ACCESS_KINDS.Role!);
  const binding = {
    ...{ apiVersion: `${RBAC}/v1`, kind: "RoleBinding", metadata },
    roleRef: { apiGroup: RBAC, kind: "Role", name: metadata.name },
    subjects: [{ apiGroup: RBAC, kind: "User", name: "tenant" }],
  };
  await actor.create(binding as KubeObject, ACCESS_KINDS.RoleBinding!);
  const { certFile, keyFile } = authority.issue("tenant");
  const [ca, cert, key] = [authority.certFile, certFile, keyFile].map((file) => readFileSync(file, "utf8"));
  return { kubeconfig, tenant: { server, tls: { ca: ca!, cert: cert!, key: key! } } };
}

/**
 * What controllers make Pods of: a quota keeps the tenant's other workloads without any. Their templates and the Pods it
 * makes itself stand in the API all the same, which is what an operator reads.
 */
function withinQuota(all: ClusterActor): ClusterActor {
  const isSeen = ({ metadata }: KubeObject) => !isOutOfQuota(metadata);
  return new Proxy(all, {
    get: (target, key: keyof ClusterActor) => {
      if (key === "list")
        return async (...args: Parameters<ClusterActor["list"]>) => {
          const list = await target.list(...args);
          return { ...list, items: list.items.filter(isSeen) };
        };
      if (key === "watch")
        return async function* (...args: Parameters<ClusterActor["watch"]>) {
          for await (const event of target.watch(...args))
            if (event.type === "BOOKMARK" || isSeen(event.object)) yield event;
        };
      return (target[key] as (...args: unknown[]) => unknown).bind(target);
    },
  });
}
