import { formatTime, parseTime } from "../time.js";

/**
 * A text of a repository or of a plan as a field of a status can hold it: cut, without control characters, and nothing the
 * API server stores as something else, or the status would differ from what was written for ever.
 */
export function fieldText(text: string, most: number): string {
  return (
    text
      .slice(0, most)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
      .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
      .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
  );
}

/** A time as a field of format `date-time` can hold it; undefined where it is none, or of a year that RFC 3339 has no room for. */
export function fieldTime(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 64 || parseTime(text) === undefined) return undefined;
  const day = text.slice(0, 10);
  // What the calendar does not have (31 February) comes back as another day; a leap second the API server does not take.
  const real = formatTime(parseTime(`${day}T00:00:00Z`)!).startsWith(day);
  return real && text.slice(17, 19) !== "60" ? text : undefined;
}
