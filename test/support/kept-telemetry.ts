import { openLogger } from "../../src/adapters/telemetry/logger.js";
import { openMetrics } from "../../src/adapters/telemetry/metrics.js";

/** The real log and metrics, kept for a test to look at. */
export function keptTelemetry() {
  const lines: string[] = [];
  const metrics = openMetrics();
  return {
    logger: openLogger({ level: "debug", format: "json", write: (line) => lines.push(line) }),
    metrics,
    /** Messages of the log, by level: `warn: ...`. */
    said: () =>
      lines.map((line) => {
        const { level, msg } = JSON.parse(line) as { level: string; msg: string };
        return `${level}: ${msg}`;
      }),
    logged: () => lines.join(""),
    /** The value of a series as it is written: `ledger_torn_lines_total` or `a_total{b="c"}`. */
    value: async (series: string) =>
      Number(
        (await metrics.text())
          .split("\n")
          .find((line) => line.startsWith(`spiderplan_${series} `))
          ?.split(" ")
          .at(-1),
      ),
  };
}
