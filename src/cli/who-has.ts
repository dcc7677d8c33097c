import { readLockFolder } from "../adapters/plan-files/lock-files.js";
import { planNeeds } from "../app/observe.js";
import { mergeRead } from "../app/plan-run.js";
import { whoHasDocument, whoHasText } from "../app/report/who-has-report.js";
import type { Lock } from "../core/allocate/allocation.js";
import { hasErrors } from "../core/diagnostics.js";
import { planCluster } from "../core/plan/merge.js";
import type { Plan } from "../core/plan/plan.js";
import { statements } from "../core/query/statements.js";
import { isBadAddress, type WhoQuestion, whoHas, whoQuestion } from "../core/query/who-has.js";
import { writeFindings } from "./findings.js";
import { CliError, type Io } from "./io.js";
import { observeAny } from "./observe.js";
import type { ClusterOptions, OutputOptions } from "./options.js";
import { openPlan } from "./plan-source.js";
import { serialize } from "./serialize.js";

export interface WhoHasOptions extends ClusterOptions, OutputOptions {
  readonly path?: string;
  readonly cluster?: string;
  readonly meta?: string;
}

/** `spiderplan who-has ADDRESS|OWNER`, `--meta key=value`: which source says what; plan and lock where `--path` is given. */
export async function whoHasCommand(io: Io, asked: string | undefined, options: WhoHasOptions): Promise<number> {
  const question = questionOf(asked, options.meta);
  const { plan, lock, needs } = await wanted(io, options);
  const { snapshot } = await observeAny(io, options, needs);
  const found = whoHas(statements(plan, lock, snapshot), question);
  if (found.length === 0 && question.type === "owner" && isBadAddress(question.owner)) {
    throw new CliError(
      `${question.owner} is no IP address, and nothing has that name; give one address, as 10.6.124.20`,
    );
  }
  io.stdout.write(
    options.output === "text"
      ? whoHasText(question, found)
      : serialize(whoHasDocument(question, found), options.output),
  );
  return 0;
}

function questionOf(asked: string | undefined, meta: string | undefined): WhoQuestion {
  if ((asked === undefined) === (meta === undefined)) {
    throw new CliError("give an address or an owner, or --meta key=value");
  }
  if (meta === undefined) {
    if (asked!.trim() === "") throw new CliError("give an address or an owner, or --meta key=value");
    return whoQuestion(asked!.trim());
  }
  const equals = meta.indexOf("=");
  if (equals < 1) throw new CliError(`--meta ${meta}: write key=value`);
  return { type: "meta", key: meta.slice(0, equals), value: meta.slice(equals + 1) };
}

/** A plan with errors still has a lock and a cluster to ask; what is wrong with it goes to stderr. */
async function wanted(
  io: Io,
  options: WhoHasOptions,
): Promise<{ plan: Plan | undefined; lock: Lock; needs: ReturnType<typeof planNeeds> }> {
  if (options.path === undefined) return { plan: undefined, lock: { files: false, subnets: new Map() }, needs: {} };
  const source = await openPlan(io, options.path);
  const { documents, diagnostics } = source.loaded;
  const merged = mergeRead(documents, diagnostics, options.cluster);
  const lock = await readLockFolder(source.root, planCluster(documents, options.cluster));
  const errors = [...merged.diagnostics, ...lock.diagnostics].filter((one) => one.severity === "error");
  if (hasErrors(errors)) writeFindings(io, source, source.locate(errors), true, options.color);
  return { plan: merged.value, lock: lock.value, needs: planNeeds(documents) };
}
