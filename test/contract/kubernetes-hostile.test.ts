import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { connect } from "../../src/adapters/kubernetes/connect.js";
import { WATCH_TIMES } from "../../src/app/watch/backoff.js";
import { Reflector } from "../../src/app/watch/reflector.js";
import { ClusterError } from "../../src/core/cluster-error.js";
import { KINDS, type KubeObject } from "../../src/core/spiderpool/objects.js";
import { keptTelemetry } from "../support/kept-telemetry.js";
import { kubeconfigFile } from "../support/kubeconfig-file.js";
import { type Handler, scriptedServer } from "../support/scripted-server.js";
import { virtualClock } from "../support/virtual-clock.js";

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

async function start(handler: Handler) {
  const server = await scriptedServer(handler);
  const cluster = await connect({ kubeconfig: kubeconfigFile(server.url) });
  open.push({ stop: () => cluster.close() }, server);
  return { server, cluster };
}

const json =
  (text: string): Handler =>
  (_, response) =>
    void response.writeHead(200, { "content-type": "application/json" }).end(text);

/** The failure in words, `Reason: message`; whatever else is thrown fails the test. */
async function told(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => expect.unreachable("the answer was taken"),
    (failure: unknown) => failure,
  );
  if (!(error instanceof ClusterError)) throw error;
  return `${error.reason}: ${error.message}`;
}

const POD = { metadata: { name: "a", namespace: "b" } };
const withMetadata = (metadata: object) => ({ metadata: { ...POD.metadata, ...metadata } });

/** Answers to a list that are none. */
const LISTS: readonly (readonly [string, RegExp])[] = [
  ["{}", /no list/],
  ['"hello"', /no object/],
  ["null", /no object/],
  ["[]", /no object/],
  ["7", /no object/],
  ["", /not JSON/],
  ["<html>", /not JSON/],
  ['{"items": {}}', /no list/],
  ['{"items": [null]}', /something that is no Pod/],
  ['{"items": ["hello"]}', /something that is no Pod/],
  ['{"items": [{}]}', /something that is no Pod/],
  ['{"items": [{"metadata": {}}]}', /metadata\.name/],
  ['{"items": [{"metadata": {"name": {}}}]}', /metadata\.name/],
  ...[
    { kind: "Secret", ...POD },
    { kind: 7, ...POD },
  ].map((item) => [JSON.stringify({ items: [item] }), /in place of Pod/] as const),
  ...[{ labels: 7 }, { labels: { a: 1 } }, { labels: ["a"] }, { annotations: { a: null } }, { uid: {} }].map(
    (metadata) => [JSON.stringify({ items: [withMetadata(metadata)] }), /metadata\.\w+ that cannot be/] as const,
  ),
  [JSON.stringify({ items: [withMetadata({ ownerReferences: [null] })] }), /metadata\.ownerReferences/],
];

test.each(LISTS)("a list that is %s is told", async (text, words) => {
  const { cluster } = await start(json(text));
  const failure = await told(cluster.list(KINDS.Pod));
  expect(failure).toMatch(/^BadResponse: /);
  expect(failure).toMatch(words);
});

test("what Go writes of an empty list is one", async () => {
  const { cluster } = await start(json('{"metadata": {"resourceVersion": "7"}, "items": null}'));
  expect(await cluster.list(KINDS.Pod)).toEqual({ items: [], resourceVersion: "7" });
});

test.each(["{}", '"hello"', "null", "[1]", JSON.stringify({ kind: "Status", metadata: { name: "x" } })])(
  "an object that is %s is told, read or written",
  async (text) => {
    const { cluster } = await start(json(text));
    const ref = { kind: KINDS.Pod, namespace: "b", name: "a" };
    const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "b" } };
    const calls = [
      cluster.get(ref),
      cluster.create(pod, KINDS.Pod),
      cluster.patch(ref, {}),
      cluster.patchStatus(ref, {}),
      cluster.replace(pod, KINDS.Pod),
    ];
    for (const call of calls) expect(await told(call)).toMatch(/^BadResponse: /);
  },
);

test.each(["{}", '"hello"', '{"resources": [null, "x", {"name": 7}]}', '{"resources": {}}', '{"versions": [null]}'])(
  "a discovery that is %s ends well",
  async (text) => {
    const { cluster } = await start(json(text));
    const served = cluster.served([KINDS.Pod]).then((kinds) => kinds.size, toldOf);
    const found = cluster.find("apps.kruise.io", "CloneSet").then((kind) => kind === undefined, toldOf);
    expect(await served).toSatisfy((size) => size === 0 || /^BadResponse/.test(String(size)));
    expect(await found).toSatisfy((none) => none === true || /^BadResponse/.test(String(none)));
  },
);
const toldOf = (error: unknown) => told(Promise.reject(error));

describe("a list without end", () => {
  test("that names the same next page again", async () => {
    const { cluster, server } = await start(json(JSON.stringify({ metadata: { continue: "x" }, items: [] })));
    expect(await told(cluster.list(KINDS.Pod))).toMatch(/^BadResponse: list pods: the list goes on where it began/);
    expect(server.seen).toHaveLength(2);
  });

  test("that always has a next page", async () => {
    let page = 0;
    const { cluster } = await start((seen, response) => {
      page++;
      json(JSON.stringify({ metadata: { continue: `${page}` }, items: [] }))(seen, response);
    });
    expect(await told(cluster.list(KINDS.Pod))).toMatch(/the list has no end: 0 objects on 10000 pages so far/);
  }, 120_000);

  test("whose page never ends", async () => {
    let sent = 0;
    const { cluster, server } = await start((_, response) => {
      response.writeHead(200).write('{"items": [');
      pump(response, Buffer.alloc(1024 * 1024, " "), (bytes) => {
        sent += bytes;
      });
    });
    expect(await told(cluster.list(KINDS.Pod))).toMatch(/^BadResponse: list pods: the answer has more than 32 MiB/);
    expect(server.seen.map(({ query }) => query.get("limit"))).toEqual(["500", "50", "5", "1"]);
    expect(sent).toBeLessThan(4 * 64 * 1024 * 1024);
    sent = 0;
    expect(await told(cluster.get({ kind: KINDS.Pod, namespace: "b", name: "a" }))).toMatch(/more than 32 MiB/);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  }, 60_000);

  test("of objects so large that only few go on a page is read all the same", async () => {
    const padding = "x".repeat(1_000_000);
    const total = 60;
    const { cluster, server } = await start((seen, response) => {
      const from = Number(seen.query.get("continue") ?? 0);
      const to = Math.min(total, from + Number(seen.query.get("limit")));
      const items = Array.from({ length: to - from }, (_, n) =>
        withMetadata({ name: `p${from + n}`, annotations: { padding } }),
      );
      const metadata = { resourceVersion: "9", ...(to < total && { continue: `${to}` }) };
      json(JSON.stringify({ metadata, items }))(seen, response);
    });
    const project = ({ metadata: { name } }: KubeObject) => ({ metadata: { name } }) as KubeObject;
    const { items } = await cluster.list(KINDS.Pod, { project });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(Array.from({ length: total }, (_, n) => `p${n}`));
    expect(new Set(server.seen.map(({ query }) => query.get("limit")))).toEqual(new Set(["500", "50", "5"]));
  }, 60_000);
});

function pump(response: ServerResponse, bytes: Buffer, onSent: (bytes: number) => void): void {
  const more = () => {
    while (!response.destroyed && response.write(bytes)) onSent(bytes.length);
    onSent(bytes.length);
  };
  response.on("drain", more);
  more();
}

const ERRORS: readonly (readonly [number, string, Record<string, string>])[] = [
  [500, '{"kind": "Status", "message": {"a": 1}, "reason": 7, "details": "x"}', {}],
  [500, '{"kind": "Status", "reason": "__proto__", "code": "x"}', {}],
  [409, '{"kind": "Status", "reason": "constructor"}', {}],
  [429, '{"kind": "Status", "details": {"retryAfterSeconds": 1e300}}', {}],
  [503, "x", { "retry-after": "99999999999" }],
  [404, "x".repeat(5_000_000), {}],
];

test.each(ERRORS)(
  "an error %d with %.60s is a cluster error with a wait that can be waited for",
  async (code, text, headers) => {
    const { cluster } = await start((_, response) => void response.writeHead(code, headers).end(text));
    const error = await cluster.list(KINDS.Pod).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(ClusterError);
    expect((error as ClusterError).retryAfterSeconds ?? 0).toBeLessThanOrEqual(3600);
    expect((error as ClusterError).message.length).toBeLessThan(40_000);
  },
);

/** Lines of a watch that are no events. */
const LINES = [
  "null",
  '"hello"',
  "7",
  "{",
  "{}",
  '{"type": "ADDED"}',
  '{"type": "ADDED", "object": null}',
  '{"type": "ADDED", "object": "x"}',
  '{"type": "ADDED", "object": {}}',
  '{"type": "ADDED", "object": {"kind": "Secret", "metadata": {"name": "a"}}}',
  '{"type": "ADDED", "object": {"metadata": {"name": "a", "managedFields": [null]}}}',
  '{"type": "RENAMED", "object": {"metadata": {"name": "a"}}}',
  '{"type": "ERROR"}',
  '{"type": "ERROR", "object": {"message": {}, "code": "x"}}',
  '{"type": "BOOKMARK", "object": "x"}',
];

test.each(LINES)(
  "a watch that says %s is told",
  async (line) => {
    const { cluster } = await start((_, response) => {
      response.writeHead(200).write(`${line}\n`);
    });
    const events = cluster.watch(KINDS.Pod, "1", new AbortController().signal)[Symbol.asyncIterator]();
    const failure = await told(events.next());
    expect(failure).toMatch(/^(BadResponse|Unavailable): watch pods/);
  },
  20_000,
);

test("an event without end ends at the limit, in time that grows with its length alone", async () => {
  const { cluster } = await start((_, response) => {
    response.writeHead(200).write('{"type": "ADDED", "object": "');
    pump(response, Buffer.alloc(64 * 1024, "x"), () => {});
  });
  const events = cluster.watch(KINDS.Pod, "1", new AbortController().signal)[Symbol.asyncIterator]();
  expect(await told(events.next())).toMatch(/^BadResponse: .*a line without end/);
}, 30_000);

test("a reflector outlives all of them, says what is wrong, and knows the truth once it is told", async () => {
  const hostile = [...LISTS.map(([text]) => text), JSON.stringify({ items: [{ ...POD, spec: "odd" }] })];
  const bad = [...LINES];
  const good = JSON.stringify({ metadata: { resourceVersion: "5" }, items: [{ ...POD, spec: {} }] });
  const { cluster } = await start((seen, response) => {
    if (seen.query.get("watch") === null) return json(hostile.shift() ?? good)(seen, response);
    response
      .writeHead(200)
      .write(`${bad.shift() ?? '{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "6"}}}'}\n`);
  });
  const { metrics } = keptTelemetry();
  const ending = new AbortController();
  const errors = new Set<string>();
  const reflector = new Reflector(cluster, {
    kind: KINDS.Pod,
    clock: virtualClock(),
    metrics,
    times: { ...WATCH_TIMES, silence: 1e9 },
    project: (object) => {
      if (typeof object.spec !== "object") throw new TypeError("spec is odd");
      return object;
    },
    onChange: () => {},
    onState: (state) => {
      if ("error" in state && state.error !== undefined) errors.add(state.error.reason);
      if (state.type === "watching" && bad.length === 0) ending.abort();
    },
  });
  await reflector.run(ending.signal);
  expect(reflector.keys()).toEqual(["b/a"]);
  expect([...errors]).toContain("BadResponse");
}, 60_000);
