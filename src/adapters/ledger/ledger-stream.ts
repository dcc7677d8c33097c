import type { Ledger } from "../../ports/ledger.js";
import type { Metrics } from "../../ports/telemetry.js";

/** A ledger on stdout, for whoever collects the lines of containers; it cannot tell what was written before. */
export function openLedgerStream(write: (line: string) => void, metrics: Metrics): Ledger {
  return {
    lastTime: undefined,
    append: async (lines) => {
      for (const line of lines) {
        write(`${JSON.stringify(line)}\n`);
        metrics.count("ledger_lines_total", { event: line.event });
      }
      return true;
    },
    close: async () => {},
  };
}
