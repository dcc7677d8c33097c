import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";

/** One request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly message: IncomingMessage;
}

export type Handler = (seen: Seen, response: ServerResponse) => void;

/** An HTTP server on a free loopback port that does what a test scripts, and counts connections. */
export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  readonly seen: readonly Seen[];
  connections(): number;
  /** Cuts every open connection. */
  cut(): void;
  stop(): Promise<void>;
}

/** Starts one; with `tls` it speaks HTTPS. */
export async function scriptedServer(handler: Handler, tls?: ServerOptions): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  const listener = (message: IncomingMessage, response: ServerResponse) => {
    let body = "";
    message.setEncoding("utf8");
    message.on("data", (text: string) => {
      body += text;
    });
    message.on("end", () => {
      const url = new URL(message.url ?? "/", "http://x");
      const one: Seen = {
        method: message.method ?? "",
        path: url.pathname,
        query: url.searchParams,
        headers: message.headers,
        body,
        message,
      };
      seen.push(one);
      handler(one, response);
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  let connections = 0;
  const open = new Set<Socket>();
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    connections++;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    seen,
    connections: () => connections,
    cut: () => {
      for (const socket of open) socket.destroy();
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers JSON. */
export function answer(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** A Kubernetes Status body. */
export function status(code: number, reason: string, message: string, details?: object): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details };
}
