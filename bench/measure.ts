import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";

/** One run of a program: wall time and CPU time of all its threads in seconds, peak memory in MiB. */
export interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly code: number;
}

/** One measured thing beside its baseline. */
export interface Row {
  readonly name: string;
  /** What DESIGN 12 asks for, in words. */
  readonly target: string;
  /** Named figures: ratios first, the rest for context. */
  readonly figures: Readonly<Record<string, number>>;
  readonly skipped?: string;
}

/** Ticks of the kernel's clock in a second, as /proc counts them. */
const TICKS = 100;

/** Runs a program to its end and measures it; its output is thrown away. Memory and CPU come from /proc, so Linux only. */
export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Run> {
  const { readFile } = await import("node:fs/promises");
  const started = process.hrtime.bigint();
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"], env });
  let peakKiB = 0;
  let ticks = 0;
  const watch = setInterval(() => {
    readFile(`/proc/${child.pid}/status`, "utf8").then(
      (text) => {
        peakKiB = Math.max(peakKiB, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0));
      },
      () => undefined,
    );
    readFile(`/proc/${child.pid}/stat`, "utf8").then(
      (text) => {
        const [user, system] = text.slice(text.lastIndexOf(")")).split(" ").slice(12, 14).map(Number);
        ticks = Math.max(ticks, user! + system!);
      },
      () => undefined,
    );
  }, 20);
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status) => resolve(status ?? 1));
  });
  clearInterval(watch);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return { seconds, cpuSeconds: ticks / TICKS, peakMiB: peakKiB / 1024, code };
}

/** What a program prints. */
export async function output(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 1 << 30 });
  return stdout;
}

/** The middle of an odd number of figures, the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs two things by turns, so that a slow minute of the machine hits both. */
export async function sideBySide<A, B>(rounds: number, a: () => Promise<A>, b: () => Promise<B>): Promise<[A[], B[]]> {
  const as: A[] = [];
  const bs: B[] = [];
  for (let round = 0; round < rounds; round++) {
    as.push(await a());
    bs.push(await b());
  }
  return [as, bs];
}

/** Two digits behind the point are all a noisy machine can say. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
