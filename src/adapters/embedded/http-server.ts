import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Api } from "./api.js";
import { ApiError, statusOf } from "./api-error.js";
import { coreVersions, group, groups, openApiDocument, openApiPaths, resourceList, VERSION } from "./discovery.js";
import { parseBody, type Target, targetOf } from "./request.js";
import { Rest, type RestRequest } from "./rest.js";

/** A write over HTTP, before it is carried out. */
export interface InterceptedWrite {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path without the query, e.g. `/apis/spiderpool.spidernet.io/v2beta1/spiderippools/a`. */
  readonly path: string;
  readonly body: unknown;
}

/** An answer instead of the write; with `retryAfterSeconds` it says when to come back, in header and body. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds?: number;
}

/** What to do to a write instead of carrying it out; to delay it, take your time to answer. */
export type Fault =
  | { readonly refuse: Refusal }
  /** The connection breaks before the write is carried out, or after, so that the client never learns of it. */
  | { readonly drop: "before" | "after" };

export type Intercept = (write: InterceptedWrite) => Fault | undefined | Promise<Fault | undefined>;

export interface HttpServer {
  readonly url: string;
  requests(): number;
  writes(): number;
  stop(): Promise<void>;
}

const BOOKMARK_MILLISECONDS = 10_000;
const MAX_BODY = 3 * 1024 * 1024;

/** Serves the API on a port of the loopback interface; port 0 takes a free one. */
export async function serveHttp(api: Api, port: number, intercept: Intercept | undefined): Promise<HttpServer> {
  const front = new Front(api, intercept);
  const server = createServer((request, response) => void front.answer(request, response));
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => front.requests,
    writes: () => front.writes,
    stop: () => stopServer(server),
  };
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Between the socket and `Rest`: reads, counts, intercepts, writes. */
class Front {
  requests = 0;
  writes = 0;
  readonly #rest: Rest;

  constructor(
    readonly api: Api,
    readonly intercept: Intercept | undefined,
  ) {
    this.#rest = new Rest(api);
  }

  async answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    try {
      await this.#answer(message, response);
    } catch (error) {
      // A bug must not take the server down, nor leave the client waiting.
      const refusal =
        error instanceof ApiError
          ? error
          : new ApiError(500, "InternalError", `Internal error occurred: ${String(error)}`);
      if (response.headersSent) response.destroy();
      else send(response, refusal.code, statusOf(refusal), []);
    }
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? "/", "http://127.0.0.1");
    const target = targetOf(url.pathname, this.api.resources);
    const document = target === undefined ? this.#document(url.pathname) : undefined;
    if (document !== undefined) return send(response, 200, document, []);
    const body = await readBody(message);
    if (target === undefined) throw new ApiError(404, "NotFound", "the server could not find the requested resource");
    const request: RestRequest = {
      method: message.method ?? "GET",
      query: url.searchParams,
      accept: message.headers.accept ?? "*/*",
      contentType: message.headers["content-type"] ?? "application/json",
      userAgent: message.headers["user-agent"] ?? "",
      body,
    };
    if (request.method === "GET") {
      const watch = url.searchParams.get("watch");
      if (watch === "true" || watch === "1") return this.#watch(target, request, response);
      return this.#finish(target, request, response);
    }
    if (request.contentType.includes("protobuf")) {
      throw new ApiError(
        415,
        "UnsupportedMediaType",
        "the embedded cluster reads JSON only: write a manifest and use kubectl apply -f",
      );
    }
    this.writes++;
    await this.#write(url.pathname, target, request, response);
  }

  async #write(path: string, target: Target, request: RestRequest, response: ServerResponse): Promise<void> {
    const fault = await this.intercept?.({
      method: request.method as InterceptedWrite["method"],
      path,
      body: request.body === "" ? undefined : parseBody(request.body),
    });
    if (fault !== undefined && "refuse" in fault) {
      const { code, reason, message, retryAfterSeconds } = fault.refuse;
      if (retryAfterSeconds !== undefined) response.setHeader("retry-after", retryAfterSeconds);
      throw new ApiError(code, reason, message, retryAfterSeconds === undefined ? undefined : { retryAfterSeconds });
    }
    if (fault?.drop === "before") return void response.destroy();
    if (fault?.drop === "after") {
      this.#rest.handle(target, request);
      return void response.destroy();
    }
    this.#finish(target, request, response);
  }

  #finish(target: Target, request: RestRequest, response: ServerResponse): void {
    const { code, body, warnings } = this.#rest.handle(target, request);
    send(response, code, body, warnings);
  }

  #watch(target: Target, request: RestRequest, response: ServerResponse): void {
    const write = (event: object) => response.write(`${JSON.stringify(event)}\n`);
    const start = () => this.#rest.watch(target, request, write);
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    let watch: ReturnType<typeof start>;
    try {
      watch = start();
    } catch (error) {
      // A watch that is too old is answered in the stream, as an API server does.
      if (!(error instanceof ApiError)) throw error;
      response.end(`${JSON.stringify({ type: "ERROR", object: statusOf(error) })}\n`);
      return;
    }
    const bookmarks = request.query.get("allowWatchBookmarks") === "true";
    const ticks = setInterval(() => bookmarks && watch.bookmark(), BOOKMARK_MILLISECONDS);
    const seconds = Number(request.query.get("timeoutSeconds") ?? "1800");
    const end = setTimeout(() => {
      if (bookmarks) watch.bookmark();
      response.end();
    }, seconds * 1000);
    response.once("close", () => {
      clearInterval(ticks);
      clearTimeout(end);
      watch.stop();
    });
  }

  #document(path: string): object | undefined {
    const all = this.api.resources.values();
    const parts = path.split("/").filter((part) => part !== "");
    if (path === "/healthz" || path === "/readyz" || path === "/livez") return { status: "ok" };
    if (path === "/version") return VERSION;
    if (path === "/api") return coreVersions("127.0.0.1");
    if (path === "/apis") return groups(all);
    if (path === "/openapi/v3") return openApiPaths(all);
    if (path.startsWith("/openapi/v3/")) return openApiDocument(all, parts.slice(2).join("/"));
    if (parts[0] === "api" && parts.length === 2) return resourceList(all, "", parts[1]!);
    if (parts[0] === "apis" && parts.length === 2) return group(all, parts[1]!);
    if (parts[0] === "apis" && parts.length === 3) return resourceList(all, parts[1]!, parts[2]!);
    return undefined;
  }
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY) throw new ApiError(413, "RequestEntityTooLarge", "limit is 3145728 bytes");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, code: number, body: unknown, warnings: readonly string[]): void {
  const text = Buffer.from(JSON.stringify(body));
  response.setHeader("content-type", "application/json");
  response.setHeader("content-length", text.length);
  if (warnings.length > 0) {
    response.setHeader(
      "warning",
      warnings.map((warning) => `299 - ${JSON.stringify(warning)}`),
    );
  }
  response.writeHead(code);
  response.end(text);
}
