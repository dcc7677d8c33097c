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
}

/** @param target URL of the server; only host and port matter, TLS passes through */
export async function flakyProxy(target: string): Promise<FlakyProxy> {
  const { hostname, port, protocol } = new URL(target);
  const pairs = new Set<Pair>();
  let [accepted, paused, refusing] = [0, false, false];
  const listener = createServer({ noDelay: true }, (client) => {
    if (refusing) return void client.resetAndDestroy();
    accepted++;
    const pair = { client, server: tcpConnect({ host: hostname, port: Number(port), noDelay: true }) };
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

function join({ client, server }: Pair): void {
  client.pipe(server);
  server.pipe(client);
}

function part({ client, server }: Pair): void {
  client.unpipe(server).pause();
  server.unpipe(client).pause();
}
