import { resolve } from "node:path";
import type { Io } from "../../src/cli/io.js";
import { run } from "../../src/cli/main.js";

/** What a command line printed and how it ended. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The project's folder: commands run there unless told otherwise, so that output holds no path of this machine. */
export const PROJECT = resolve(import.meta.dirname, "../..");

/** Runs one command line in this process. */
export async function cli(
  argv: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; isTTY?: boolean; stdin?: string; signal?: AbortSignal } = {},
): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  const io: Io = {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: options.env ?? {},
    isTTY: options.isTTY ?? false,
    cwd: options.cwd ?? PROJECT,
    stdin: once(options.stdin ?? ""),
    signal: options.signal,
  };
  const code = await run(argv, io);
  return { code, stdout, stderr };
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
