#!/usr/bin/env node
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Command, CommanderError } from "commander";
import { isClusterError } from "../core/cluster-error.js";
import { printable } from "../core/printable.js";
import { CliError, guarded, type Io } from "./io.js";
import { buildProgram } from "./program.js";

const INTERRUPTED = 130;

/**
 * Runs one command line.
 * @param argv the arguments, without node and the program
 * @returns the exit code (DESIGN 8): 0 fine, 1 error (2 for `diff`), 2 changes (1 for `diff`), 3 blocked, 130 interrupted
 */
export async function run(argv: readonly string[], raw: Io): Promise<number> {
  const io = guarded(raw);
  const program = buildProgram(io, run);
  capture(program.command, io);
  try {
    const line = argv[0] === "--version" ? ["version", ...argv.slice(1)] : [...argv];
    await program.command.parseAsync(line, { from: "user" });
    return io.signal?.aborted ? INTERRUPTED : program.exitCode();
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (io.signal?.aborted) return INTERRUPTED;
    // Commander has printed its complaints itself.
    if (!(error instanceof CommanderError)) io.stderr.write(`error: ${linesOf(error).map(printable).join("\n  ")}\n`);
    return errorCode(argv);
  }
}

/** Sends commander's own words through io, for the program and all its commands. */
function capture(command: Command, io: Io): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
    getOutHelpWidth: () => 100,
    getErrHelpWidth: () => 100,
  });
  for (const child of command.commands) capture(child, io);
}

/** `diff` says 1 for differences, so its errors are 2, as kubectl's (ANCHORS 3.2). */
function errorCode(argv: readonly string[]): number {
  return argv.find((argument) => !argument.startsWith("-")) === "diff" ? 2 : 1;
}

/** One clear message, never a stack trace. */
function linesOf(error: unknown): readonly string[] {
  if (error instanceof CliError) return error.lines;
  if (isClusterError(error)) return [error.message];
  if (error instanceof Error && "code" in error && typeof error.code === "string") return [error.message];
  return [`this is a bug of spiderplan: ${error instanceof Error ? error.message : String(error)}`];
}

/** Whether this file is the program, be it by a symlinked bin. */
function isProgram(): boolean {
  const started = process.argv[1];
  if (started === undefined) return false;
  try {
    return realpathSync(started) === fileURLToPath(import.meta.url);
  } catch {
    return false;
  }
}

if (isProgram()) {
  const interrupt = new AbortController();
  const stop = () => interrupt.abort(new CliError("interrupted"));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  // A reader that has seen enough (`spiderplan plan | head`) is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const code = await run(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    isTTY: process.stdout.isTTY === true,
    cwd: process.cwd(),
    stdin: process.stdin,
    signal: interrupt.signal,
  });
  // Idle connections of a pool must not hold the program up.
  process.stdout.write("", () => process.exit(code));
}
