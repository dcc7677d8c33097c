import { ClusterError, type ClusterErrorReason } from "../../core/cluster-error.js";

/** The fields of a Kubernetes Status that tell what went wrong. */
interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
}

/** Kubernetes' reasons, and whether the same call may succeed later. */
const REASONS: Readonly<Record<string, readonly [ClusterErrorReason, boolean]>> = {
  NotFound: ["NotFound", false],
  AlreadyExists: ["AlreadyExists", false],
  Conflict: ["Conflict", false],
  Invalid: ["Invalid", false],
  BadRequest: ["Invalid", false],
  RequestEntityTooLarge: ["Invalid", false],
  UnsupportedMediaType: ["Invalid", false],
  MethodNotAllowed: ["Invalid", false],
  Forbidden: ["Forbidden", false],
  Unauthorized: ["Unauthorized", false],
  TooManyRequests: ["TooManyRequests", true],
  Expired: ["Gone", false],
  Gone: ["Gone", false],
  Timeout: ["Timeout", true],
  ServerTimeout: ["Timeout", true],
  ServiceUnavailable: ["Unavailable", true],
  InternalError: ["Unavailable", true],
};

const BY_CODE: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  502: "ServiceUnavailable",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** Kubernetes says no more than "Unauthorized" about credentials it does not know. */
const UNAUTHORIZED = "the token is wrong or expired (401 Unauthorized)";

/** Seconds that a server is left alone at its word, at most. */
const LONGEST_WAIT = 3600;
/** Characters of a message that are kept. */
const LONGEST_MESSAGE = 32_768;

const DENIED = /admission webhook "([^"]*)" denied the request(?:: )?/;
const WEBHOOK_DOWN = /failed calling webhook "([^"]*)": (.*)$/s;

/**
 * Translates an answer that is not a success.
 * @param what the call in words, e.g. `create SpiderIPPool pool-a`
 * @param body the answer's text: a Status, or whatever a proxy in between wrote
 */
export function errorOfAnswer(what: string, code: number, body: string, retryAfter: string | undefined): ClusterError {
  const status = parseStatus(body);
  const wait = Number(retryAfter ?? status?.retryAfterSeconds ?? Number.NaN);
  // A timer for longer than it can count ends at once.
  const seconds = Number.isFinite(wait) ? Math.min(Math.max(wait, 0), LONGEST_WAIT) : undefined;
  if (status === undefined) {
    const [reason, transient] = reasonOf(BY_CODE[code]) ?? ["BadResponse", code >= 500];
    const excerpt = body.replace(/\s+/g, " ").trim().slice(0, 200);
    const answer = code === 401 ? UNAUTHORIZED : `the server answered ${code}${excerpt ? `: ${excerpt}` : ""}`;
    const message = `${what}: ${answer}`;
    return new ClusterError(reason, message, transient, code, seconds);
  }
  return errorOfStatus(what, status, code, seconds);
}

/** Translates a Status, of an answer or of a watch's ERROR event. */
export function errorOfStatus(what: string, answer: object, code: number, retryAfterSeconds?: number): ClusterError {
  const status = readStatus(answer);
  const message = code === 401 ? UNAUTHORIZED : (status.message ?? status.reason ?? `the server answered ${code}`);
  const webhook = webhookError(what, status, message, code);
  if (webhook !== undefined) return webhook;
  const named = reasonOf(status.reason) ?? reasonOf(BY_CODE[code]);
  const [reason, transient] = named ?? ["BadResponse", code >= 500];
  // A merge patch that carries another uid: Kubernetes calls the field immutable, we mean "another object by now".
  const stale = reason === "Invalid" && message.includes("metadata.uid:");
  return new ClusterError(stale ? "Conflict" : reason, `${what}: ${message}`, transient, code, retryAfterSeconds);
}

function webhookError(what: string, status: Status, message: string, code: number): ClusterError | undefined {
  const down = WEBHOOK_DOWN.exec(message);
  if (down !== null) {
    // F5, F7: policy Fail, so nothing can be written until Spiderpool's controller is back.
    const text = `${what}: the admission webhook "${down[1]}" cannot be reached: ${down[2]}`;
    return new ClusterError("Unavailable", text, true, code);
  }
  const denied = DENIED.exec(message);
  if (denied === null) return undefined;
  const own = message.slice(denied.index + denied[0].length) || "denied without explanation";
  // P7, U3: Spiderpool's webhook itself answers AlreadyExists.
  const reason = status.reason === "AlreadyExists" ? "AlreadyExists" : "Denied";
  return new ClusterError(reason, own, false, code);
}

/** No word of a server finds what every object has. */
function reasonOf(word: string | undefined): readonly [ClusterErrorReason, boolean] | undefined {
  return word !== undefined && Object.hasOwn(REASONS, word) ? REASONS[word] : undefined;
}

function parseStatus(body: string): Status | undefined {
  try {
    const value = JSON.parse(body) as { kind?: unknown } | null;
    return value?.kind === "Status" ? readStatus(value) : undefined;
  } catch {
    return undefined;
  }
}

/** What of it is what it should be. */
function readStatus(value: object): Status {
  const { reason, message, details } = value as Record<string, unknown>;
  const seconds = (details as { retryAfterSeconds?: unknown } | null | undefined)?.retryAfterSeconds;
  return {
    ...(typeof reason === "string" && { reason }),
    ...(typeof message === "string" && { message: message.slice(0, LONGEST_MESSAGE) }),
    ...(typeof seconds === "number" && { retryAfterSeconds: seconds }),
  };
}

/** Where a call went, for messages: never with a user, a password or a query in it. */
export interface Place {
  readonly server: string;
  readonly context: string;
  /** The proxy in between, as the kubeconfig names it, without its password. */
  readonly proxy?: string;
}

const TRANSPORT: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused; nothing listens there",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  UND_ERR_SOCKET: "the connection was cut",
  ENOTFOUND: "the server's name is not known",
  EAI_AGAIN: "the server's name cannot be looked up now",
  EHOSTUNREACH: "no route to the server",
  ENETUNREACH: "no route to the server's network",
  ETIMEDOUT: "no answer to the connection attempt",
  UND_ERR_CONNECT_TIMEOUT: "no answer to the connection attempt",
  UND_ERR_ABORTED: "the proxy did not let the connection through",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed and not the CA of the kubeconfig",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by the CA of the kubeconfig",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by the CA of the kubeconfig",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is not signed by the CA of the kubeconfig",
  CERT_SIGNATURE_FAILURE: "its certificate is not signed by the CA of the kubeconfig",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name (see tls-server-name)",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS on that port",
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "the client certificate and key of the kubeconfig do not belong together",
};

const TIMEOUTS: ReadonlySet<string> = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);

/** Translates what the transport threw. */
export function errorOfTransport(what: string, error: unknown, place: Place): ClusterError {
  if (error instanceof ClusterError) return error;
  const { code, name, message } = rootOf(error);
  const where = `${place.server} (context "${place.context}"${place.proxy ? `, by proxy ${place.proxy}` : ""})`;
  if (name === "TimeoutError" || TIMEOUTS.has(code)) {
    return new ClusterError("Timeout", `${what}: no answer in time from ${where}`, true);
  }
  // A proxy's refusal is an abort to undici as well, with its own code.
  if (name === "AbortError" && TRANSPORT[code] === undefined)
    return new ClusterError("Timeout", `${what}: called off`, false);
  if (TRANSPORT[code] !== undefined) {
    return new ClusterError("Unreachable", `cannot reach the Kubernetes API at ${where}: ${TRANSPORT[code]}`, true);
  }
  const why = message.split("\n")[0]!;
  return new ClusterError(
    "Unreachable",
    `cannot reach the Kubernetes API at ${where}: ${why}${code && ` (${code})`}`,
    true,
  );
}

/** Whether a connection died under a call, as an idle one in a pool does when the server closes it first. */
export function connectionLost(error: unknown): boolean {
  return ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(rootOf(error).code);
}

function rootOf(error: unknown): { code: string; name: string; message: string } {
  let at = error as { code?: string; name?: string; message?: string; cause?: unknown; errors?: unknown[] };
  for (let depth = 0; depth < 5; depth++) {
    const inner = at?.errors?.[0] ?? at?.cause;
    if (typeof inner !== "object" || inner === null || (at.code && TRANSPORT[at.code] && at.code !== "UND_ERR_SOCKET"))
      break;
    at = inner as typeof at;
  }
  return { code: String(at?.code ?? ""), name: String(at?.name ?? ""), message: String(at?.message ?? error) };
}
