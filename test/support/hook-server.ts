import { type IncomingHttpHeaders, request } from "node:http";
import {
  type HttpLimits,
  type HttpServer,
  hookRoutes,
  probeRoutes,
  startHttpServer,
} from "../../src/operator/http-server.js";
import { type WebhookRates, type WebhookSecrets, webhookReceiver } from "../../src/operator/webhooks/receiver.js";
import type { WebhookHint } from "../../src/operator/webhooks/webhook.js";
import type { Logger, Metrics } from "../../src/ports/telemetry.js";
import type { SignedRequest } from "./webhooks.js";

/** What a test may set. */
export interface HookServerOptions {
  readonly secrets?: () => WebhookSecrets;
  readonly onPush?: (hint: WebhookHint) => void | Promise<void>;
  /** Milliseconds since 1970; the machine's time by default. */
  readonly now?: () => number;
  /** How time passes for rates and for what is remembered, in milliseconds. */
  readonly monotonic?: () => number;
  readonly rates?: WebhookRates;
  readonly limits?: HttpLimits;
  readonly metricsText?: () => Promise<string>;
}

/** A server for hooks, with all that came of the requests. */
export interface HookServer extends HttpServer {
  readonly hints: readonly WebhookHint[];
  /** `provider result`, in the order of the answers. */
  readonly counted: readonly string[];
  /** Every line of the log as JSON. */
  readonly log: readonly string[];
  /** What the probes are told; changed by tests. */
  readonly report: { ok: boolean; reasons: string[] };
  send(hook: SignedRequest): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** No test is to be slowed down by them, except those about them. */
export const MANY: WebhookRates = {
  authentic: { burst: 100_000, perSecond: 1000 },
  strangers: { burst: 100_000, perSecond: 1000 },
};

/** Starts one on a free loopback port. */
export async function startHookServer(options: HookServerOptions = {}): Promise<HookServer> {
  const hints: WebhookHint[] = [];
  const counted: string[] = [];
  const log: string[] = [];
  const report = { ok: true, reasons: [] as string[] };
  const logger = recordingLogger(log);
  const webhooks = webhookReceiver({
    secrets: options.secrets ?? (() => ({})),
    onPush: async (hint) => {
      hints.push(hint);
      await options.onPush?.(hint);
    },
    clock: {
      now: options.now ?? Date.now,
      monotonic: options.monotonic ?? (() => performance.now()),
      sleep: async () => {},
    },
    metrics: recordingMetrics(counted),
    logger,
    rates: options.rates ?? MANY,
  });
  const probes = probeRoutes({
    health: () => report,
    ready: () => report,
    metricsText: options.metricsText ?? (async () => "# nothing\n"),
  });
  const server = await startHttpServer({
    port: 0,
    host: "127.0.0.1",
    // The operator serves them on two ports; here one does for both.
    routes: (app) => {
      probes(app);
      hookRoutes(webhooks)(app);
    },
    logger,
    limits: options.limits,
  });
  const send = ({ path, headers, body }: SignedRequest) => ask(server.port, "POST", path, headers, body);
  return { ...server, hints, counted, log, report, send };
}

/** One request on a connection of its own. */
export function ask(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = "",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", method, path, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function recordingMetrics(counted: string[]): Metrics {
  return {
    count: (name, labels = {}) => {
      if (name !== "webhook_requests_total") throw new Error(`unknown metric ${name}`);
      counted.push(`${labels.provider} ${labels.result}`);
    },
    set: () => {},
    observe: () => {},
    forget: () => {},
  };
}

function recordingLogger(lines: string[]): Logger {
  const line = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }));
  return { debug: line, info: line, warn: line, error: line, with: () => recordingLogger(lines) };
}
