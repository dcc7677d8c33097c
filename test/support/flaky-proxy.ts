import { createServer, type Socket, connect as tcpConnect } from "node:net";

/** A TCP proxy on loopback between a client and a server that can fail as networks do. */
export interface FlakyProxy {
  /** Its own address, with the server's scheme. */
  readonly url: string;
  /** Connections that were accepted so far. */
  connections(): number;
  /** Drops packets: sockets stay open, new ones are accepted, nothing comes through in either direction. */
  pause(): void;
  /** As `pause`, for the connections that are open now; new ones work. */
  pauseOpen(): void;
  /**
   * As `pause`, for the connections open now whose last request's path, query included, matches: one stream falls silent and
   * all else flows. Plain HTTP only. @returns how many
   */
  pauseStreams(path: RegExp): number;
  /** Forwards again; what was held back during a pause arrives late, as TCP delivers it. */
  resume(): void;
  /** Breaks every open connection with a reset. */
  cut(): void;
  /** Refuses connections from now on, as a server that is down, and breaks the open ones; `resume` ends it. */
  refuse(): void;
  stop(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Path of the last request, where it can be read. */
  path: string;
}

/** @param target URL of the server; only host and port matter, TLS passes through */
export async function flakyProxy(target: string): Promise<FlakyProxy> {
  const { hostname, port, protocol } = new URL(target);
  const pairs = new Set<Pair>();
  let [accepted, paused, refusing] = [0, false, false];
  const listener = createServer({ noDelay: true }, (client) => {
    if (refusing) return void client.resetAndDestroy();
    accepted++;
    const server = tcpConnect({ host: hostname, port: Number(port), noDelay: true });
    const pair: Pair = { client, server, path: "" };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      pair.client.destroy();
      pair.server.destroy();
    };
    for (const socket of [pair.client, pair.server]) socket.on("error", end).on("close", end);
    if (!paused) join(pair);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const own = listener.address() as { port: number };
  const cut = () => {
    for (const { client, server } of pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  };
  return {
    url: `${protocol}//127.0.0.1:${own.port}`,
    connections: () => accepted,
    pause: () => {
      paused = true;
      for (const pair of pairs) part(pair);
    },
    pauseOpen: () => {
      for (const pair of pairs) part(pair);
    },
    pauseStreams: (path) => {
      const found = [...pairs].filter((pair) => path.test(pair.path));
      for (const pair of found) part(pair);
      return found.length;
    },
    resume: () => {
      [paused, refusing] = [false, false];
      for (const pair of pairs) join(pair);
    },
    cut,
    refuse: () => {
      refusing = true;
      cut();
    },
    stop: async () => {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function join(pair: Pair): void {
  const { client, server } = pair;
  client.on("data", (chunk: Buffer) => {
    pair.path = /^[A-Z]+ (\S+) HTTP\/1\.1\r\n/.exec(chunk.toString("latin1"))?.[1] ?? pair.path;
  });
  client.pipe(server);
  server.pipe(client);
}

function part({ client, server }: Pair): void {
  client.unpipe(server).removeAllListeners("data").pause();
  server.unpipe(client).pause();
}
