import { type Logger as Pino, pino, stdTimeFunctions } from "pino";
import { printableLines } from "../../core/printable.js";
import type { LogFields, Logger } from "../../ports/telemetry.js";
import { redact, redactText } from "./redact.js";
import { textLine } from "./text-line.js";

/** The least that is written, from the most talkative on. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON for machines, one object a line; text for people at a terminal. */
export const LOG_FORMATS = ["json", "text"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes one whole line with its line feed. */
  readonly write: (line: string) => void;
}

/**
 * A logger of its own. A line has `level`, `time` (RFC 3339, UTC), the fields, then `msg`. Secrets are hidden by name and by
 * form in fields, in errors and in the message: pino's own `redact` wants the path of each, and a message has none.
 */
export function openLogger({ level, format, write }: LoggerOptions): Logger {
  const destination = { write: (line: string) => write(format === "json" ? printableLines(line) : textLine(line)) };
  const options = {
    level,
    // Process id and host name are the Pod's business.
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // Errors are plain data by then.
    serializers: {},
  };
  return loggerOf(pino(options, destination), {});
}

/** `with` keeps the fields itself, so that a later one replaces an earlier one: pino would write the name twice. */
function loggerOf(to: Pino, standing: LogFields): Logger {
  const say = (level: LogLevel) => (fields: LogFields, message: string) => {
    if (to.isLevelEnabled(level)) to[level](redact({ ...standing, ...fields }), redactText(message));
  };
  return {
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    with: (fields) => loggerOf(to, { ...standing, ...fields }),
  };
}
