import { waitFor } from "../app/wait-for.js";
import { allocate } from "../core/allocate/allocate.js";
import { shortKey } from "../core/cluster/workload-of.js";
import { bindingOf } from "../core/desired/binding.js";
import type { Workload } from "../core/plan/plan.js";
import { printable } from "../core/printable.js";
import { missingFor } from "../core/query/readiness.js";
import type { Snapshot } from "../core/snapshot.js";
import { systemClock } from "./clock.js";
import { CliError, type Io } from "./io.js";
import type { ClusterOptions, OutputOptions, PlanOptions } from "./options.js";
import { openPlanned, type Planned } from "./planned.js";
import { serialize } from "./serialize.js";

export interface WaitOptions extends PlanOptions, ClusterOptions, OutputOptions {
  readonly install: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * `spiderplan wait WORKLOAD`: until its planned pools are there, open and named by its template. A snapshot answers at
 * once, since it never changes.
 * @returns 0; 1 when something is missing at the end
 */
export async function waitCommand(io: Io, name: string, options: WaitOptions): Promise<number> {
  const planned = await openPlanned(io, options);
  if (planned === undefined) return 1;
  const workload = planWorkload(planned, name);
  const missingIn = (snapshot: Snapshot) => {
    const { plan, lock } = planned;
    const { allocations, names } = allocate({ plan, lock, snapshot, install: options.install, mode: "plan" });
    return missingFor(workload, plan, allocations, snapshot, bindingOf(plan, snapshot, names));
  };
  const first = missingIn(planned.snapshot);
  const timeout = options.snapshot.length > 0 ? 0 : options.timeout;
  const look = async () => missingIn(await planned.look());
  const missing = first.length === 0 || timeout === 0 ? first : await waitFor(look, systemClock, timeout, io.signal);
  if (options.output === "text") io.stdout.write(answer(workload.name, missing));
  else
    io.stdout.write(
      serialize(
        { formatVersion: "1.0", workload: workload.name, ready: missing.length === 0, missing },
        options.output,
      ),
    );
  return missing.length === 0 ? 0 : 1;
}

function answer(workload: string, missing: readonly string[]): string {
  if (missing.length === 0) return `${workload} is ready: its pools are there.\n`;
  return `${workload} is not ready:\n${missing.map((one) => `  ${printable(one)}\n`).join("")}`;
}

function planWorkload({ plan }: Planned, name: string): Workload {
  const whole = plan.workloads.get(name);
  if (whole !== undefined) return whole;
  const found = [...plan.workloads.values()].filter((one) => shortKey(one.name) === name);
  if (found.length === 1) return found[0]!;
  throw new CliError(
    found.length === 0
      ? `the plan has no workload ${name}`
      : `${name} may be any of ${found
          .map((one) => one.name)
          .sort()
          .join(", ")}; write it in full`,
  );
}
