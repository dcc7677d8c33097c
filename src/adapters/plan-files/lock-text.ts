import type { SubnetLock } from "../../core/allocate/allocation.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { LOCK_LIMITS } from "./lock-files.js";
import { formatLock } from "./lock-format.js";
import { parseLock } from "./lock-parse.js";

/** The text of a subnet's lock, wherever it is kept. */
export const lockText = {
  format: formatLock,
  parse: (file: string, subnet: string, text: string): { lock: SubnetLock; found: readonly Diagnostic[] } =>
    parseLock(file, subnet, text, LOCK_LIMITS),
};
