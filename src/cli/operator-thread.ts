import { resolve } from "node:path";
import { openLogger } from "../adapters/telemetry/logger.js";
import { runWorkSide } from "../operator/thread/work-side.js";
import { workHere } from "../operator/work-here.js";
import type { WatchableCluster } from "../ports/cluster.js";
import { systemClock } from "./clock.js";
import { connectCluster } from "./observe.js";
import { openLedger, type ThreadSettings } from "./operator.js";

// The thread of `spiderplan operator` that works while it leads; what it reads and plans keeps the first thread from nothing.
await runWorkSide<ThreadSettings>(async ({ settings, lead, metrics, deadlines, acquireLease, write }) => {
  const { options, cwd, env, identity } = settings;
  const stdout = { write: (text: string) => write("stdout", text) };
  const stderr = { write: (text: string) => write("stderr", text) };
  const io = { stdout, stderr, cwd, env, isTTY: false };
  const { logLevel: level, logFormat: format } = options;
  const logger = openLogger({ level, format, write: stdout.write }).with({ pod: identity });
  const cluster = (await connectCluster(io, options)) as WatchableCluster;
  return workHere(
    {
      cluster,
      clock: systemClock,
      logger,
      metrics,
      deadlines,
      acquireLease,
      dataDir: resolve(cwd, options.dataDir),
      spiderpoolNamespace: options.spiderpoolNamespace,
      identity,
      openLedger: () => openLedger(io, options.ledger, logger, metrics),
      env,
      allowInsecureGit: options.allowInsecureGit,
    },
    lead,
  );
});
