import type { ReadableMetrics } from "../adapters/telemetry/metrics.js";
import { lead } from "../app/leader.js";
import { ApiServerContact } from "./api-server-contact.js";
import { passOn } from "./hints.js";
import { hookRoutes, probeRoutes, startHttpServer } from "./http-server.js";
import { heldCell, holdFor } from "./thread/held-cell.js";
import { type WebhookSecrets, webhookReceiver } from "./webhooks/receiver.js";
import type { WebhookHint } from "./webhooks/webhook.js";
import type { Lead, StartWork, Work } from "./work.js";
import { type WorkOptions, workHere } from "./work-here.js";

/** How an operator is run. */
export interface OperatorOptions extends WorkOptions {
  readonly metrics: ReadableMetrics;
  /** The operator's own namespace: its election is held there. */
  readonly namespace: string;
  /** Webhooks come to `port`, which strangers may reach; probes and metrics have `probePort` to themselves. */
  readonly http: { readonly host: string; readonly port: number; readonly probePort: number };
  readonly webhookSecrets: () => WebhookSecrets;
  /** Begins the work when this process begins to lead; in this thread unless given. */
  readonly startWork?: StartWork;
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
  const startWork = options.startWork ?? ((leads: Lead) => workHere(options, leads));
  const cell = heldCell();
  let leading: Work | undefined;
  let failed: string | undefined;
  const onPush = async (hint: WebhookHint) => {
    const found = leading === undefined ? await passOn(hint, cluster, clock) : leading.hint(hint);
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
      onHeld: (until) => holdFor(cell, until === 0 ? 0 : until - clock.monotonic()),
      onWait: (leader) => logger.info({ leader }, "another replica leads"),
      onError: (error) => logger.warn({ error: error.message }, "the election cannot be held"),
      onStarted: async (lost, isHeld) => {
        metrics.set("leader", 1);
        leading = await startWork({ isHeld, cell });
        await leading.run(lost);
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
