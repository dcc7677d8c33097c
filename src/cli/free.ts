import { shortList } from "../app/report/columns.js";
import { freeDocument, freeText } from "../app/report/free-report.js";
import { allocate } from "../core/allocate/allocate.js";
import { didYouMean } from "../core/plan/suggest.js";
import { freeAddresses } from "../core/query/free.js";
import { CliError, type Io } from "./io.js";
import type { ClusterOptions, OutputOptions, PlanOptions } from "./options.js";
import { openPlanned } from "./planned.js";
import { serialize } from "./serialize.js";

export interface FreeOptions extends PlanOptions, ClusterOptions, OutputOptions {
  readonly install: string;
  readonly count?: number;
  readonly contiguous: boolean;
}

/**
 * `spiderplan free [SUBNET]`: addresses nobody holds, wants, uses or reserves (DESIGN 5).
 * @returns 0; 1 on an error, or when the number asked for is to be had in no subnet
 */
export async function freeCommand(io: Io, subnet: string | undefined, options: FreeOptions): Promise<number> {
  if (options.contiguous && options.count === undefined) throw new CliError("--contiguous needs --count N");
  if (options.count === 0) throw new CliError("--count: give 1 or more");
  const planned = await openPlanned(io, options);
  if (planned === undefined) return 1;
  const { plan, lock, snapshot } = planned;
  if (subnet !== undefined && !plan.subnets.has(subnet)) {
    const known = [...plan.subnets.keys()].sort();
    const way = didYouMean(subnet, known) ?? `it has ${shortList(known, 10)}`;
    throw new CliError(`the plan has no subnet ${subnet}; ${way}`);
  }
  const { free } = allocate({ plan, lock, snapshot, install: options.install, mode: "plan" });
  const wanted = options.count === undefined ? undefined : { count: options.count, contiguous: options.contiguous };
  const found = freeAddresses(plan, free, wanted).filter((one) => subnet === undefined || one.subnet === subnet);
  io.stdout.write(
    options.output === "text" ? freeText(found, wanted) : serialize(freeDocument(found, wanted), options.output),
  );
  return wanted !== undefined && found.every((one) => one.offer === undefined) ? 1 : 0;
}
