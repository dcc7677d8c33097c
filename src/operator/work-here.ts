import { createHash } from "node:crypto";
import { openSourceRepository } from "../adapters/git/source-repository.js";
import { lockText } from "../adapters/plan-files/lock-text.js";
import { parseCache } from "../adapters/plan-files/parse-cache.js";
import { isPlanOrLockFile, loadPlanTree } from "../adapters/plan-files/plan-tree.js";
import { readSchedule } from "../adapters/schedule/cron.js";
import type { AcquireLease } from "../app/apply/apply.js";
import type { Deadlines } from "../app/plan-sync/deadlines.js";
import type { WatchTimes } from "../app/watch/backoff.js";
import { windowsAt } from "../core/plan-sync/windows.js";
import type { WatchableCluster } from "../ports/cluster.js";
import type { Ledger } from "../ports/ledger.js";
import type { PlanReader } from "../ports/plan-reader.js";
import type { Clock } from "../ports/runtime.js";
import type { Logger, Metrics } from "../ports/telemetry.js";
import { Controller } from "./controller.js";
import type { Lead, Work } from "./work.js";

/** What following PlanSyncs needs, in whichever thread. */
export interface WorkOptions {
  readonly cluster: WatchableCluster;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Local copies of repositories. */
  readonly dataDir: string;
  /** Where Spiderpool runs. */
  readonly spiderpoolNamespace: string;
  /** Unique to this process, for people too: the Pod's name. */
  readonly identity: string;
  /** Where it is written down who had which address; opened when this process begins to lead. */
  readonly openLedger: () => Promise<Ledger>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether repositories over http:// and file:// are followed too; for tests. */
  readonly allowInsecureGit?: boolean;
  readonly watchTimes?: Partial<WatchTimes>;
  /** Whether somebody cuts off what does not end. */
  readonly deadlines?: Deadlines;
  /** Takes the right to write where this thread does not keep Leases itself. */
  readonly acquireLease?: AcquireLease;
  /** Reads plans; with a memory of what was parsed before unless given. */
  readonly readPlan?: PlanReader;
}

/** Begins the work of the replica that leads, in this thread. */
export async function workHere(options: WorkOptions, { isHeld }: Lead): Promise<Work> {
  const { dataDir, env, allowInsecureGit = false, spiderpoolNamespace } = options;
  const ledger = await options.openLedger();
  const cache = parseCache();
  const controller = new Controller(
    {
      ...options,
      ledger,
      namespace: spiderpoolNamespace,
      repository: openSourceRepository({ dataDir, env, wanted: isPlanOrLockFile, allowInsecure: allowInsecureGit }),
      readPlan: options.readPlan ?? ((tree, contents) => loadPlanTree(tree, contents, cache)),
      lockText,
      sha256: (text) => createHash("sha256").update(text).digest("hex"),
      windowsAt: (windows, now) => windowsAt(windows, now, readSchedule),
    },
    isHeld,
  );
  return {
    hint: (hint) => controller.hint(hint),
    troubles: () => controller.troubles(),
    run: (signal) => controller.run(signal).finally(() => ledger.close()),
  };
}
