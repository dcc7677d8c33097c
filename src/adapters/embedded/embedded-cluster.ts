import { PLAN_SYNC } from "../../core/plan-sync/plan-sync-kind.generated.js";
import type { SpiderpoolFacts } from "../../core/spiderpool/facts.js";
import type { KubeObject } from "../../core/spiderpool/objects.js";
import { KIND_DESCRIPTIONS } from "../../core/spiderpool/schemas.generated.js";
import type { ClusterActor } from "../../ports/cluster.js";
import { inProcessActor } from "./actor.js";
import { Api } from "./api.js";
import { COLUMNS } from "./columns.js";
import { Collector } from "./garbage.js";
import { type Intercept, serveHttp } from "./http-server.js";
import { resourcesOf } from "./resources.js";
import { factsOf, seed } from "./seed.js";
import { Webhooks } from "./spiderpool.js";
import { Store } from "./store.js";

export interface EmbeddedOptions {
  /** What the cluster holds at first, in any order; stored as given, status included, without admission. */
  readonly objects?: readonly KubeObject[];
  /** How Spiderpool is configured, over the chart's defaults (F1). */
  readonly facts?: Partial<SpiderpoolFacts>;
  /** Port on the loopback interface; a free one by default. */
  readonly port?: number;
  /** Looks at every write that comes over HTTP and may spoil it: fault injection for tests. */
  readonly intercept?: Intercept;
  /** How many writes a watch may be behind before it is told 410 Gone. */
  readonly history?: number;
  /** Milliseconds since 1970; the wall clock by default. */
  readonly now?: () => number;
}

/** An in-process stand-in for a cluster with Spiderpool: for demos and tests, not for production. */
export interface EmbeddedCluster {
  readonly url: string;
  /** A kubeconfig for it, as YAML text. */
  readonly kubeconfig: string;
  /** The same API without the wire, for the players. */
  readonly actor: ClusterActor;
  /** Requests over HTTP so far. */
  requests(): number;
  /** Those of them that write. */
  writes(): number;
  stop(): Promise<void>;
}

/** Starts an API server on loopback that serves the kinds of `KINDS` with Spiderpool's admission (DESIGN 10). */
export async function startEmbeddedCluster(options: EmbeddedOptions = {}): Promise<EmbeddedCluster> {
  const now = options.now ?? Date.now;
  const store = new Store(options.history);
  const objects = options.objects ?? [];
  const facts = factsOf(objects, options.facts ?? {});
  const resources = resourcesOf([...KIND_DESCRIPTIONS, PLAN_SYNC], COLUMNS);
  const api = new Api(store, resources, new Webhooks(store, facts), now);
  seed(api, objects);
  const collector = new Collector(api);
  const server = await serveHttp(api, options.port ?? 0, options.intercept);
  return {
    url: server.url,
    kubeconfig: kubeconfigFor(server.url),
    actor: inProcessActor(api, "spiderplan-players"),
    requests: server.requests,
    writes: server.writes,
    stop: async () => {
      collector.stop();
      await server.stop();
    },
  };
}

function kubeconfigFor(url: string): string {
  return [
    "apiVersion: v1",
    "kind: Config",
    "clusters:",
    `- {name: spiderplan-embedded, cluster: {server: "${url}"}}`,
    "users:",
    "- {name: spiderplan-embedded, user: {token: embedded}}",
    "contexts:",
    "- {name: spiderplan-embedded, context: {cluster: spiderplan-embedded, user: spiderplan-embedded}}",
    "current-context: spiderplan-embedded",
    "",
  ].join("\n");
}
