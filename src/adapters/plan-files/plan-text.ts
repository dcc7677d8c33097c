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
  const wide = wideEncoding(bytes);
  if (wide !== undefined) {
    const hint = "save it as UTF-8 (in PowerShell: Out-File -Encoding utf8)";
    const message = `${path} is ${wide === "utf-32" ? "UTF-32" : "UTF-16"}, not UTF-8`;
    found.push({
      ...fault("SP1009", message, path, hint),
      source: { file: path, document: 0, pointer: "", span: { start: 0, end: 1 } },
    });
    return undefined;
  }
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

/** Bytes as people may see them, stand-ins for what is no text. */
export function lenientText(content: Uint8Array): string {
  const wide = wideEncoding(content);
  return new TextDecoder(wide === undefined || wide === "utf-32" ? "utf-8" : wide).decode(content);
}

/** By its mark, or because every other byte of its beginning is zero, as in a text of Latin letters. */
function wideEncoding(bytes: Uint8Array): "utf-16le" | "utf-16be" | "utf-32" | undefined {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff))
    return "utf-32";
  if (a === 0xff && b === 0xfe) return "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  const zeros = [...bytes.subarray(0, 8)].map((byte) => (byte === 0 ? "0" : "x")).join("");
  return zeros === "x0x0x0x0" ? "utf-16le" : zeros === "0x0x0x0x" ? "utf-16be" : undefined;
}

/** Offsets count in the text as it can be read, broken bytes standing for one character each. */
function at(bytes: Buffer, offset: number, code: string, message: string, path: string): Diagnostic {
  const start = bytes.subarray(0, offset).toString("utf8").length;
  const told = fault(code, message, path, "save it as UTF-8");
  return { ...told, source: { file: path, document: 0, pointer: "", span: { start, end: start + 1 } } };
}
