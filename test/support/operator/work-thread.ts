import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { connect } from "../../../src/adapters/kubernetes/connect.js";
import { openMetrics, type ReadableMetrics } from "../../../src/adapters/telemetry/metrics.js";
import { acquireWriterLease } from "../../../src/app/writer-lease.js";
import { systemClock } from "../../../src/cli/clock.js";
import { WORK_LIMITS, type WorkLimits, WorkThread } from "../../../src/operator/thread/work-thread.js";
import type { StartWork } from "../../../src/operator/work.js";
import type { WatchableCluster } from "../../../src/ports/cluster.js";
import { PROJECT } from "../cli.js";
import { keptTelemetry } from "../kept-telemetry.js";
import { workspace } from "../workspace.js";

/**
 * Work in a thread as `spiderplan operator` has it (dist must have been built), except that a plan with a file `never-read.yaml` is
 * read for ever, and one with a file `never-planned.yaml` planned for ever.
 */
export async function threadedWork(
  kubeconfig: string,
  dataDir: string,
  limits: Partial<WorkLimits> = {},
): Promise<{ readonly startWork: StartWork; readonly metrics: ReadableMetrics; readonly said: readonly string[] }> {
  const script = join(workspace(), "thread.mjs");
  const dist = (file: string) => JSON.stringify(pathToFileURL(join(PROJECT, "dist", file)).href);
  writeFileSync(
    script,
    `
    import { connect } from ${dist("adapters/kubernetes/connect.js")};
    import { parseCache } from ${dist("adapters/plan-files/parse-cache.js")};
    import { loadPlanTree } from ${dist("adapters/plan-files/plan-tree.js")};
    import { parseYamlDocuments } from ${dist("adapters/plan-files/yaml.js")};
    import { systemClock } from ${dist("cli/clock.js")};
    import { runWorkSide } from ${dist("operator/thread/work-side.js")};
    import { workHere } from ${dist("operator/work-here.js")};
    const forEver = () => { for (;;); };
    await runWorkSide(async (side) => {
      const { kubeconfig, dataDir } = side.settings;
      const cache = parseCache();
      const cluster = await connect({ kubeconfig, env: {}, parseYaml: (text) => parseYamlDocuments(text)[0] });
      const log = (level) => (fields, message) => side.write("stdout", level + " " + message + " " + JSON.stringify(fields) + "\\n");
      const logger = { debug: () => {}, info: log("info"), warn: log("warn"), error: log("error"), with: () => logger };
      return workHere({
        ...side, cluster, logger, clock: systemClock, dataDir,
        spiderpoolNamespace: "kube-system", identity: "thread",
        openLedger: async () => ({ lastTime: undefined, append: async () => true, close: async () => {} }),
        env: { PATH: process.env.PATH },
        readPlan: async (tree, contents) => {
          const has = (name) => tree.files.some(({ path }) => path === name);
          if (has("never-read.yaml")) forEver();
          const plan = await loadPlanTree(tree, contents, cache);
          return has("never-planned.yaml") ? { ...plan, lock: async () => forEver() } : plan;
        },
      }, side.lead);
    });
    `,
  );
  const metrics = openMetrics();
  const cluster = (await connect({ kubeconfig, env: {} })) as WatchableCluster;
  const { logger } = keptTelemetry();
  const said: string[] = [];
  const options = {
    script: pathToFileURL(script),
    settings: { kubeconfig, dataDir },
    clock: systemClock,
    logger,
    metrics,
    write: (_to: string, text: string) => {
      said.push(text);
      if (process.env.SHOW) process.stdout.write(text);
    },
    acquireLease: (lease: Parameters<typeof acquireWriterLease>[2]) => acquireWriterLease(cluster, systemClock, lease),
    limits: { ...WORK_LIMITS, ...limits },
  };
  return { metrics, said, startWork: async (lead) => new WorkThread(options, lead) };
}
