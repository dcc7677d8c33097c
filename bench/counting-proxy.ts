import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { forwardTo } from "../test/support/api-forward.js";

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

/** Opens one before the API server of a test's kubeconfig, or before a plain URL. */
export async function startCountingProxy(target: { url: string } | { kubeconfig: string }): Promise<CountingProxy> {
  const forward = forwardTo(target);
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
