import { spawn } from "node:child_process";

/** One run of git, or of gpg to give it the keys it then verifies with. */
export interface GitCommand {
  readonly program: "git" | "gpg";
  readonly args: readonly string[];
  /** Working directory. */
  readonly folder: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Bytes it may print before it is ended. */
  readonly outputBytes: number;
  /** Ends it, and all it started. */
  readonly signal: AbortSignal;
}

export interface GitOutput {
  /** Exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: Buffer;
  /** The last 64 KiB. */
  readonly stderr: string;
  /** What git's trace of HTTP said last, up to 64 KiB; empty unless the environment asks for it (`HTTP_TRACE`). */
  readonly http: string;
}

/** Has git write the headers of HTTP answers to a pipe of their own: it tells neither Retry-After nor a page's type otherwise. */
export const HTTP_TRACE = { GIT_TRACE_CURL: "3", GIT_TRACE_CURL_NO_DATA: "1", GIT_TRACE_REDACT: "1" };

/** Git printed more than it may. */
export class OutputTooLarge extends Error {}

/**
 * Runs git: no shell, an environment of its own, bounded output. The one place that does.
 *
 * Not by simple-git, which interrupts only its direct child (a transfer that hangs would live on in git-remote-https
 * or ssh), keeps all output, and has its data as text.
 * @throws OutputTooLarge, a TimeoutError or AbortError as the signal tells, or the system's error when git cannot be started
 */
export function runGit(command: GitCommand): Promise<GitOutput> {
  const { signal } = command;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(interruption(signal));
      return;
    }
    // A process group of its own, so that all it starts ends with it.
    const child = spawn(command.program, command.args, {
      cwd: command.folder,
      env: command.env,
      shell: false,
      detached: true,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    });
    const [, , , trace] = child.stdio as unknown as readonly NodeJS.ReadableStream[];
    let failure: unknown;
    const end = (why: unknown) => {
      if (failure !== undefined) return;
      failure = why;
      endGroup(child.pid);
    };
    const abort = () => end(interruption(signal));
    signal.addEventListener("abort", abort, { once: true });
    const out = collect(child.stdout, command.outputBytes, () => end(new OutputTooLarge()));
    const err = lastOf(child.stderr, 64 * 1024);
    const http = lastOf(trace!, 64 * 1024);
    child.on("error", (error) => {
      failure ??= error;
    });
    child.on("close", (code) => {
      signal.removeEventListener("abort", abort);
      if (failure !== undefined) reject(failure);
      else {
        const [stderr, traced] = [err().toString("utf8"), http().toString("latin1")];
        resolve({ code, stdout: Buffer.concat(out), stderr, http: traced });
      }
    });
    // Git may end before it has read everything; its exit code tells.
    child.stdin.on("error", () => {});
    child.stdin.end(command.input ?? "");
  });
}

/** Why a signal ended it: its time was over, or somebody ended it for whatever reason. */
export function interruption({ reason }: AbortSignal): DOMException {
  const late = reason instanceof DOMException && reason.name === "TimeoutError";
  return late ? reason : new DOMException("interrupted", "AbortError");
}

function collect(stream: NodeJS.ReadableStream, most: number, tooMuch: () => void): readonly Buffer[] {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= most) chunks.push(chunk);
    else tooMuch();
  });
  return chunks;
}

function lastOf(stream: NodeJS.ReadableStream, most: number): () => Buffer {
  let kept = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-most);
  });
  return () => kept;
}

/** Killed, not asked: what is half written is repaired by the next operation, and ssh would not listen to less. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
