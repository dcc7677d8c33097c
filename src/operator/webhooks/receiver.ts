import type { Clock } from "../../ports/runtime.js";
import type { Logger, Metrics } from "../../ports/telemetry.js";
import { deliveryMemory } from "./delivery-memory.js";
import { detectSource, FORGES } from "./forges.js";
import { type Rate, type TokenBucket, tokenBucket } from "./token-bucket.js";
import { WEBHOOK_SOURCES, type WebhookHint, type WebhookSource } from "./webhook.js";

/** Larger bodies are refused while they are read. */
const MAX_BODY = 1024 * 1024;
/** Longer ids are no ids; forges send UUIDs. */
const MAX_DELIVERY_ID = 128;
const DELIVERIES = { most: 10_000, time: 60 * 60 * 1000 };
const RATES: WebhookRates = {
  authentic: { burst: 300, perSecond: 10 },
  strangers: { burst: 30, perSecond: 0.5 },
};

/** How much each source may send. Strangers use up nothing of what the authentic requests of the source may. */
export interface WebhookRates {
  readonly authentic: Rate;
  /** Requests that prove nothing; beyond it they are answered 429 rather than told what is wrong with them. */
  readonly strangers: Rate;
}

/** Secrets by source, several while one is replaced by another. A source without one takes nothing. */
export type WebhookSecrets = Readonly<Partial<Record<WebhookSource, readonly string[]>>>;

export interface WebhookOptions {
  /** Asked at each request, so that a changed Secret holds at once. */
  readonly secrets: () => WebhookSecrets;
  /** Told of each push after the forge was answered; what it throws is logged, and the delivery may come again. */
  readonly onPush: (hint: WebhookHint) => void | Promise<void>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly rates?: WebhookRates;
}

/** A request for a hook, before its body is read. */
export interface WebhookRequest {
  /** What stands behind `/hooks/` in the path; undefined to know the forge by its headers. */
  readonly source: string | undefined;
  readonly headers: Headers;
  /** Reads the body and keeps no more than so many bytes of it. */
  readonly read: (maxBytes: number) => Promise<Uint8Array | "too large" | "broken off">;
}

/** What the forge is answered. */
export interface WebhookAnswer {
  readonly status: 202 | 400 | 401 | 404 | 413 | 415 | 429;
  /** One line for the page on which a forge shows its deliveries; holds nothing that was sent. */
  readonly text: string;
  /** Seconds; with 429. */
  readonly retryAfter?: number;
}

/** Takes hooks: authentic, not too large, not too many, each once. */
export interface WebhookReceiver {
  receive(request: WebhookRequest): Promise<WebhookAnswer>;
}

/** What the metric `webhook_requests_total` tells of a request beside who sent it. */
type Outcome =
  | "accepted"
  | "ping"
  | "ignored"
  | "duplicate"
  | "unknown_source"
  | "unsupported_media_type"
  | "too_large"
  | "unauthorized"
  | "malformed"
  | "rate_limited";

interface Verdict extends WebhookAnswer {
  readonly outcome: Outcome;
}

/** Starts with full buckets and no memory of deliveries. */
export function webhookReceiver(options: WebhookOptions): WebhookReceiver {
  const rates = options.rates ?? RATES;
  const buckets = (rate: Rate) => new Map(WEBHOOK_SOURCES.map((source) => [source, tokenBucket(rate, options.clock)]));
  const authentic = buckets(rates.authentic);
  const strangers = buckets(rates.strangers);
  const deliveries = deliveryMemory(DELIVERIES, options.clock);

  async function receive(request: WebhookRequest): Promise<WebhookAnswer> {
    const source = sourceOf(request);
    if (source === undefined) return counted(undefined, unknownSource(request));
    const found = await authenticate(source, request);
    if ("outcome" in found) return counted(source, limited(strangers.get(source), found));
    return counted(
      source,
      limited(authentic.get(source), () => taken(source, request.headers, found.body)),
    );
  }

  async function authenticate(
    source: WebhookSource,
    { headers, read }: WebhookRequest,
  ): Promise<Verdict | { readonly body: Uint8Array }> {
    const { proof, unsignedPing } = FORGES[source];
    const early = headersRefusal(headers);
    if (early !== undefined) return early;
    const secrets = (options.secrets()[source] ?? []).filter((secret) => secret !== "");
    if (secrets.length === 0) return unauthorized(`no secret is set here for ${source}; hooks without one are refused`);
    if (!proof.shown(headers)) {
      if (unsignedPing?.(headers)) return pong("reached; the test is not signed, so the secret was not checked");
      return unauthorized(`nothing proves that it comes from ${source}: set the secret in the hook's settings`);
    }
    const body = await read(MAX_BODY);
    if (body === "too large") return tooLarge();
    if (body === "broken off") return malformed("the body ended too early");
    const refusal = proof.refusal({ headers, body, now: options.clock.now() }, secrets);
    return refusal === undefined ? { body } : unauthorized(refusal);
  }

  function taken(source: WebhookSource, headers: Headers, body: Uint8Array): Verdict {
    const payload = parsed(body);
    if (payload === undefined) return malformed("the body is not a JSON object");
    const { event: eventOf, deliveryId: idOf } = FORGES[source];
    const event = eventOf(headers, payload);
    if (event.kind === "ping") return pong("reached, and the secret is right");
    if (event.kind === "ignored") return { status: 202, outcome: "ignored", text: "nothing to do for this event" };
    if (event.repoURLs.length === 0) return malformed("the payload names no repository");
    const deliveryId = shortId(idOf(headers, payload));
    if (deliveryId !== undefined && !deliveries.remember(`${source} ${deliveryId}`)) {
      return { status: 202, outcome: "duplicate", text: "this delivery was taken before" };
    }
    handOver({ source, repoURLs: event.repoURLs, ref: event.ref, deliveryId });
    return { status: 202, outcome: "accepted", text: "taken as a hint; Git will be asked" };
  }

  /** After the answer is on its way: the forge waits for nothing. */
  function handOver(hint: WebhookHint): void {
    setImmediate(async () => {
      try {
        await options.onPush(hint);
      } catch (error) {
        options.logger.error(
          { source: hint.source, deliveryId: hint.deliveryId, error },
          "a hook could not be followed",
        );
        if (hint.deliveryId !== undefined) deliveries.forget(`${hint.source} ${hint.deliveryId}`);
      }
    });
  }

  function counted(source: WebhookSource | undefined, { outcome, ...answer }: Verdict): WebhookAnswer {
    const provider = source ?? "unknown";
    options.metrics.count("webhook_requests_total", { provider, result: outcome });
    const fields = { provider, result: outcome, status: answer.status };
    if (outcome === "unauthorized" || outcome === "malformed")
      options.logger.warn(fields, `hook refused: ${answer.text}`);
    else options.logger.debug(fields, `hook: ${answer.text}`);
    return answer;
  }

  return { receive };
}

function sourceOf({ source, headers }: WebhookRequest): WebhookSource | undefined {
  return source === undefined ? detectSource(headers) : WEBHOOK_SOURCES.find((known) => known === source);
}

function unknownSource({ source }: WebhookRequest): Verdict {
  return source === undefined
    ? { status: 400, outcome: "unknown_source", text: "no forge is known by these headers; use /hooks/<source>" }
    : { status: 404, outcome: "unknown_source", text: `no such source; there are ${WEBHOOK_SOURCES.join(", ")}` };
}

/** What can be refused without reading the body. */
function headersRefusal(headers: Headers): Verdict | undefined {
  const type = (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type === "application/x-www-form-urlencoded") {
    return unsupported("send JSON: set the content type to application/json in the hook's settings");
  }
  if (type !== "application/json") return unsupported("the content type must be application/json");
  return Number(headers.get("content-length") ?? 0) > MAX_BODY ? tooLarge() : undefined;
}

/** The verdict, or 429 when the bucket is empty. */
function limited(bucket: TokenBucket | undefined, verdict: Verdict | (() => Verdict)): Verdict {
  const wait = bucket?.take() ?? 0;
  if (wait === 0) return typeof verdict === "function" ? verdict() : verdict;
  return { status: 429, outcome: "rate_limited", text: "too many requests", retryAfter: Math.ceil(wait / 1000) };
}

function parsed(body: Uint8Array): object | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof payload === "object" && payload !== null && !Array.isArray(payload) ? payload : undefined;
  } catch {
    return undefined;
  }
}

function shortId(id: string | undefined): string | undefined {
  return id === undefined || id === "" || id.length > MAX_DELIVERY_ID ? undefined : id;
}

const pong = (text: string): Verdict => ({ status: 202, outcome: "ping", text });
const unauthorized = (text: string): Verdict => ({ status: 401, outcome: "unauthorized", text });
const malformed = (text: string): Verdict => ({ status: 400, outcome: "malformed", text });
const unsupported = (text: string): Verdict => ({ status: 415, outcome: "unsupported_media_type", text });
const tooLarge = (): Verdict => ({ status: 413, outcome: "too_large", text: "the body is larger than 1 MB" });
