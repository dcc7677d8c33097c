import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { startHttpServer } from "../../src/operator/http-server.js";
import { ask, type HookServer, type HookServerOptions, startHookServer } from "../support/hook-server.js";

const servers: HookServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: HookServerOptions = {}): Promise<HookServer> {
  const server = await startHookServer(options);
  servers.push(server);
  return server;
}

describe("probes and metrics", () => {
  test.each(["/healthz", "/readyz"])("%s says ok, or one reason a line with 503", async (path) => {
    const server = await start();
    expect(await ask(server.port, "GET", path)).toMatchObject({ status: 200, text: "ok\n" });
    Object.assign(server.report, { ok: false, reasons: ["the caches are not full yet", "no lease"] });
    const answer = await ask(server.port, "GET", path);
    expect(answer).toMatchObject({ status: 503, text: "the caches are not full yet\nno lease\n" });
    expect(answer.headers).toMatchObject({ "content-type": "text/plain; charset=UTF-8", "cache-control": "no-store" });
  });

  test("/metrics is Prometheus' text", async () => {
    const server = await start({ metricsText: async () => "spiderplan_x 1\n" });
    const { status, headers, text } = await ask(server.port, "GET", "/metrics");
    expect([status, headers["content-type"], text]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
      "spiderplan_x 1\n",
    ]);
  });

  test("metrics that cannot be told are 500, without saying why to the outside", async () => {
    const server = await start({ metricsText: () => Promise.reject(new Error("inner thing")) });
    expect(await ask(server.port, "GET", "/metrics")).toMatchObject({ status: 500, text: "internal error\n" });
    expect(server.log.filter((line) => line.includes("a request failed"))).toHaveLength(1);
  });

  test.each(["/healthz", "/readyz", "/metrics"])("HEAD %s has the headers and no body", async (path) => {
    const server = await start();
    const [head, full] = [await ask(server.port, "HEAD", path), await ask(server.port, "GET", path)];
    expect([head.status, head.text, head.headers["content-type"]]).toEqual([200, "", full.headers["content-type"]]);
  });

  test.each([
    ["GET", "/"],
    ["GET", "/hooks"],
    ["GET", "/hooks/"],
    ["POST", "/hooks"],
    ["POST", "/hooks/github/more"],
    ["PUT", "/hooks/github"],
    ["POST", "/healthz"],
    ["DELETE", "/metrics"],
    ["OPTIONS", "/api/webhook"],
    ["GET", "/api/webhook"],
    ["GET", "/healthz/../secrets"],
    ["GET", "/%2e%2e/etc/passwd"],
    ["GET", "/index.html"],
  ])("%s %s is 404", async (method, path) => {
    const server = await start();
    expect(await ask(server.port, method, path)).toMatchObject({ status: 404, text: "not found\n" });
  });
});

describe("its life", () => {
  test("a port that is taken is an error, not a server", async () => {
    const server = await start();
    const second = startHttpServer({
      port: server.port,
      host: "127.0.0.1",
      routes: () => {},
      logger: {
        debug() {},
        info() {},
        warn() {},
        error() {},
        with: () => {
          throw new Error("not asked");
        },
      },
    });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("close ends connections that are kept alive, and takes no new ones", async () => {
    const server = await startHookServer();
    const agent = new Agent({ keepAlive: true });
    const [response] = await once(get({ port: server.port, path: "/healthz", agent }), "response");
    response.resume();
    await once(response, "end");
    expect(response.headers.connection).toBe("keep-alive");
    const started = Date.now();
    await server.close();
    expect(Date.now() - started).toBeLessThan(2000);
    await expect(ask(server.port, "GET", "/healthz")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    agent.destroy();
  });

  test("close waits only so long for a client that says nothing", async () => {
    const server = await startHookServer({
      limits: {
        headersTimeout: 60_000,
        requestTimeout: 60_000,
        idleTimeout: 60_000,
        connections: 9,
        perClient: 9,
        closeTimeout: 200,
      },
    });
    const silent = connect(server.port, "127.0.0.1");
    await once(silent, "connect");
    const ended = once(silent.resume(), "close");
    await server.close();
    await ended;
  });

  test("close lets a request under way end, and tells it that the connection goes", async () => {
    let tell: (text: string) => void = () => {};
    let asked: () => void = () => {};
    const text = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const underWay = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const server = await startHookServer({
      metricsText: () => {
        asked();
        return text;
      },
    });
    const agent = new Agent({ keepAlive: true });
    const answer = once(get({ port: server.port, path: "/metrics", agent }), "response");
    await underWay;
    const closed = server.close();
    tell("spiderplan_x 1\n");
    const [response] = await answer;
    expect([response.statusCode, response.headers.connection]).toEqual([200, "close"]);
    response.resume();
    await closed;
    agent.destroy();
  });
});
