import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTwoFilesPatch } from "diff";
import { isBlocked } from "../app/exit-code.js";
import { type ObjectDiff, objectDiffs } from "../app/report/object-diff.js";
import { type Palette, palette } from "../app/report/palette.js";
import { decideRun } from "./decision.js";
import { writeFindings } from "./findings.js";
import { CliError, type Io } from "./io.js";
import { observeAny } from "./observe.js";
import { type ColorChoice, type DecideOptions, type OutputOptions, wantsColor } from "./options.js";
import { serialize } from "./serialize.js";

/**
 * `spiderplan diff`: live objects against the plan's, as `kubectl diff` prints them; KUBECTL_EXTERNAL_DIFF names another
 * program to show them.
 * @returns 0 no differences, 1 differences, 3 something is blocked, 2 error (thrown errors become 2 in main)
 */
export async function diffCommand(io: Io, options: DecideOptions & OutputOptions): Promise<number> {
  const decision = await decideRun(io, options, {
    purpose: "plan",
    revision: false,
    observe: (needs) => observeAny(io, options, needs),
  });
  writeFindings(io, decision.source, decision.diagnostics, decision.run.decided !== undefined, options.color);
  if (decision.run.decided === undefined) return 2;
  const diffs = objectDiffs(decision.run.decided.outcome.steps, (value) => serialize(value, "yaml"));
  if (diffs.length > 0) await showDiffs(io, diffs, options.color);
  if (decision.diagnostics.some((one) => one.severity === "error")) return 2;
  if (isBlocked(decision.run.decided.outcome)) return 3;
  return diffs.length > 0 ? 1 : 0;
}

/** Prints differences, or hands them to the program of KUBECTL_EXTERNAL_DIFF. */
export async function showDiffs(io: Io, diffs: readonly ObjectDiff[], color: ColorChoice): Promise<void> {
  const paint = palette(wantsColor(color, io));
  const external = io.env.KUBECTL_EXTERNAL_DIFF?.trim();
  if (external) await showExternally(io, diffs, external);
  else for (const diff of diffs) io.stdout.write(unified(diff, paint));
}

/** What `diff -u -N` prints, without times: the same differences are the same bytes. */
function unified(diff: ObjectDiff, paint: Palette): string {
  const [live, merged] = [`LIVE/${diff.name}`, `MERGED/${diff.name}`];
  const patch = createTwoFilesPatch(live, merged, diff.before, diff.after, undefined, undefined, { context: 3 });
  const lines = patch.split("\n").filter((line) => !/^=+$/.test(line));
  return [`diff -u -N ${live} ${merged}`, ...lines].map((line) => painted(line, paint)).join("\n");
}

function painted(line: string, paint: Palette): string {
  if (/^(diff |--- |\+\+\+ )/.test(line)) return paint.bold(line);
  if (line.startsWith("@@")) return paint.cyan(line);
  if (line.startsWith("+")) return paint.green(line);
  return line.startsWith("-") ? paint.red(line) : line;
}

/** Hands two folders to the program, as kubectl does; its arguments may stand in the variable too. */
async function showExternally(io: Io, diffs: readonly ObjectDiff[], command: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "spiderplan-diff-"));
  try {
    const live = join(folder, "LIVE");
    const merged = join(folder, "MERGED");
    await Promise.all([mkdir(live), mkdir(merged)]);
    for (const diff of diffs) {
      if (diff.before !== "") await writeFile(join(live, diff.name), diff.before);
      if (diff.after !== "") await writeFile(join(merged, diff.name), diff.after);
    }
    const [program, ...given] = command.split(/\s+/);
    const code = await runProgram(io, program!, [...given, live, merged]);
    if (code > 1) throw new CliError(`KUBECTL_EXTERNAL_DIFF "${command}" failed with exit code ${code}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runProgram(io: Io, program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: io.env as NodeJS.ProcessEnv,
      cwd: io.cwd,
      stdio: ["inherit", "pipe", "pipe"],
      signal: io.signal,
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => io.stdout.write(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => io.stderr.write(text));
    child.on("error", (error) =>
      reject(new CliError(`KUBECTL_EXTERNAL_DIFF "${program}" cannot be run: ${error.message}`)),
    );
    child.on("close", (code) => resolve(code ?? 2));
  });
}
