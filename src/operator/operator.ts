import { createHash } from "node:crypto";
import { openSourceRepository } from "../adapters/git/source-repository.js";
import { lockText } from "../adapters/plan-files/lock-text.js";
import { parseCache } from "../adapters/plan-files/parse-cache.js";
import { isPlanOrLockFile, loadPlanTree } from "../adapters/plan-files/plan-tree.js";
import { readSchedule } from "../adapters/schedule/cron.js";
import type { ReadableMetrics } from "../adapters/telemetry/metrics.js";
import { lead } from "../app/leader.js";
import type { WatchTimes } from "../app/watch/backoff.js";
import { windowsAt } from "../core/plan-sync/windows.js";
import type { WatchableCluster } from "../ports/cluster.js";
import type { Ledger } from "../ports/ledger.js";
import type { Clock } from "../ports/runtime.js";
import type { Logger } from "../ports/telemetry.js";
import { ApiServerContact } from "./api-server-contact.js";
import { Controller } from "./controller.js";
import type { ControllerOptions } from "./controller-options.js";
import { passOn } from "./hints.js";
import { hookRoutes, probeRoutes, startHttpServer } from "./http-server.js";
import { type WebhookSecrets, webhookReceiver } from "./webhooks/receiver.js";
import type { WebhookHint } from "./webhooks/webhook.js";

/** How an operator is run. */
export interface OperatorOptions {
  readonly cluster: WatchableCluster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ReadableMetrics;
  /** Local copies of repositories. */
  readonly dataDir: string;
  /** The operator's own namespace: its election is held there. */
  readonly namespace: string;
  /** Where Spiderpool runs. */
  readonly spiderpoolNamespace: string;
  /** Unique to this process, for people too: the Pod's name. */
  readonly identity: string;
  /** Webhooks come to `port`, which strangers may reach; probes and metrics have `probePort` to themselves. */
  readonly http: { readonly host: string; readonly port: number; readonly probePort: number };
  /** Where it is written down who had which address; opened when this process begins to lead. */
  readonly openLedger: () => Promise<Ledger>;
  readonly webhookSecrets: () => WebhookSecrets;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether repositories over http:// and file:// are followed too; for tests. */
  readonly allowInsecureGit?: boolean;
  readonly watchTimes?: Partial<WatchTimes>;
  /** Told where its servers listen. */
  readonly onListening?: (urls: ListeningUrls) => void;
}

/** Where an operator serves. */
export interface ListeningUrls {
  readonly webhooks: string;
  /** `/healthz`, `/readyz`, `/metrics`. */
  readonly probes: string;
}

/** Name of the Lease by which operators of one namespace agree on who works. */
const ELECTION = "spiderplan-operator";

/**
 * Runs the operator until the signal aborts: serves probes, metrics and webhooks from the start, and follows PlanSyncs while it
 * leads. Writes under way finish before it hands over.
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { cluster, clock, logger, metrics } = options;
  let leading: Controller | undefined;
  let failed: string | undefined;
  const onPush = async (hint: WebhookHint) => {
    const found = leading?.hint(hint) ?? (await passOn(hint, cluster, clock));
    logger.info({ repositories: hint.repoURLs, plansyncs: found }, "a forge tells of a push");
  };
  const { host, port, probePort } = options.http;
  const contact = new ApiServerContact(clock);
  const probes = await startHttpServer({
    host,
    port: probePort,
    routes: probeRoutes({
      health: () => ({ ok: failed === undefined, reasons: failed === undefined ? [] : [failed] }),
      // A replica that waits to lead is ready: it takes webhooks, and takes over.
      ready: () => {
        const reasons = [...contact.troubles(), ...(leading?.troubles() ?? [])];
        return { ok: reasons.length === 0, reasons };
      },
      metricsText: () => metrics.text(),
    }),
    logger,
  });
  const hooks = await startHttpServer({
    host,
    port,
    routes: hookRoutes(webhookReceiver({ secrets: options.webhookSecrets, onPush, clock, metrics, logger })),
    logger,
  }).catch(async (error: unknown) => {
    await probes.close();
    throw error;
  });
  options.onListening?.({ webhooks: hooks.url, probes: probes.url });
  metrics.set("leader", 0);
  try {
    await lead(contact.through(cluster), clock, {
      namespace: options.namespace,
      name: ELECTION,
      identity: options.identity,
      signal,
      onWait: (leader) => logger.info({ leader }, "another replica leads"),
      onError: (error) => logger.warn({ error: error.message }, "the election cannot be held"),
      onStarted: async (lost, isHeld) => {
        metrics.set("leader", 1);
        const ledger = await options.openLedger();
        leading = new Controller({ ...controllerOptions(options), ledger }, isHeld);
        await leading.run(lost).finally(() => ledger.close());
      },
      onStopped: () => {
        metrics.set("leader", 0);
        leading = undefined;
        logger.info({}, "leads no more");
      },
    });
  } catch (error) {
    failed = error instanceof Error ? error.message : String(error);
    throw error;
  } finally {
    await Promise.all([hooks.close(), probes.close()]);
  }
}

function controllerOptions(options: OperatorOptions): Omit<ControllerOptions, "ledger"> {
  const { dataDir, env, allowInsecureGit = false, spiderpoolNamespace } = options;
  const cache = parseCache();
  return {
    ...options,
    namespace: spiderpoolNamespace,
    repository: openSourceRepository({ dataDir, env, wanted: isPlanOrLockFile, allowInsecure: allowInsecureGit }),
    readPlan: (tree, contents) => loadPlanTree(tree, contents, cache),
    lockText,
    sha256: (text) => createHash("sha256").update(text).digest("hex"),
    windowsAt: (windows, now) => windowsAt(windows, now, readSchedule),
  };
}
