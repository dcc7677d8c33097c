import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { HttpLimits } from "../../src/operator/http-server.js";
import type { WebhookRates } from "../../src/operator/webhooks/receiver.js";
import { ask, type HookServer, type HookServerOptions, startHookServer } from "../support/hook-server.js";
import { hexSignature, type Push, signedPush } from "../support/webhooks.js";

const SECRETS = { github: ["secret"], gitea: ["other"], "bitbucket-server": ["third"] };
const MB = 1024 * 1024;
const LIMITS: HttpLimits = {
  headersTimeout: 700,
  requestTimeout: 1000,
  idleTimeout: 5000,
  connections: 400,
  perClient: 400,
  closeTimeout: 1000,
};

const servers: HookServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: HookServerOptions = {}): Promise<HookServer> {
  const server = await startHookServer({ secrets: () => SECRETS, ...options });
  servers.push(server);
  return server;
}

const push = (over: Partial<Push> = {}) =>
  signedPush("github", {
    secret: "secret",
    repoURL: "https://git.example/net/plans.git",
    ref: "refs/heads/main",
    commit: "c".repeat(40),
    ...over,
  });
/** A signed hook of exactly so many bytes. */
function sized(bytes: number) {
  const hook = push();
  const body = hook.body.replace(/}$/, `,"padding":"${"x".repeat(bytes - Buffer.byteLength(hook.body) - 13)}"}`);
  return {
    ...hook,
    headers: { ...hook.headers, "x-hub-signature-256": `sha256=${hexSignature("secret", body)}` },
    body,
  };
}
/** Sends the bytes as they are; gives all that came back until the server closed, and how long that took. */
async function raw(port: number, ...parts: readonly string[]): Promise<{ text: string; took: number }> {
  const started = Date.now();
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  socket.on("error", () => {});
  for (const part of parts) socket.write(part);
  await once(socket, "close");
  return { text, took: Date.now() - started };
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("sizes", () => {
  test("a body of 1 MB is taken, one byte more is 413, told by its length or not", async () => {
    const server = await start();
    expect(Buffer.byteLength(sized(MB).body)).toBe(MB);
    expect((await server.send(sized(MB))).status).toBe(202);
    expect((await server.send(sized(MB + 1))).status).toBe(413);
    const chunked = (bytes: number) => {
      const hook = sized(bytes);
      return server.send({ ...hook, headers: { ...hook.headers, "transfer-encoding": "chunked" } });
    };
    expect((await chunked(MB)).status).toBe(202);
    expect((await chunked(MB + 1)).status).toBe(413);
    expect(server.counted.filter((one) => one === "github too_large")).toHaveLength(2);
  });

  test("a chunked body without an end is cut off at 1 MB, not kept", async () => {
    const server = await start();
    const { headers, path } = push();
    const sent = request({
      port: server.port,
      method: "POST",
      path,
      headers: { ...headers, "transfer-encoding": "chunked" },
    });
    let written = 0;
    let answered = false;
    const block = Buffer.alloc(64 * 1024, 120);
    const more = () => {
      while (!answered && !sent.destroyed) {
        written += block.length;
        if (!sent.write(block)) return void sent.once("drain", more);
      }
    };
    const status = new Promise((resolve) => sent.on("response", (response) => resolve(response.statusCode)));
    sent.on("error", () => {});
    more();
    expect(await status).toBe(413);
    answered = true;
    sent.destroy();
    // What lies in the buffers of both sockets was written too.
    expect(written).toBeLessThan(16 * MB);
  });

  test("a length that is told too large is refused before a byte of the body was sent", async () => {
    const server = await start();
    const { headers, path } = push();
    const lines = Object.entries({ ...headers, host: "x", "content-length": String(5 * MB) }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const { text } = await raw(server.port, [`POST ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe("slow clients", () => {
  const head = (extra: string) =>
    `POST /hooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${extra}`;

  test("headers that never end are ended", async () => {
    const server = await start({ limits: LIMITS });
    const { text, took } = await raw(server.port, head("x-github-event: pu"));
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(took).toBeLessThan(3000);
  });

  test("a body that never ends is ended, and others are answered meanwhile", async () => {
    const server = await start({ limits: LIMITS });
    const signed = `x-hub-signature-256: sha256=${"0".repeat(64)}\r\ncontent-length: 1000\r\n\r\n`;
    const slow = Array.from({ length: 50 }, () => raw(server.port, head(signed), "{"));
    expect((await server.send(push())).status).toBe(202);
    for (const { took } of await Promise.all(slow)) expect(took).toBeLessThan(4000);
    expect((await server.send(push())).status).toBe(202);
    expect(server.hints).toHaveLength(2);
  });

  test("a body that breaks off is no hint", async () => {
    const server = await start();
    const { headers, path, body } = push();
    const sent = request({
      port: server.port,
      method: "POST",
      path,
      headers: { ...headers, "content-length": String(Buffer.byteLength(body) + 5) },
    });
    sent.on("error", () => {});
    sent.write(body);
    await settled();
    sent.destroy();
    await settled();
    expect([server.counted, server.hints]).toEqual([["github malformed"], []]);
  });

  const PATIENT = { ...LIMITS, headersTimeout: 60_000, requestTimeout: 60_000 };

  test.each([{ connections: 3 }, { perClient: 3 }])(
    "at the cap %j the oldest that says nothing gives way",
    async (cap) => {
      const server = await start({ limits: { ...PATIENT, ...cap } });
      const held: Socket[] = [];
      const closed: number[] = [];
      for (let one = 0; one < 3; one++) {
        const socket = connect(server.port, "127.0.0.1");
        socket.on("close", () => closed.push(one)).on("error", () => {});
        await once(socket, "connect");
        held.push(socket);
      }
      await settled();
      expect((await ask(server.port, "GET", "/healthz")).status).toBe(200);
      await settled();
      expect(closed).toEqual([0]);
      for (const socket of held) socket.destroy();
    },
  );

  test("a connection that is being answered gives way to nobody", async () => {
    let answer: (text: string) => void = () => {};
    const text = new Promise<string>((resolve) => {
      answer = resolve;
    });
    let asked: () => void = () => {};
    const underWay = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const metricsText = () => {
      asked();
      return text;
    };
    const server = await start({ limits: { ...PATIENT, connections: 1 }, metricsText });
    const first = ask(server.port, "GET", "/metrics");
    await underWay;
    await expect(ask(server.port, "GET", "/healthz")).rejects.toThrow();
    answer("spiderplan_x 1\n");
    expect((await first).status).toBe(200);
  });

  test.each(["nothing", "half a head", "half a body"])(
    "with 160 sockets that send %s and come again, everybody is answered",
    async (kind) => {
      const server = await start({ limits: { ...PATIENT, connections: 128, perClient: 64 } });
      const signed = `x-hub-signature-256: sha256=${"0".repeat(64)}\r\ncontent-length: 1000\r\n\r\n{`;
      const sent = { nothing: "", "half a head": head("x-github-event: pu"), "half a body": head(signed) }[kind]!;
      let over = false;
      const sockets = new Set<Socket>();
      onTestFinished(() => {
        over = true;
        for (const socket of sockets) socket.destroy();
      });
      const hold = () => {
        if (over) return;
        const socket = connect(server.port, "127.0.0.1");
        sockets.add(socket);
        socket.on("error", () => {}).write(sent);
        socket.on("close", () => {
          sockets.delete(socket);
          setTimeout(hold, 1_000);
        });
      };
      for (let one = 0; one < 160; one++) hold();
      await settled();
      const slowest: number[] = [];
      for (let one = 0; one < 10; one++) {
        const started = Date.now();
        expect((await ask(server.port, "GET", "/healthz")).status).toBe(200);
        slowest.push(Date.now() - started);
      }
      expect((await server.send(push())).status).toBe(202);
      // The probes' own timeout is 5 seconds.
      expect(Math.max(...slowest)).toBeLessThan(4_000);
    },
  );
});

describe("many at once", () => {
  test("100 hooks are answered while none of them was followed yet", async () => {
    const waiting: (() => void)[] = [];
    const server = await start({ onPush: () => new Promise<void>((resolve) => void waiting.push(resolve)) });
    const started = Date.now();
    const answers = await Promise.all(Array.from({ length: 100 }, () => server.send(push())));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(Date.now() - started).toBeLessThan(5000);
    await settled();
    expect(waiting).toHaveLength(100);
    for (const resolve of waiting) resolve();
  });

  test("100 at once of the same delivery are one hint", async () => {
    const server = await start();
    const hook = push();
    await Promise.all(Array.from({ length: 100 }, () => server.send(hook)));
    await settled();
    expect(server.hints).toHaveLength(1);
    expect(server.counted.filter((one) => one === "github duplicate")).toHaveLength(99);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
  ])("a follower that %s is logged, and the delivery may come again", async (_how, onPush) => {
    const server = await start({ onPush });
    const hook = push();
    for (const count of [1, 2]) {
      expect((await server.send(hook)).status).toBe(202);
      await settled();
      expect(server.hints).toHaveLength(count);
    }
    expect(server.log.filter((line) => line.includes("could not be followed"))).toHaveLength(2);
  });
});

describe("rates", () => {
  const RATES: WebhookRates = { authentic: { burst: 3, perSecond: 0.5 }, strangers: { burst: 2, perSecond: 0.1 } };
  const START = 1_800_000_000_000;

  test("more than the burst is 429 with the time to wait, and time gives back", async () => {
    let now = START;
    const server = await start({ rates: RATES, now: () => now, monotonic: () => now });
    const statuses = async (count: number) => {
      const all: number[] = [];
      for (let one = 0; one < count; one++) all.push((await server.send(push())).status);
      return all;
    };
    expect(await statuses(4)).toEqual([202, 202, 202, 429]);
    const refused = await server.send(push());
    expect([refused.status, refused.headers["retry-after"]]).toEqual([429, "2"]);
    now += 1999;
    expect((await server.send(push())).headers["retry-after"]).toBe("1");
    now += 1;
    expect(await statuses(2)).toEqual([202, 429]);
    now += 3_600_000;
    expect(await statuses(4)).toEqual([202, 202, 202, 429]);
    now -= 3_600_000;
    expect(await statuses(1)).toEqual([429]);
    expect(server.hints).toHaveLength(7);
  });

  test("a delivery that was refused for the rate is new when it comes again", async () => {
    let now = START;
    const server = await start({
      rates: { ...RATES, authentic: { burst: 1, perSecond: 1 } },
      now: () => now,
      monotonic: () => now,
    });
    await server.send(push());
    const hook = push();
    expect((await server.send(hook)).status).toBe(429);
    now += 1000;
    expect((await server.send(hook)).status).toBe(202);
    await settled();
    expect(server.hints).toHaveLength(2);
  });

  test("garbage takes nothing from authentic hooks, nor one source from another", async () => {
    const server = await start({ rates: RATES, now: () => START, monotonic: () => START });
    const garbage = [
      push({ secret: "wrong" }),
      { ...push(), headers: { "content-type": "application/json" } },
      { ...push(), headers: { "content-type": "text/plain" } },
      sized(MB + 1),
    ];
    const statuses: number[] = [];
    for (let round = 0; round < 5; round++) for (const hook of garbage) statuses.push((await server.send(hook)).status);
    expect(statuses.slice(0, 2)).toEqual([401, 401]);
    expect(new Set(statuses.slice(2))).toEqual(new Set([429]));
    const gitea = signedPush("gitea", {
      secret: "wrong",
      repoURL: "https://git.example/a/b",
      ref: "refs/heads/x",
      commit: "d",
    });
    expect((await server.send(gitea)).status).toBe(401);
    for (let one = 0; one < 3; one++) expect((await server.send(push())).status).toBe(202);
  });

  test("unsigned pings count as what they are: from a stranger", async () => {
    const server = await start({ rates: RATES, now: () => START, monotonic: () => START });
    const headers = { "content-type": "application/json", "x-event-key": "diagnostics:ping" };
    const statuses: number[] = [];
    for (let one = 0; one < 4; one++) {
      statuses.push((await server.send({ path: "/hooks/bitbucket-server", headers, body: '{"test":true}' })).status);
    }
    expect(statuses).toEqual([202, 202, 429, 429]);
  });
});
