import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { probeRoutes, startHttpServer } from "../../src/operator/http-server.js";

// The kubelet's probe must be answered whatever else reaches the port: a probe that fails three times restarts the operator.

async function start() {
  const server = await startHttpServer({
    port: 0,
    host: "127.0.0.1",
    routes: probeRoutes({
      health: () => ({ ok: true, reasons: [] }),
      ready: () => ({ ok: true, reasons: [] }),
      metricsText: async () => "spiderplan_x 1\n",
    }),
    logger: { debug() {}, info() {}, warn() {}, error() {} } as never,
  });
  onTestFinished(() => server.close());
  return server;
}

function ask(port: number, path: string, localAddress: string): Promise<{ status?: number; took: number }> {
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, localAddress, agent: false, timeout: 5_000 }, (response) => {
      response.resume().on("end", () => resolve({ status: response.statusCode, took: Date.now() - started }));
    });
    sent.on("timeout", () => sent.destroy(new Error("timeout"))).on("error", reject);
    sent.end();
  });
}

/** Sockets that send the head at once and then a byte a second, and come again when they are closed. */
function hold(port: number, count: number, head: string, from: (one: number) => string): { closed: number } {
  const seen = { closed: 0 };
  const sockets = new Set<Socket>();
  let over = false;
  const tick = setInterval(() => {
    for (const socket of sockets) socket.write("x");
  }, 1_000);
  onTestFinished(() => {
    over = true;
    clearInterval(tick);
    for (const socket of sockets) socket.destroy();
  });
  const open = (one: number) => {
    if (over) return;
    const socket = connect({ port, host: "127.0.0.1", localAddress: from(one) });
    sockets.add(socket);
    socket.on("error", () => {}).write(head);
    socket.resume().on("close", () => {
      sockets.delete(socket);
      seen.closed += 1;
      setTimeout(open, 1_000, one);
    });
  };
  for (let one = 0; one < count; one++) open(one);
  return seen;
}

const ONE = () => "127.0.0.1";
const MANY = (one: number) => `127.0.1.${1 + (one % 200)}`;
const BODY = "GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n";

test.each([
  ["nothing but bytes of a head, of one client", "", ONE],
  ["the same, of 200 clients", "", MANY],
  ["a head without an end", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: ", ONE],
  ["a body without an end", BODY, ONE],
  ["a body without an end, of 200 clients", BODY, MANY],
])("200 sockets that send a byte a second leave the probes alone: %s", async (_what, head, from) => {
  const { port } = await start();
  const seen = hold(port, 200, head, from);
  const answers: { status?: number; took: number }[] = [];
  for (const path of ["/healthz", "/readyz", "/metrics", "/healthz"]) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    answers.push(await ask(port, path, "127.0.0.2"));
  }
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(Math.max(...answers.map(({ took }) => took))).toBeLessThan(1_000);
  // Beyond the caps somebody had to give way.
  expect(seen.closed).toBeGreaterThanOrEqual(72);
});

test("a head ends after 5 seconds, a body after 10", async () => {
  const { port } = await start();
  const lasted = (text: string) =>
    new Promise<number>((resolve) => {
      const started = Date.now();
      const socket = connect(port, "127.0.0.1");
      const tick = setInterval(() => socket.write("x"), 500);
      socket.on("error", () => {}).resume();
      socket.on("close", () => {
        clearInterval(tick);
        resolve(Date.now() - started);
      });
      socket.write(text);
    });
  const [head, body] = await Promise.all([lasted("GET /healthz HTTP/1.1\r\nx: "), lasted(BODY)]);
  expect(head).toBeLessThan(7_500);
  expect(body).toBeLessThan(13_000);
}, 30_000);
