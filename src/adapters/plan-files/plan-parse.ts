import type { Diagnostic } from "../../core/diagnostics.js";
import type { PlanDocument } from "../../core/plan/collect.js";
import type { NetworkPlan } from "../../core/plan/plan.generated.js";
import { Faults } from "./faults.js";
import type { Limits } from "./limits.js";
import { decode, lenientText } from "./plan-text.js";
import { checkDocument } from "./schema-faults.js";
import { readDocuments } from "./yaml-documents.js";

/** One plan file, read. */
export interface ParsedFile {
  /** For places in it; with stand-ins for bytes that are no UTF-8. */
  readonly text: string;
  readonly documents: readonly PlanDocument[];
  readonly faults: readonly Diagnostic[];
}

/** Reads the bytes of one plan file, whatever they are. */
export function parsePlanFile(path: string, bytes: Uint8Array, limits: Limits): ParsedFile {
  const undecodable: Diagnostic[] = [];
  const text = decode(bytes, path, undecodable);
  if (text === undefined) {
    return { text: lenientText(bytes), documents: [], faults: undecodable };
  }
  const faults = new Faults(limits.faults);
  const documents: PlanDocument[] = [];
  for (const { index, data } of readDocuments(path, text, limits, faults)) {
    if (data === null || data === undefined) continue; // nothing but comments
    const valid = checkDocument("NetworkPlan", data, { file: path, document: index, pointer: "" }, faults);
    if (valid) documents.push({ file: path, index, spec: (data as NetworkPlan).spec });
  }
  return { text, documents, faults: faults.all() };
}
