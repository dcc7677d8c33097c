import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { Logger } from "../ports/telemetry.js";
import { type ConnectionLimits, limitConnections } from "./connections.js";
import type { WebhookReceiver } from "./webhooks/receiver.js";

/** What a probe is told. */
export interface HealthReport {
  readonly ok: boolean;
  /** What is wrong, one line each; empty when it is ok. */
  readonly reasons: readonly string[];
}

/** The same for readiness: whether this operator does its work, rather than whether it should be started again. */
export type ReadyReport = HealthReport;

export interface HttpServerOptions {
  /** 0 = a free one. */
  readonly port: number;
  readonly host: string;
  readonly routes: (app: Hono) => void;
  readonly logger: Logger;
  readonly limits?: HttpLimits;
}

/** What probes and Prometheus ask for. */
export interface ProbeOptions {
  readonly health: () => HealthReport;
  readonly ready: () => ReadyReport;
  /** All metrics in the text format of Prometheus. */
  readonly metricsText: () => Promise<string>;
}

/** What keeps slow and many clients from holding the server; times in milliseconds. */
export interface HttpLimits extends ConnectionLimits {
  readonly headersTimeout: number;
  /** For the whole request, its body included. */
  readonly requestTimeout: number;
  /** How long a connection may wait for its next request. */
  readonly idleTimeout: number;
  /** How long requests under way may take once the server closes. */
  readonly closeTimeout: number;
}

const LIMITS: HttpLimits = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  idleTimeout: 10_000,
  // Each may make the server hold a body of 1 MB before its signature can be judged.
  connections: 128,
  // An ingress is one client too.
  perClient: 64,
  closeTimeout: 5_000,
};

/** How often slow requests are looked for. */
const CHECK_INTERVAL = 500;
/** After so many a client connects anew, so that nobody keeps a place for ever. */
const REQUESTS_PER_CONNECTION = 1_000;
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, lets those under way end, and ends every connection. */
  close(): Promise<void>;
}

/** Serves the routes; resolves when it listens, rejects when it cannot. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const limits = options.limits ?? LIMITS;
  let closing = false;
  const server = createAdaptorServer({
    fetch: appOf(options, () => closing).fetch,
    // The rest of the operator keeps Node's own Request and Response.
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      keepAliveTimeout: limits.idleTimeout,
      connectionsCheckingInterval: CHECK_INTERVAL,
    },
  }) as Server;
  // A client that does not take its answer, or sends a byte now and then.
  server.setTimeout(limits.requestTimeout + limits.idleTimeout);
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION;
  limitConnections(server, limits);
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    port,
    close: () => {
      closing = true;
      return closed(server, limits.closeTimeout);
    },
  };
}

function appOf({ routes, logger }: HttpServerOptions, closing: () => boolean): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header("cache-control", "no-store");
    context.header("x-content-type-options", "nosniff");
    if (closing()) context.header("connection", "close");
  });
  routes(app);
  app.notFound((context) => context.text("not found\n", 404));
  app.onError((error, context) => {
    logger.error({ path: context.req.routePath, error }, "a request failed");
    return context.text("internal error\n", 500);
  });
  return app;
}

/** Probes and metrics. */
export function probeRoutes({ health, ready, metricsText }: ProbeOptions): (app: Hono) => void {
  return (app) => {
    app.get("/healthz", (context) => probe(context, health()));
    app.get("/readyz", (context) => probe(context, ready()));
    app.get("/metrics", async (context) => context.text(await metricsText(), 200, { "content-type": METRICS_TYPE }));
  };
}

/** Hooks of forges. */
export function hookRoutes(webhooks: WebhookReceiver): (app: Hono) => void {
  return (app) => {
    app.post("/hooks/:source", (context) => hook(context, webhooks, context.req.param("source")));
    app.post("/api/webhook", (context) => hook(context, webhooks, undefined));
  };
}

function probe(context: Context, { ok, reasons }: HealthReport): Response {
  return ok ? context.text("ok\n") : context.text([...reasons, ""].join("\n"), 503);
}

async function hook(context: Context, webhooks: WebhookReceiver, source: string | undefined): Promise<Response> {
  const request = context.req.raw;
  const read = (maxBytes: number) => readUpTo(request.body, maxBytes);
  const answer = await webhooks.receive({ source, headers: request.headers, read });
  if (answer.retryAfter !== undefined) context.header("retry-after", String(answer.retryAfter));
  // The rest of a body that is too large is not waited for.
  if (answer.status === 413) context.header("connection", "close");
  return context.text(`${answer.text}\n`, answer.status);
}

async function readUpTo(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array | "too large" | "broken off"> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      size += read.value.length;
      if (size > maxBytes) return "too large";
      chunks.push(read.value);
    }
    return Buffer.concat(chunks);
  } catch {
    return "broken off";
  }
}

function listening(server: Server, { port, host }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closed(server: Server, timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => server.closeAllConnections(), timeout);
    server.close((error) => {
      clearTimeout(late);
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
