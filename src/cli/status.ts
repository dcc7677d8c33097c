import { statusCsv, statusDocument, statusText } from "../app/report/status-report.js";
import { type StatusFilter, status } from "../core/query/status.js";
import type { Io } from "./io.js";
import { observeAny } from "./observe.js";
import type { ClusterOptions, OutputOptions } from "./options.js";
import { serialize } from "./serialize.js";

/** `spiderplan status`: who has which address, from the cluster or a snapshot. */
export async function statusCommand(io: Io, options: StatusFilter & ClusterOptions & OutputOptions): Promise<number> {
  const { snapshot } = await observeAny(io, options);
  const { namespace, pool, node, workload } = options;
  const rows = status(snapshot, { namespace, pool, node, workload });
  switch (options.output) {
    case "csv":
      io.stdout.write(statusCsv(rows));
      break;
    case "text":
    case "wide":
      io.stdout.write(
        rows.length === 0 ? "No pool and no address fits.\n" : statusText(rows, options.output === "wide"),
      );
      break;
    default:
      io.stdout.write(serialize(statusDocument(rows), options.output));
  }
  return 0;
}
