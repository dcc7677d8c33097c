import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/diagnostics.js";
import type { Limits } from "./limits.js";
import { fault, type PlanFile, unreadable } from "./plan-folder.js";

/** The text of one file; undefined, and noted, if it is too large, unreadable or no UTF-8 text. */
export async function readText(
  root: string,
  file: PlanFile,
  limits: Pick<Limits, "fileBytes">,
  found: Diagnostic[],
): Promise<string | undefined> {
  if (file.bytes > limits.fileBytes) {
    const message = `${file.path} has ${file.bytes} bytes; a plan file may have ${limits.fileBytes}`;
    found.push(fault("SP1005", message, file.path, "split it into several files"));
    return undefined;
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(join(root, file.path));
  } catch (error) {
    found.push(unreadable(file.path, error));
    return undefined;
  }
  return decode(bytes, file.path, found);
}

function decode(bytes: Buffer, path: string, found: Diagnostic[]): string | undefined {
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    found.push(at(bytes, zero, "SP1009", `${path} holds a NUL byte: it is not a text file, or not UTF-8`, path));
    return undefined;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const broken = Buffer.from(bytes.toString("utf8").split("\ufffd")[0] ?? "", "utf8").length;
    found.push(at(bytes, broken, "SP1008", `${path} is not UTF-8`, path));
    return undefined;
  }
}

/** Offsets count in the text as it can be read, broken bytes standing for one character each. */
function at(bytes: Buffer, offset: number, code: string, message: string, path: string): Diagnostic {
  const start = bytes.subarray(0, offset).toString("utf8").length;
  const told = fault(code, message, path, "save it as UTF-8");
  return { ...told, source: { file: path, document: 0, pointer: "", span: { start, end: start + 1 } } };
}
