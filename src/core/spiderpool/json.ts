/** Whether a value is a JSON object. */
export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Go's own limit is 10,000; what is parsed is walked through by functions that call themselves. */
const DEEPEST = 500;

/** Parsed JSON, or `undefined` if the text is none, or one that nobody could walk through. */
export function parseJson(text: string): unknown {
  if (text.length > DEEPEST && isDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char === '"') quoted = false;
      else if (char === "\\") i++;
    } else if (char === '"') quoted = true;
    else if ((char === "[" || char === "{") && ++depth > DEEPEST) return true;
    else if (char === "]" || char === "}") depth--;
  }
  return false;
}
