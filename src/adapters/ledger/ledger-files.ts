import { type FileHandle, mkdir, open } from "node:fs/promises";
import { type LedgerLine, lineTime, parseLine } from "../../core/ledger/line.js";
import { formatTime } from "../../core/time.js";
import type { Ledger } from "../../ports/ledger.js";
import type { Logger, Metrics } from "../../ports/telemetry.js";
import { openToAppend } from "../files/safe-files.js";
import { dayFile, ledgerDays } from "./ledger-folder.js";

/** Bytes of one write at most, unless one line alone is longer: a write holds whole lines. */
const WRITE_BYTES = 64 * 1024;

const NEWLINE = "\n".charCodeAt(0);

/** Where and how a ledger of files is kept. */
export interface LedgerFilesOptions {
  readonly folder: string;
  /** `each`: lines are on the disk when `append` ends; `rotate`: when their day ends, and a power cut may take them. */
  readonly sync: "each" | "rotate";
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * A ledger of files, one a day (UTC) by the time of its lines, only ever appended to and never deleted. A line that a crash
 * tore is ended, counted and told before the next one. What cannot be written is told by log and metric; nothing rejects
 * but the opening of a folder that cannot be one.
 */
export async function openLedgerFiles(options: LedgerFilesOptions): Promise<Ledger> {
  await mkdir(options.folder, { recursive: true, mode: 0o750 });
  return new LedgerFiles(options, await lastTime(options.folder));
}

class LedgerFiles implements Ledger {
  private file: { readonly day: string; readonly handle: FileHandle } | undefined;
  /** One append after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: LedgerFilesOptions,
    readonly lastTime: number | undefined,
  ) {}

  append(lines: readonly LedgerLine[]): Promise<boolean> {
    const mine = this.turn.then(() => this.store(lines));
    this.turn = mine;
    return mine;
  }

  async close(): Promise<void> {
    await this.turn;
    await this.endDay().catch((error: unknown) => this.tellFailure(error));
  }

  private async store(lines: readonly LedgerLine[]): Promise<boolean> {
    try {
      for (const part of parts(lines)) await this.write(part);
      if (this.options.sync === "each") await this.file?.handle.datasync();
      return true;
    } catch (error) {
      this.tellFailure(error);
      // What is half written is ended when the file is opened again.
      const file = this.file;
      this.file = undefined;
      await file?.handle.close().catch(() => {});
      return false;
    }
  }

  private async write(part: Part): Promise<void> {
    const { handle } = await this.ofDay(part.day);
    const { bytesWritten } = await handle.write(part.bytes);
    if (bytesWritten < part.bytes.length)
      throw new Error(`only ${bytesWritten} of ${part.bytes.length} bytes were written`);
    for (const { event } of part.lines) this.options.metrics.count("ledger_lines_total", { event });
  }

  private async ofDay(day: string): Promise<{ readonly handle: FileHandle }> {
    if (this.file?.day === day) return this.file;
    await this.endDay();
    const path = dayFile(this.options.folder, day);
    const handle = await openToAppend(path, 0o640);
    this.file = { day, handle };
    if (await isTorn(path)) await this.heal(handle, path);
    return this.file;
  }

  /** The half line stays as it is: it may be all that is left of what somebody saw. */
  private async heal(handle: FileHandle, file: string): Promise<void> {
    await handle.write("\n");
    this.options.metrics.count("ledger_torn_lines_total");
    this.options.logger.warn({ file }, "the last line of the ledger was torn by a crash; it is kept as it is");
  }

  private async endDay(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    if (file === undefined) return;
    await file.handle.datasync();
    await file.handle.close();
  }

  private tellFailure(error: unknown): void {
    this.options.metrics.count("ledger_failures_total");
    const { folder } = this.options;
    this.options.logger.error({ error, folder }, "the ledger cannot be written; its lines are told again later");
  }
}

interface Part {
  readonly day: string;
  readonly lines: readonly LedgerLine[];
  readonly bytes: Buffer;
}

/** Lines of one day, as many as go into one write. */
function* parts(lines: readonly LedgerLine[]): Generator<Part> {
  let [day, size] = ["", 0];
  let together: { readonly line: LedgerLine; readonly text: string }[] = [];
  const part = (): Part => ({
    day,
    lines: together.map(({ line }) => line),
    bytes: Buffer.from(together.map(({ text }) => text).join("")),
  });
  for (const line of lines) {
    const text = `${JSON.stringify(line)}\n`;
    const ofDay = formatTime(lineTime(line)).slice(0, 10);
    if (together.length > 0 && (ofDay !== day || size + text.length > WRITE_BYTES)) {
      yield part();
      [together, size] = [[], 0];
    }
    day = ofDay;
    size += text.length;
    together.push({ line, text });
  }
  if (together.length > 0) yield part();
}

/** Whether a file ends within a line. */
async function isTorn(path: string): Promise<boolean> {
  const end = await tail(path, 1);
  return end.length > 0 && end[0] !== NEWLINE;
}

/** When the newest line that can be read was written: until then somebody looked. */
async function lastTime(folder: string): Promise<number | undefined> {
  for (const day of (await ledgerDays(folder)).reverse()) {
    const end = await tail(dayFile(folder, day), WRITE_BYTES);
    const line = end
      .toString("utf8")
      .split("\n")
      .map(parseLine)
      .findLast((one) => one !== undefined);
    if (line !== undefined) return lineTime(line);
  }
  return undefined;
}

/** The last bytes of a file, fewer where it has not so many. */
async function tail(path: string, bytes: number): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, bytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
