import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import type { WatchEvent } from "../../src/ports/cluster.js";
import { kubeconfigFile } from "../support/kubeconfig-file.js";
import { answer, type Handler, scriptedServer, status } from "../support/scripted-server.js";

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
const pod = (name: string, resourceVersion: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, resourceVersion },
});

async function start(handler: Handler, silence = 5_000) {
  const server = await scriptedServer(handler);
  const cluster = await connect({ kubeconfig: kubeconfigFile(server.url), timeouts: { watchSilence: silence } });
  open.push({ stop: () => cluster.close() }, server);
  return { server, cluster };
}

/** Takes the first events, then aborts. */
async function take(events: (signal: AbortSignal) => AsyncIterable<WatchEvent>, count: number): Promise<string[]> {
  const controller = new AbortController();
  const seen: string[] = [];
  for await (const event of events(controller.signal)) {
    seen.push(
      event.type === "BOOKMARK" ? `BOOKMARK ${event.resourceVersion}` : `${event.type} ${event.object.metadata.name}`,
    );
    if (seen.length === count) controller.abort();
  }
  return seen;
}

describe("watch", () => {
  it("puts lines together whatever the packets cut, characters included", async () => {
    const text = line("ADDED", pod("ä€😀", "2")) + line("MODIFIED", pod("b", "3")) + line("BOOKMARK", pod("", "9"));
    const bytes = Buffer.from(text);
    const { server, cluster } = await start(async (_seen, response) => {
      response.writeHead(200);
      for (let i = 0; i < bytes.length; i += 7) {
        response.write(bytes.subarray(i, i + 7));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const seen = await take((signal) => cluster.watch(KINDS.Pod, "1", signal), 3);
    expect(seen).toEqual(["ADDED ä€😀", "MODIFIED b", "BOOKMARK 9"]);
    const asked = server.seen[0]!.query;
    expect(asked.get("watch")).toBe("1");
    expect(asked.get("resourceVersion")).toBe("1");
    expect(asked.get("allowWatchBookmarks")).toBe("true");
    expect(Number(asked.get("timeoutSeconds"))).toBeGreaterThanOrEqual(240);
  });

  it("goes on from the last version after a clean end, a cut in a line, and a bookmark", async () => {
    const parts: ((response: ServerResponse) => void)[] = [
      (response) => response.writeHead(200).end(line("ADDED", pod("a", "2"))),
      (response) => {
        response.writeHead(200).write(`${line("ADDED", pod("b", "3"))}{"type":"ADDED","obj`);
        setTimeout(() => response.destroy(), 20);
      },
      (response) => response.writeHead(200).end(line("BOOKMARK", pod("", "7"))),
      (response) => response.writeHead(200).write(line("DELETED", pod("c", "8"))),
    ];
    const { server, cluster } = await start((_seen, response) => parts.shift()!(response));
    const seen = await take((signal) => cluster.watch(KINDS.Pod, "1", signal), 4);
    expect(seen).toEqual(["ADDED a", "ADDED b", "BOOKMARK 7", "DELETED c"]);
    expect(server.seen.map(({ query }) => query.get("resourceVersion"))).toEqual(["1", "2", "3", "7"]);
  });

  it.each<[string, Handler]>([
    [
      "as an event",
      (_seen, response) => response.writeHead(200).write(line("ERROR", status(410, "Expired", "too old"))),
    ],
    ["as an answer", (_seen, response) => answer(response, 410, status(410, "Expired", "too old"))],
  ])("says Gone when the version is too old, %s", async (_name, handler) => {
    const { cluster } = await start(handler);
    await expect(take((signal) => cluster.watch(KINDS.Pod, "1", signal), 1)).rejects.toMatchObject({ reason: "Gone" });
  });

  it("does not wait for ever on a server gone silent", async () => {
    let calls = 0;
    const { cluster } = await start((_seen, response) => {
      response.writeHead(200);
      if (++calls === 1) response.flushHeaders();
      else response.write(line("ADDED", pod("a", "2")));
    }, 200);
    expect(await take((signal) => cluster.watch(KINDS.Pod, "1", signal), 1)).toEqual(["ADDED a"]);
    expect(calls).toBe(2);
  });

  it("ends at once when aborted, also while nothing comes", async () => {
    const { cluster } = await start((_seen, response) => response.writeHead(200).flushHeaders());
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const seen: WatchEvent[] = [];
    for await (const event of cluster.watch(KINDS.Pod, "1", controller.signal)) seen.push(event);
    expect(seen).toEqual([]);
  });

  it("is not taken up again before the time a throttling server asks for", async () => {
    const times: number[] = [];
    const { cluster } = await start((_seen, response) => {
      times.push(performance.now());
      if (times.length === 1)
        return answer(response, 429, status(429, "TooManyRequests", "slow"), { "retry-after": "2" });
      response.writeHead(200).write(line("ADDED", pod("a", "2")));
    });
    expect(await take((signal) => cluster.watch(KINDS.Pod, "1", signal), 1)).toEqual(["ADDED a"]);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1_990);
  });

  it("gives up after several failures in a row", async () => {
    const { server, cluster } = await start((_seen, response) => answer(response, 403, status(403, "Forbidden", "no")));
    await expect(take((signal) => cluster.watch(KINDS.Pod, "1", signal), 1)).rejects.toMatchObject({
      reason: "Forbidden",
    });
    expect(server.seen).toHaveLength(1);
  });
});
