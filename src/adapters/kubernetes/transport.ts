import { type Dispatcher, Pool, ProxyAgent } from "undici";
import { ClusterError } from "../../core/cluster-error.js";
import { connectionLost, errorOfAnswer, errorOfTransport, type Place } from "./api-error.js";
import type { Credential, Credentials, TlsMaterial } from "./credentials.js";
import type { ClusterEntry } from "./kubeconfig.js";
import { readWarnings } from "./warnings.js";

/** One call of the API. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the server's own path, query included. */
  readonly path: string;
  /** The call in words, for messages. */
  readonly what: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Bytes its answer may have; `ANSWER_BYTES` unless given. */
  readonly mostBytes?: number;
}

/** Bytes of an answer that are read: some twenty times the largest object there can be. */
const ANSWER_BYTES = 32 * 1024 * 1024;
/** Bytes of an answer that is an error: what follows tells nobody more. */
const ERROR_BYTES = 1024 * 1024;

/** An answer has more bytes than are read. */
export class AnswerTooLarge extends ClusterError {
  constructor(what: string, most: number) {
    super("BadResponse", `${what}: the answer has more than ${most / (1024 * 1024)} MiB`, false);
  }
}

/** How long to wait, in milliseconds. */
export interface Timeouts {
  readonly connect: number;
  /** A whole call, its body included. */
  readonly request: number;
  /** A page of a list. */
  readonly list: number;
  /** A watch without a word, bookmarks included. */
  readonly watchSilence: number;
}

export const TIMEOUTS: Timeouts = { connect: 10_000, request: 30_000, list: 120_000, watchSilence: 330_000 };

/** Calls that throttling (429) may send again, and the longest wait the transport takes upon itself. */
const THROTTLE = { tries: 3, seconds: 10 };
/**
 * A write is sent again within so many milliseconds or not at all: who was allowed to send it may lead no more, and only
 * asks before the first time. Another one leads 5 s after this one stopped at the earliest (`CLIENT_GO`).
 */
const WRITE_AGAIN = 4_000;
/** Idle connections live this long; the API server keeps them 90 s and more. */
const KEEP_ALIVE = 60_000;
const CONNECTIONS = 128;

/**
 * The one way to the server: one pool of kept-alive connections (client-node opens one a request), the headers that
 * authenticate, timeouts, errors translated.
 */
export class Transport {
  #pool: Dispatcher | undefined;
  #tls = "";
  readonly #origin: string;
  readonly #base: string;
  readonly #warned = new Set<string>();

  constructor(
    private readonly cluster: ClusterEntry,
    private readonly credentials: Credentials,
    private readonly place: Place,
    private readonly options: {
      readonly userAgent: string;
      readonly timeouts: Timeouts;
      readonly onWarning?: (text: string) => void;
    },
  ) {
    const url = new URL(cluster.server);
    this.#origin = url.origin;
    this.#base = url.pathname.replace(/\/$/, "");
  }

  /**
   * Sends a call and reads its JSON answer.
   * @throws ClusterError
   */
  async call(call: Call, timeout: number = this.options.timeouts.request): Promise<unknown> {
    const latest = call.method === "GET" ? Number.POSITIVE_INFINITY : performance.now() + WRITE_AGAIN;
    for (let attempt = 1; ; attempt++) {
      const { statusCode, headers, body } = await this.#send(call, { signal: AbortSignal.timeout(timeout) });
      let text: string;
      try {
        const most = statusCode < 400 ? (call.mostBytes ?? ANSWER_BYTES) : ERROR_BYTES;
        const read = await readText(body, most);
        if (read.cut && statusCode < 400) throw new AnswerTooLarge(call.what, most);
        text = read.text;
      } catch (error) {
        if (call.method === "GET" && attempt === 1 && connectionLost(error)) continue;
        throw errorOfTransport(call.what, error, this.place);
      }
      if (statusCode < 400) return this.#parse(call, statusCode, text);
      const failure = errorOfAnswer(call.what, statusCode, text, one(headers["retry-after"]));
      if (failure.reason !== "TooManyRequests" || !(await this.#throttled(failure, attempt, latest))) throw failure;
    }
  }

  /**
   * Sends a GET whose answer has no end.
   * @throws ClusterError
   */
  async stream(call: Call, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const silence = this.options.timeouts.watchSilence;
    const answer = await this.#send(call, { signal, bodyTimeout: silence });
    if (answer.statusCode < 400) return answer.body;
    const { text } = await readText(answer.body, ERROR_BYTES).catch(() => ({ text: "" }));
    throw errorOfAnswer(call.what, answer.statusCode, text, one(answer.headers["retry-after"]));
  }

  get timeouts(): Timeouts {
    return this.options.timeouts;
  }

  /** What the transport threw, in words (streams fail late). */
  translate(what: string, error: unknown): ClusterError {
    return errorOfTransport(what, error, this.place);
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }

  async #send(
    call: Call,
    options: { readonly signal: AbortSignal; readonly bodyTimeout?: number },
  ): Promise<Dispatcher.ResponseData> {
    let credential = await this.credentials.get();
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#dispatch(call, credential, options);
        this.#tellWarnings(answer.headers.warning);
        if (answer.statusCode !== 401 || attempt > 1) return answer;
        await answer.body.dump();
      } catch (error) {
        // An idle connection the server closed first: a read is sent again, a write never blindly.
        if (call.method !== "GET" || attempt > 2 || !connectionLost(error)) {
          throw errorOfTransport(call.what, error, this.place);
        }
        continue;
      }
      credential = await this.credentials.renewAfterRefusal();
    }
  }

  #dispatch(
    call: Call,
    credential: Credential,
    options: { readonly signal: AbortSignal; readonly bodyTimeout?: number },
  ): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string | string[]> = {
      ...credential.headers,
      accept: "application/json",
      "user-agent": this.options.userAgent,
    };
    if (call.body !== undefined) headers["content-type"] = call.contentType ?? "application/json";
    return this.#poolFor(credential.tls).request({
      origin: this.#origin,
      path: this.#base + call.path,
      method: call.method,
      headers,
      body: call.body === undefined ? null : JSON.stringify(call.body),
      signal: options.signal,
      headersTimeout: 0, // The signal limits the call.
      bodyTimeout: options.bodyTimeout ?? 0,
    });
  }

  /** The pool; a new one only when a certificate or the CA changed. */
  #poolFor(tls: TlsMaterial): Dispatcher {
    const fingerprint = JSON.stringify(tls);
    if (this.#pool !== undefined && fingerprint === this.#tls) return this.#pool;
    const old = this.#pool;
    this.#tls = fingerprint;
    this.#pool = this.#makePool(tls);
    // Calls under way end on the old connections.
    old?.close().catch(() => {});
    return this.#pool;
  }

  #makePool(tls: TlsMaterial): Dispatcher {
    const common = { connections: CONNECTIONS, keepAliveTimeout: KEEP_ALIVE, keepAliveMaxTimeout: KEEP_ALIVE * 10 };
    const connect = { ...tls, timeout: this.options.timeouts.connect };
    if (!this.cluster.proxyUrl) return new Pool(this.#origin, { ...common, connect });
    return new ProxyAgent({ ...common, uri: this.cluster.proxyUrl, requestTls: connect });
  }

  #parse(call: Call, status: number, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      const message = `${call.what}: the answer of ${this.place.server} is not JSON; is that a Kubernetes API server?`;
      throw new ClusterError("BadResponse", message, false, status);
    }
  }

  #tellWarnings(header: string | string[] | undefined): void {
    if (header === undefined || this.options.onWarning === undefined) return;
    for (const text of readWarnings(header)) {
      if (this.#warned.has(text)) continue;
      this.#warned.add(text);
      this.options.onWarning(text);
    }
  }

  /** Waits as the server asked (it has not begun the call); false when that is too long or too often. */
  async #throttled(failure: ClusterError, attempt: number, latest: number): Promise<boolean> {
    const seconds = failure.retryAfterSeconds;
    if (seconds === undefined || seconds > THROTTLE.seconds || attempt > THROTTLE.tries) return false;
    if (performance.now() + seconds * 1000 > latest) return false;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    // A process that was stopped meanwhile is late.
    return performance.now() <= latest;
  }
}

/** The text of an answer, as far as it may go; the connection of one that goes on is closed. */
async function readText(body: Dispatcher.ResponseData["body"], most: number): Promise<{ text: string; cut: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop destroys the stream.
    if (bytes > most) break;
  }
  return { text: Buffer.concat(chunks).subarray(0, most).toString("utf8"), cut: bytes > most };
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
