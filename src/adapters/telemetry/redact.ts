/** What stands where a secret stood. */
const HIDDEN = "[redacted]";

/** How deep an object is followed; nothing worth a line of the log lies deeper. */
const MAX_DEPTH = 8;
const MAX_ITEMS = 200;
/** Characters of one text; other programs' output has no end. */
const MAX_TEXT = 16_384;

/** Names whose values are secrets, wherever they stand. */
const SECRET_NAME =
  /pass(word|wd|phrase)|secret|token|authorization|cookie|credential|(private|client|api|access|signing|hmac|ssh).?key|kubeconfig|^(pass|identity|tls\.key|proxy)$/i;

/** `secretRef`, `secretName`: where a secret is, not what it is. */
const NAMES_ONE = /(ref|name|kind|namespace|count|hash)$/i;

/** Secrets by their own form, for texts that other programs wrote: Git, the API server, a proxy. */
const SECRET_FORMS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*-----|$)/g, HIDDEN],
  // The same in base64, as a kubeconfig and a Secret carry it.
  [/\bLS0tLS1CRUdJTi[A-Za-z0-9+/=]*/g, HIDDEN],
  // https://user:password@host; a password may itself hold an @.
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"'<>]*@/gi, `$1${HIDDEN}@`],
  [/((?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:[a-z-]+\s+)?[^\s"',;}]+/gi, `$1${HIDDEN}`],
  [/\b([Bb]earer\s+|[Bb]asic\s+)(?=[a-z+/_.~-]*[A-Z0-9=])[A-Za-z0-9+/_.~-]{4,}=*/g, `$1${HIDDEN}`],
  [
    /((?:pass(?:word|wd|phrase)|secret|token|cookie|(?:private|client|api|access)[_-]?key)["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s"',;&}]+)/gi,
    `$1${HIDDEN}`,
  ],
  [/\b(?:gh[opsur]_|github_pat_|glpat-|gldt-|xox[abprs]-)[A-Za-z0-9_-]{10,}/g, HIDDEN],
  // A JSON Web Token, which every service account token is.
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, HIDDEN],
];

/** A text without what looks like a secret in it, cut where it is very long. */
export function redactText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} [${text.length - MAX_TEXT} more]` : text;
  return SECRET_FORMS.reduce((clean, [form, instead]) => clean.replace(form, instead), cut);
}

/**
 * A copy of fields that may be written down: values with a secret's name are hidden, texts are cleaned by form, errors
 * become plain data with their causes, bytes become their count. Never throws, whatever it is given.
 */
export function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactRecord(fields, 0, new Set());
}

function redactRecord(record: object, depth: number, above: ReadonlySet<object>): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const name of Object.keys(record).slice(0, MAX_ITEMS)) {
    const value = read(record, name);
    clean[redactText(name)] = isSecret(name, value) ? HIDDEN : redactValue(value, depth + 1, above);
  }
  return clean;
}

/** A switch or a count tells nothing: `tokenExpired: true`. */
function isSecret(name: string, value: unknown): boolean {
  if (value === undefined || value === null || typeof value === "boolean" || typeof value === "number") return false;
  return SECRET_NAME.test(name) && !NAMES_ONE.test(name);
}

function read(record: object, name: string): unknown {
  try {
    return (record as Record<string, unknown>)[name];
  } catch {
    return "[unreadable]";
  }
}

function redactValue(value: unknown, depth: number, above: ReadonlySet<object>): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`;
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return "[deeper]";
  if (above.has(value)) return "[circular]";
  return redactObject(value, depth, new Set([...above, value]));
}

function redactObject(value: object, depth: number, above: ReadonlySet<object>): unknown {
  if (value instanceof Error) return redactError(value, depth, above);
  if (value instanceof URL) return redactText(value.href);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[no time]" : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactValue(item, depth + 1, above));
  if (value instanceof Set) return redactValue([...value], depth, above);
  if (value instanceof Headers || value instanceof Map) {
    return redactRecord(Object.fromEntries([...value].map(([key, item]) => [String(key), item])), depth, above);
  }
  return redactRecord(value, depth, above);
}

/** `message`, `stack` and `cause` of an error are not among its own enumerable fields. */
function redactError(error: Error, depth: number, above: ReadonlySet<object>): Record<string, unknown> {
  return {
    type: error.name,
    message: redactText(error.message),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
    ...(error.cause !== undefined && { cause: redactValue(error.cause, depth + 1, above) }),
    ...redactRecord(error, depth, above),
  };
}
