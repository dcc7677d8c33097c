import { printableLines } from "../core/printable.js";

/** Takes text as it comes; `process.stdout` is one. */
export interface Writer {
  write(text: string): unknown;
}

/** Everything of the process a command may touch, so that tests run commands in their own process. */
export interface Io {
  readonly stdout: Writer;
  readonly stderr: Writer;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether stdout is a terminal: colour and progress only there. */
  readonly isTTY: boolean;
  readonly cwd: string;
  readonly stdin?: AsyncIterable<string | Uint8Array>;
  /** Aborts on SIGINT and SIGTERM: running writes finish, nothing new starts. */
  readonly signal?: AbortSignal;
}

/** Runs one command line, as `run` of main.ts. */
export type RunLine = (argv: readonly string[], io: Io) => Promise<number>;

/** A failure with a message for a person, printed without a stack: what is wrong, then lines of their own with the ways out. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** One line each; whatever outside text they hold starts no further one. */
  readonly lines: readonly string[];

  constructor(message: string, ways: readonly string[] = []) {
    super([message, ...ways].join("\n  "));
    this.lines = [message, ...ways];
  }
}

/** Both outputs with nothing in them that is not seen, whatever a command writes: the last guard, not the only one. */
export function guarded(io: Io): Io {
  const guard = (to: Writer): Writer => ({ write: (text) => to.write(printableLines(text)) });
  return { ...io, stdout: guard(io.stdout), stderr: guard(io.stderr) };
}

/**
 * All of stdin as text.
 * @throws CliError for more than this many characters; the signal's reason when it ends the wait
 */
export async function readStdin({ stdin, signal }: Pick<Io, "stdin" | "signal">, most: number): Promise<string> {
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([textOf(stdin ?? [], most), aborted]);
}

async function textOf(pieces: NonNullable<Io["stdin"]> | [], most: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of pieces) {
    text += typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
    if (text.length > most) throw new CliError(`stdin has more than ${most} characters, which are read at most`);
  }
  return text + decoder.decode();
}
