import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** An HTTP proxy that only opens tunnels, as companies have them. */
export interface ConnectProxy {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** The CONNECT requests so far: where to, and everything the client told the proxy. */
  readonly tunnels: readonly { readonly target: string; readonly headers: IncomingMessage["headers"] }[];
  close(): Promise<void>;
}

/**
 * Starts a proxy on loopback.
 * @param basic `user:password` it asks for
 */
export async function startConnectProxy(basic?: string): Promise<ConnectProxy> {
  const tunnels: { target: string; headers: IncomingMessage["headers"] }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on("connect", (request: IncomingMessage, client: Socket) => {
    sockets.add(client);
    client.on("error", () => client.destroy());
    tunnels.push({ target: request.url ?? "", headers: request.headers });
    const wanted = basic === undefined ? undefined : `Basic ${Buffer.from(basic).toString("base64")}`;
    if (wanted !== undefined && request.headers["proxy-authorization"] !== wanted) {
      const challenge = 'Proxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\nConnection: close';
      client.end(`HTTP/1.1 407 Proxy Authentication Required\r\n${challenge}\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const upstream = connect(Number(port), hostname, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    tunnels,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
