import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { UnsafePath } from "./safe-files.js";

// What a person names may be `<(kubectl get ...)`, which is a pipe; and by mistake a device, or a pipe nobody writes.

/** A pipe whose writer has not come by then has none: a shell starts both ends at once. */
const WRITER_MS = 5_000;
const PAUSE_MS = 2;
const PIECE = 64 * 1024;

/**
 * The text of a regular file, or of a pipe that somebody writes. It never holds up the process: one that waits for a
 * pipe still ends by a signal.
 * @param mostBytes of a longer file nothing is read
 * @param signal ends the wait for a pipe
 * @throws UnsafePath for what is neither, is too long, or has no writer
 */
export async function readGivenFile(path: string, mostBytes: number, signal?: AbortSignal): Promise<string> {
  // Without O_NONBLOCK opening a pipe waits for its writer, in a thread that no signal reaches.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = fstatSync(file);
    if (facts.isFIFO()) return await readPipe(path, file, mostBytes, signal);
    if (!facts.isFile()) throw new UnsafePath(path, facts.isDirectory() ? "is a folder" : "is no file");
    if (facts.size > mostBytes) throw tooLong(path, mostBytes);
    // In one go: piece by piece, 100 MB of text would be held twice.
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

async function readPipe(path: string, file: number, mostBytes: number, signal?: AbortSignal): Promise<string> {
  const pieces: Buffer[] = [];
  const noWriter = performance.now() + WRITER_MS;
  let written = false;
  for (let bytes = 0; ; ) {
    const piece = readNow(file);
    if (piece === "nothing yet") written = true;
    else if (piece.length > 0) {
      written = true;
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > mostBytes) throw tooLong(path, mostBytes);
      continue;
    } else if (written) return Buffer.concat(pieces).toString("utf8");
    else if (performance.now() > noWriter) throw new UnsafePath(path, "is a pipe that nobody writes");
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** What a pipe holds now; empty when it has no writer. */
function readNow(file: number): Buffer | "nothing yet" {
  const piece = Buffer.allocUnsafe(PIECE);
  try {
    return piece.subarray(0, readSync(file, piece));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "nothing yet";
    throw error;
  }
}

function tooLong(path: string, mostBytes: number): UnsafePath {
  return new UnsafePath(path, `has more than ${mostBytes} bytes, which are read at most`);
}
