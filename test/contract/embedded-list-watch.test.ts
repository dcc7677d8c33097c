import { afterEach, describe, expect, test } from "vitest";
import { configMap, MERGE, type Served, serve } from "../support/embedded.js";

const MAPS = "/api/v1/namespaces/default/configmaps";

/** Opens a watch and reads events as they come. */
async function watch(cluster: Served, query: string) {
  const ending = new AbortController();
  const response = await fetch(`${cluster.url}${MAPS}?watch=true&${query}`, { signal: ending.signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  // biome-ignore lint/suspicious/noExplicitAny: events of several shapes
  const next = async (): Promise<any> => {
    for (;;) {
      const end = text.indexOf("\n");
      if (end >= 0) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        return JSON.parse(line);
      }
      const { done, value } = await reader.read();
      if (done) return undefined;
      text += value;
    }
  };
  return { next, stop: () => ending.abort() };
}

describe("lists and watches of the embedded cluster", () => {
  let cluster: Served;
  afterEach(() => cluster.stop());
  const fill = async (count: number) => {
    for (let i = 0; i < count; i++)
      await cluster.call("POST", MAPS, {
        ...configMap(`m${i}`),
        metadata: { name: `m${i}`, labels: { odd: String(i % 2) } },
      });
  };

  test("pages of one list show the state of its first page", async () => {
    cluster = await serve();
    await fill(5);
    const first = await cluster.call("GET", `${MAPS}?limit=2`);
    expect(first.body.metadata.remainingItemCount).toBe(3);
    await cluster.call("DELETE", `${MAPS}/m4`);
    const names = first.body.items.map(nameOf);
    let token = first.body.metadata.continue;
    while (token) {
      const page = await cluster.call("GET", `${MAPS}?limit=2&continue=${token}`);
      expect(page.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
      names.push(...page.body.items.map(nameOf));
      token = page.body.metadata.continue;
    }
    expect(names).toEqual(["m0", "m1", "m2", "m3", "m4"]);
    expect((await cluster.call("GET", `${MAPS}?limit=2&continue=none`)).code).toBe(410);
  });

  test.each([
    ["labelSelector=odd%3D1", ["m1", "m3"]],
    ["labelSelector=odd!%3D1", ["m0", "m2"]],
    ["labelSelector=odd%20in%20(0,1),odd%20notin%20(1)", ["m0", "m2"]],
    ["labelSelector=!odd", []],
    ["labelSelector=odd", ["m0", "m1", "m2", "m3"]],
    ["fieldSelector=metadata.name%3Dm2", ["m2"]],
    ["fieldSelector=metadata.name!%3Dm2,metadata.namespace%3Ddefault", ["m0", "m1", "m3"]],
  ])("selects by %s", async (query, names) => {
    cluster = await serve();
    await fill(4);
    expect((await cluster.call("GET", `${MAPS}?${query}`)).body.items.map(nameOf)).toEqual(names);
  });

  test("a selector that cannot be read is 400", async () => {
    cluster = await serve();
    expect((await cluster.call("GET", `${MAPS}?fieldSelector=spec.colour%3Dred`)).code).toBe(400);
    expect((await cluster.call("GET", `${MAPS}?labelSelector=a%20b%20c`)).code).toBe(400);
  });

  test("a watch replays what came after the version, then follows", async () => {
    cluster = await serve();
    const { body: list } = await cluster.call("GET", MAPS);
    await fill(1);
    const events = await watch(cluster, `resourceVersion=${list.metadata.resourceVersion}`);
    expect(await events.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "m0" } } });
    const patched = await cluster.call("PATCH", `${MAPS}/m0`, { data: { k: "1" } }, MERGE);
    const modified = await events.next();
    expect([modified.type, modified.object.metadata.resourceVersion]).toEqual([
      "MODIFIED",
      patched.body.metadata.resourceVersion,
    ]);
    await cluster.call("DELETE", `${MAPS}/m0`);
    const deleted = await events.next();
    expect(deleted.type).toBe("DELETED");
    expect(Number(deleted.object.metadata.resourceVersion)).toBeGreaterThan(
      Number(patched.body.metadata.resourceVersion),
    );
    events.stop();
  });

  test("without a version a watch begins with what is there", async () => {
    cluster = await serve();
    await fill(1);
    const events = await watch(cluster, "labelSelector=odd%3D0");
    expect((await events.next()).type).toBe("ADDED");
    await cluster.call("PATCH", `${MAPS}/m0`, { metadata: { labels: { odd: "1" } } }, MERGE);
    expect((await events.next()).type).toBe("DELETED"); // it left the selection
    events.stop();
  });

  test("bookmarks carry the latest version; a watch ends after its timeout", async () => {
    cluster = await serve();
    const events = await watch(cluster, "resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=1");
    await cluster.call("POST", "/api/v1/namespaces/kube-system/configmaps", configMap("other", {}, "kube-system"));
    const bookmark = await events.next();
    const { body } = await cluster.call("GET", MAPS);
    expect(bookmark).toMatchObject({
      type: "BOOKMARK",
      object: { kind: "ConfigMap", metadata: { resourceVersion: body.metadata.resourceVersion } },
    });
    expect(await events.next()).toBeUndefined();
  });

  test("a watch older than the history is told 410 in the stream", async () => {
    cluster = await serve({ history: 3 });
    await fill(12);
    const events = await watch(cluster, "resourceVersion=2");
    expect(await events.next()).toMatchObject({
      type: "ERROR",
      object: { kind: "Status", code: 410, reason: "Expired" },
    });
    expect(await events.next()).toBeUndefined();
  });
});

function nameOf({ metadata }: { metadata: { name: string } }): string {
  return metadata.name;
}
