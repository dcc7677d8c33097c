import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** How many connections a server holds. */
export interface ConnectionLimits {
  readonly connections: number;
  /** Of one address. */
  readonly perClient: number;
}

interface Connection {
  readonly client: string;
  /** The request it sent last, and what it is answered. */
  request?: IncomingMessage;
  response?: ServerResponse;
}

/**
 * Keeps slow clients from holding a server. At a limit the connection that has waited longest with no complete request gives way
 * to the new one: whoever asks and is answered at once never waits for whoever does not. Only where every connection is being
 * answered is the new one closed.
 */
export function limitConnections(server: Server, { connections, perClient }: ConnectionLimits): void {
  // In order of age: a Map keeps the order of insertion.
  const open = new Map<Socket, Connection>();
  server.on("connection", (socket: Socket) => {
    const client = socket.remoteAddress ?? "";
    const same = [...open].filter(([, one]) => one.client === client);
    const full = same.length >= perClient ? same : open.size >= connections ? [...open] : [];
    const oldest = full.find(([, one]) => isWaiting(one));
    if (oldest !== undefined) close(oldest[0]);
    else if (full.length > 0) return void socket.destroy();
    open.set(socket, { client });
    socket.once("close", () => open.delete(socket));
  });
  server.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
    const connection = open.get(request.socket);
    if (connection !== undefined) Object.assign(connection, { request, response });
  });

  function close(socket: Socket): void {
    open.delete(socket);
    socket.destroy();
  }
}

/** Whether nothing is being done for it: no request, half of one, or one that was answered. */
function isWaiting({ request, response }: Connection): boolean {
  return request === undefined || !request.complete || response?.writableEnded === true;
}
