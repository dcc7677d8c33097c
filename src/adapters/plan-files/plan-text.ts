import { join } from "node:path";
import type { Diagnostic } from "../../core/diagnostics.js";
import { readRegularFile } from "../files/safe-files.js";
import type { Limits } from "./limits.js";
import { fault, type PlanFile, unreadable } from "./plan-folder.js";

/**
 * The bytes of one file of a folder; undefined, and noted, if it is too large or unreadable.
 * @param links of a plan they are followed: the walk has looked where they lead
 */
export async function readBytes(
  root: string,
  file: PlanFile,
  limits: Pick<Limits, "fileBytes">,
  found: Diagnostic[],
  links: "followed" | "refused" = "followed",
): Promise<Uint8Array | undefined> {
  if (isTooLarge(file, limits, found)) return undefined;
  try {
    return await readRegularFile(join(root, file.path), limits.fileBytes, links);
  } catch (error) {
    found.push(unreadable(file.path, error));
    return undefined;
  }
}

/** Whether a file is larger than what is read; notes it. */
export function isTooLarge(file: PlanFile, limits: Pick<Limits, "fileBytes">, found: Diagnostic[]): boolean {
  if (file.bytes <= limits.fileBytes) return false;
  const message = `${file.path} has ${file.bytes} bytes; a plan file may have ${limits.fileBytes}`;
  found.push(fault("SP1005", message, file.path, "split it into several files"));
  return true;
}

/** Bytes as text; undefined, and noted, if they are no UTF-8 text. */
export function decode(content: Uint8Array, path: string, found: Diagnostic[]): string | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
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
