/** The town of a tenant's soak in a process of its own, forked by stage.ts: an API server, Spiderpool and the controllers. */
import { startEmbeddedCluster } from "../../../src/adapters/embedded/embedded-cluster.js";
import { systemClock } from "../../../src/cli/clock.js";
import { resolveFacts } from "../../../src/core/spiderpool/facts.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { startAgent } from "../../../src/players/agent.js";
import { startController } from "../../../src/players/controller.js";
import type { ClusterActor } from "../../../src/ports/cluster.js";
import { isOutOfQuota } from "./plans.js";

const cluster = await startEmbeddedCluster({ history: 5_000 });
const actor = withinQuota(cluster.actor);
const facts = resolveFacts({}, {});
startController(actor, systemClock, { kubernetes: true, facts });
startAgent(actor, systemClock, { facts });
process.send?.(cluster.url);
// Whoever forked it may be killed.
process.once("disconnect", () => process.exit());

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
