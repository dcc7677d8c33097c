import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request as plainRequest, type ServerResponse } from "node:http";
import { Agent, request as tlsRequest } from "node:https";
import type { AddressInfo } from "node:net";

/** One request to the API server. */
export interface Counted {
  readonly verb: "list" | "watch" | "get" | "create" | "patch" | "delete" | "other";
  /** `spiderippools`, `leases`, `plansyncs/status`. */
  readonly resource: string;
  /** When it arrived, by `performance.now()`. */
  readonly at: number;
}

/** A door to an API server that remembers who came through. */
export interface CountingProxy {
  readonly url: string;
  /** Everything since the start, oldest first. */
  readonly requests: readonly Counted[];
  close(): Promise<void>;
}

/** Opens one before the API server of a kubeconfig of the bench, or before a plain URL. */
export async function startCountingProxy(target: { url: string } | { kubeconfig: string }): Promise<CountingProxy> {
  const forward = "url" in target ? plainly(target.url) : withCertificate(target.kubeconfig);
  const requests: Counted[] = [];
  const server = createServer((request, response) => {
    requests.push(counted(request));
    forward(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

type Forward = (request: IncomingMessage, response: ServerResponse) => void;

function plainly(url: string): Forward {
  return (request, response) => {
    const { method, url: path, headers } = request;
    pass(request, response, plainRequest(new URL(path ?? "/", url), { method, headers }));
  };
}

function withCertificate(kubeconfig: string): Forward {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, "utf8"));
  const { server, "certificate-authority": ca } = clusters[0].cluster;
  const { "client-certificate": cert, "client-key": key } = users[0].user;
  const [caText, certText, keyText] = [ca, cert, key].map((file: string) => readFileSync(file, "utf8"));
  const agent = new Agent({ keepAlive: true, ca: caText, cert: certText, key: keyText });
  return (request, response) => {
    const { method, url, headers } = request;
    pass(request, response, tlsRequest(new URL(url ?? "/", server), { agent, method, headers }));
  };
}

function pass(request: IncomingMessage, response: ServerResponse, upstream: ReturnType<typeof plainRequest>): void {
  upstream.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // A watch has to tell that it began before anything happens.
    response.flushHeaders();
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  upstream.on("error", () => response.destroy());
  response.on("close", () => upstream.destroy());
  request.pipe(upstream);
}

/** As RBAC names verbs and resources. */
function counted({ method, url = "/" }: IncomingMessage): Counted {
  const { pathname, searchParams } = new URL(url, "http://api");
  const [, rest = ""] = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/(.*)$/.exec(pathname) ?? [];
  const parts = rest.replace(/^namespaces\/[^/]+\/(?=.)/, "").split("/");
  const [resource = "", name, sub] = parts;
  const at = performance.now();
  return {
    verb: verbOf(method ?? "", name, searchParams.has("watch")),
    resource: sub ? `${resource}/${sub}` : resource,
    at,
  };
}

function verbOf(method: string, name: string | undefined, watches: boolean): Counted["verb"] {
  if (method === "GET") return name !== undefined ? "get" : watches ? "watch" : "list";
  return ({ POST: "create", PATCH: "patch", DELETE: "delete" } as const)[method] ?? "other";
}
