import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { openLedgerFiles } from "../adapters/ledger/ledger-files.js";
import { openLedgerStream } from "../adapters/ledger/ledger-stream.js";
import { type LogFormat, type LogLevel, openLogger } from "../adapters/telemetry/logger.js";
import { openMetrics } from "../adapters/telemetry/metrics.js";
import { acquireWriterLease } from "../app/writer-lease.js";
import type { WatchableCluster } from "../ports/cluster.js";
import type { Ledger } from "../ports/ledger.js";
import type { Logger, Metrics } from "../ports/telemetry.js";
import { systemClock } from "./clock.js";
import type { Io } from "./io.js";
import { connectCluster } from "./observe.js";
import type { ClusterOptions } from "./options.js";
import { version } from "./version.js";

export interface OperatorCommandOptions extends Omit<ClusterOptions, "snapshot"> {
  readonly namespace: string;
  readonly spiderpoolNamespace: string;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly probePort: number;
  readonly webhookSecrets?: string;
  readonly ledger: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly allowInsecureGit: boolean;
}

/** What the thread that works is told: plain data. */
export interface ThreadSettings {
  readonly options: OperatorCommandOptions;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly identity: string;
}

/** `spiderplan operator`: follows every PlanSync of the cluster until SIGTERM, then hands over. */
export async function operatorCommand(io: Io, options: OperatorCommandOptions): Promise<number> {
  const { runOperator } = await import("../operator/operator.js");
  const { WorkThread } = await import("../operator/thread/work-thread.js");
  const logger = openLogger({
    level: options.logLevel,
    format: options.logFormat,
    write: (line) => io.stdout.write(line),
  });
  const metrics = openMetrics();
  metrics.set("build_info", 1, { version: await version() });
  const cluster = (await connectCluster(io, options)) as WatchableCluster;
  const ending = io.signal ?? new AbortController().signal;
  const identity = `${io.env.POD_NAME ?? hostname()}-${randomUUID().slice(0, 8)}`;
  const settings: ThreadSettings = { options, cwd: io.cwd, env: { ...io.env }, identity };
  await runOperator(
    {
      cluster,
      clock: systemClock,
      logger: logger.with({ pod: identity }),
      metrics,
      dataDir: resolve(io.cwd, options.dataDir),
      namespace: options.namespace,
      spiderpoolNamespace: options.spiderpoolNamespace,
      identity,
      http: { host: options.host, port: options.port, probePort: options.probePort },
      openLedger: () => openLedger(io, options.ledger, logger, metrics),
      webhookSecrets: () =>
        options.webhookSecrets === undefined ? {} : readSecrets(resolve(io.cwd, options.webhookSecrets)),
      env: io.env,
      startWork: async (lead) =>
        new WorkThread(
          {
            script: new URL("./operator-thread.js", import.meta.url),
            settings,
            clock: systemClock,
            logger: logger.with({ pod: identity }),
            metrics,
            write: (to, text) => io[to].write(text),
            acquireLease: (lease) => acquireWriterLease(cluster, systemClock, lease),
          },
          lead,
        ),
      allowInsecureGit: options.allowInsecureGit,
      onListening: ({ webhooks, probes }) =>
        logger.info({ url: webhooks, probes }, "serving webhooks, metrics and probes"),
    },
    ending,
  );
  return 0;
}

/** Files one a day in a folder, or lines among those of the log. */
export async function openLedger(
  io: Pick<Io, "cwd" | "stdout">,
  where: string,
  logger: Logger,
  metrics: Metrics,
): Promise<Ledger> {
  if (where !== "stdout") {
    return openLedgerFiles({ folder: resolve(io.cwd, where), sync: "rotate", logger, metrics });
  }
  return openLedgerStream((line) => io.stdout.write(line), metrics);
}

/** A file a source, named after it; each line a secret, so that a new one can be there before the old one goes. */
function readSecrets(folder: string): Record<string, readonly string[]> {
  const found: Record<string, readonly string[]> = {};
  for (const name of namesIn(folder)) {
    const lines = readFileSync(join(folder, name), "utf8").split(/\r?\n/);
    found[name] = lines.map((line) => line.trim()).filter((line) => line !== "");
  }
  return found;
}

/** A mounted Secret that is optional may be no folder at all. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith("."));
  } catch {
    return [];
  }
}
