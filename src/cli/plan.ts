import { mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createFile } from "../adapters/files/safe-files.js";
import { planExitCode } from "../app/exit-code.js";
import { count } from "../app/report/count.js";
import { manifestFiles, manifestStream } from "../app/report/manifests.js";
import { palette } from "../app/report/palette.js";
import { planDigest, planOutput } from "../app/report/plan-json.js";
import { planMarkdown } from "../app/report/plan-markdown.js";
import { planText } from "../app/report/plan-text.js";
import { isClusterError } from "../core/cluster-error.js";
import { EMPTY_SNAPSHOT } from "../core/snapshot.js";
import { type Decision, decideRun, sha256 } from "./decision.js";
import { writeFindings } from "./findings.js";
import { CliError, type Io } from "./io.js";
import { observeAny } from "./observe.js";
import { type DecideOptions, type OutputOptions, wantsColor } from "./options.js";
import { NoPlanFolder } from "./plan-source.js";
import { serialize } from "./serialize.js";
import { version } from "./version.js";

export interface PlanCommandOptions extends DecideOptions, OutputOptions {
  readonly detailedExitcode: boolean;
  readonly out?: string;
}

/**
 * `spiderplan plan`: what a sync would do.
 * @returns 0; 1 on an error; 3 when something is held back; 2 on changes with --detailed-exitcode
 */
export async function planCommand(io: Io, options: PlanCommandOptions): Promise<number> {
  const machine = options.output === "json" || options.output === "yaml";
  const decision = await decideRun(io, options, {
    purpose: "plan",
    revision: options.output === "text" || options.output === "markdown",
    observe: (needs) => observeAny(io, options, needs),
  }).catch((error: unknown) => {
    if (machine) printFailure(io, error, options.output);
    throw error;
  });
  await print(io, decision, options);
  return planExitCode(decision.run, options.detailedExitcode);
}

async function print(io: Io, decision: Decision, options: PlanCommandOptions): Promise<void> {
  const { run, diagnostics, heading, source } = decision;
  switch (options.output) {
    case "text": {
      const paint = palette(wantsColor(options.color, io));
      const context = {
        heading,
        diagnostics,
        fileCount: source.loaded.fileCount,
        excerpt: source.excerpt,
        place: source.place,
        paint,
      };
      // With nothing planned the findings are the error of the command; else they are part of the report.
      const writer = run.decided === undefined ? io.stderr : io.stdout;
      writer.write(planText(run, { ...context, showFile: source.showFile }));
      return;
    }
    case "markdown":
      io.stdout.write(
        planMarkdown(run, { heading, diagnostics, digest: planDigest(run, sha256), version: await version() }),
      );
      return;
    case "manifests":
      writeFindings(io, source, diagnostics, run.decided !== undefined, options.color);
      await writeManifests(io, decision, options.out);
      return;
    default:
      io.stdout.write(serialize(planOutput(run, diagnostics, sha256), options.output));
  }
}

/** A program reads the same document when there is nothing to plan with: no folder, no cluster, no readable snapshot. */
function printFailure(io: Io, error: unknown, format: string): void {
  if (!(error instanceof CliError) && !isClusterError(error)) return;
  const code = error instanceof NoPlanFolder ? "SP1001" : "SP2702";
  const diagnostics = [{ code, severity: "error", message: error.message } as const];
  const run = { lock: { files: false, subnets: new Map() }, snapshot: EMPTY_SNAPSHOT, decided: undefined, diagnostics };
  io.stdout.write(serialize(planOutput(run, diagnostics, sha256), format));
}

async function writeManifests(io: Io, decision: Decision, out: string | undefined): Promise<void> {
  const steps = decision.run.decided?.outcome.steps ?? [];
  const yaml = (value: unknown) => serialize(value, "yaml");
  if (out === undefined) {
    io.stdout.write(manifestStream(steps, yaml));
    return;
  }
  const folder = resolve(io.cwd, out);
  await mkdir(folder, { recursive: true });
  // Files of an earlier plan among these would be taken for part of it.
  if ((await readdir(folder)).length > 0) throw new CliError(`folder ${out} is not empty; name a new one with --out`);
  const files = manifestFiles(steps, yaml);
  for (const file of files) await createFile(join(folder, file.name), file.text);
  io.stdout.write(`${count(files.length, "file")} written to ${out}\n`);
}
