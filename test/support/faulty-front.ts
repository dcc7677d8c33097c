import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Intercept, InterceptedWrite, Refusal } from "../../src/adapters/embedded/http-server.js";
import { type Forward, forwardTo } from "./api-forward.js";

/** A door to an API server that spoils writes, lets nobody in, or asks as somebody else. */
export interface FaultyFront {
  /** Plain HTTP, without any login. */
  readonly url: string;
  intercept(fault: Intercept | undefined): void;
  /** Answers every request so from now on; undefined ends it. */
  refuse(refusal: Refusal | undefined): void;
  /** Asks as the user of another kubeconfig from now on. */
  askAs(kubeconfig: string): void;
  stop(): Promise<void>;
}

/** Opens one before a plain URL, or before the API server of a kubeconfig, as its user. */
export async function faultyFront(target: Parameters<typeof forwardTo>[0]): Promise<FaultyFront> {
  let forward = forwardTo(target);
  let fault: Intercept | undefined;
  let refusal: Refusal | undefined;
  const server = createServer((request, response) => {
    if (refusal !== undefined) return refuse(response, refusal);
    answer(request, response, forward, fault).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    intercept: (next) => {
      fault = next;
    },
    refuse: (next) => {
      refusal = next;
    },
    askAs: (other) => {
      forward = forwardTo({ kubeconfig: other });
    },
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  forward: Forward,
  fault: Intercept | undefined,
): Promise<void> {
  const method = request.method as InterceptedWrite["method"] | "GET";
  if (method === "GET" || fault === undefined) return forward(request, response);
  const body = await text(request);
  const path = (request.url ?? "/").split("?")[0]!;
  const found = await fault({ method, path, body: body === "" ? undefined : JSON.parse(body) });
  if (found === undefined) return forward(request, response, { body });
  if ("refuse" in found) return refuse(response, found.refuse);
  if (found.drop === "before") return void response.destroy();
  forward(request, response, { body, lost: true });
}

function refuse(response: ServerResponse, { code, reason, message, retryAfterSeconds }: Refusal): void {
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  const status = { apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message, ...details };
  const headers = { "content-type": "application/json" };
  const later = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  response.writeHead(code, { ...headers, ...later }).end(JSON.stringify(status));
}
