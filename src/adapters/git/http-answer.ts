/** The last answer of an HTTP server, as git's trace shows it. */
export interface HttpAnswer {
  readonly status: number;
  /** Without parameters, lower case: `text/html`. */
  readonly contentType: string | undefined;
  /** Seconds the server asked to wait. */
  readonly retryAfter: number | undefined;
}

const HEADER = /<= Recv header: ?(.*)$/;

/**
 * Reads git's trace of headers (`HTTP_TRACE`).
 * @param now milliseconds since 1970, which a date in Retry-After is counted from
 */
export function lastAnswer(trace: string, now: number): HttpAnswer | undefined {
  let found: HttpAnswer | undefined;
  for (const line of trace.split("\n")) {
    const header = HEADER.exec(line)?.[1]?.trim();
    if (header === undefined) continue;
    const status = /^HTTP\/[\d.]+ (\d{3})/.exec(header)?.[1];
    if (status !== undefined) {
      found = { status: Number(status), contentType: undefined, retryAfter: undefined };
      continue;
    }
    if (found === undefined) continue;
    const [name, value] = split(header);
    if (name === "content-type") found = { ...found, contentType: value.split(";")[0]!.trim().toLowerCase() };
    if (name === "retry-after") found = { ...found, retryAfter: readRetryAfter(value, now) };
  }
  return found;
}

/** Whether a Git server answered that knows the protocol; the other one ("dumb") cannot leave history out. */
export function isGitAnswer({ contentType }: HttpAnswer): boolean {
  return contentType?.startsWith("application/x-git-upload-pack-") ?? false;
}

function split(header: string): readonly [string, string] {
  const colon = header.indexOf(":");
  return colon < 0 ? [header, ""] : [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
}

/** Seconds, or a date (RFC 9110 10.2.3). */
function readRetryAfter(value: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const at = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(value)
    ? Date.parse(value)
    : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
