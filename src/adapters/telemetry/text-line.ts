import { printable } from "../../core/printable.js";

/** A line of the JSON log as people read it: `2026-11-24T12:00:00.000Z WARN  message name=value`. */
export function textLine(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const told = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`);
  // Nobody may write a second line, or move a terminal's cursor, with a name from a repository.
  return `${printable(`${time} ${String(level).toUpperCase().padEnd(5)} ${msg}${told.join("")}`)}\n`;
}

/** Plain words as they are, everything else as JSON, which has no line feeds. */
function shown(value: unknown): string {
  return typeof value === "string" && /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
}
