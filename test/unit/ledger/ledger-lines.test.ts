import { describe, expect, it } from "vitest";
import { carryOver } from "../../../src/core/ledger/carry-over.js";
import { ledgerLines, watchedLine } from "../../../src/core/ledger/ledger-lines.js";
import { parseLine } from "../../../src/core/ledger/line.js";
import { buildSnapshot, type Snapshot } from "../../../src/core/snapshot.js";
import type { KubeObject } from "../../../src/core/spiderpool/objects.js";
import { endpoint, livePool } from "../../support/objects.js";

const AT = Date.UTC(2026, 10, 24, 12, 0, 3);
const TIME = "2026-11-24T12:00:03.000Z";
const IPS = { ips: ["10.6.0.10-10.6.0.20"] };
const see = (...objects: KubeObject[]) => buildSnapshot(objects, []);
const pool = (used: Record<string, string>, owner?: string) =>
  livePool("app", IPS, { used, ...(owner !== undefined && { install: "default", owner }) });
const told = (
  before: Snapshot | undefined,
  after: Snapshot,
  context: { revision?: string; blindSince?: number } = {},
) => ledgerLines(before, after, { at: AT, install: "default", ...context });
/** `event ip pod` of each line. */
const short = (...looks: Parameters<typeof told>) =>
  told(...looks).map((line) => ("ip" in line ? `${line.event} ${line.ip} ${line.pod}` : `${line.event} ${line.from}`));

const NOTHING = see(pool({}));
const A = see(pool({ "10.6.0.10": "d/a" }));

describe("a look after another", () => {
  it("an allocation, with all that is known of it", () => {
    const after = see(
      pool({ "10.6.0.10": "d/a" }, "d/Deployment/app/eth0/app-v4"),
      endpoint("d/a", "app", "10.6.0.10"),
    );
    expect(told(NOTHING, after, { revision: "3f2c9d1" })).toEqual([
      {
        v: 1,
        event: "allocated",
        ip: "10.6.0.10",
        pool: "app",
        pod: "d/a",
        uid: "uid-d/a",
        nic: "eth0",
        node: "node-a",
        owner: "d/Deployment/app/eth0/app-v4",
        from: TIME,
        to: null,
        revision: "3f2c9d1",
        install: "default",
      },
    ]);
  });

  it("a release, with what was known of it while it was held", () => {
    const before = see(
      pool({ "10.6.0.10": "d/a" }, "d/Deployment/app/eth0/app-v4"),
      endpoint("d/a", "app", "10.6.0.10"),
    );
    expect(told(before, NOTHING)).toEqual([
      expect.objectContaining({
        event: "released",
        ...{ nic: "eth0", node: "node-a", owner: "d/Deployment/app/eth0/app-v4", from: null, to: TIME, revision: null },
      }),
    ]);
  });

  it.each<[string, Snapshot, Snapshot, string[]]>([
    ["nothing changed", A, see(pool({ "10.6.0.10": "d/a" })), []],
    [
      "from one Pod to the next: first the release",
      A,
      see(pool({ "10.6.0.10": "d/b" })),
      ["released 10.6.0.10 d/a", "allocated 10.6.0.10 d/b"],
    ],
    [
      "in order of address, IPv4 first",
      NOTHING,
      see(
        pool({ "10.6.0.20": "d/a", "10.6.0.9": "d/b" }),
        livePool("six", { subnet: "fd00::/64" }, { used: { "fd00::2": "d/a" } }),
      ),
      ["allocated 10.6.0.9 d/b", "allocated 10.6.0.20 d/a", "allocated fd00::2 d/a"],
    ],
    [
      "a second Pod on an address tells of the first again",
      A,
      see(pool({ "10.6.0.10": "d/a" }), endpoint("d/b", "app", "10.6.0.10")),
      ["allocated 10.6.0.10 d/b", "seen 10.6.0.10 d/a"],
    ],
    [
      "and the one that stays is told of when the other goes",
      see(pool({ "10.6.0.10": "d/a" }), endpoint("d/b", "app", "10.6.0.10")),
      A,
      ["released 10.6.0.10 d/b", "seen 10.6.0.10 d/a"],
    ],
    [
      "the endpoint comes after the record: more is known",
      A,
      see(pool({ "10.6.0.10": "d/a" }), endpoint("d/a", "app", "10.6.0.10")),
      ["seen 10.6.0.10 d/a"],
    ],
    [
      "the endpoint goes before the record: no change",
      see(pool({ "10.6.0.10": "d/a" }), endpoint("d/a", "app", "10.6.0.10")),
      A,
      [],
    ],
    [
      "the plan takes the pool over: another owner",
      A,
      see(pool({ "10.6.0.10": "d/a" }, "pool:app")),
      ["seen 10.6.0.10 d/a"],
    ],
  ])("%s", (_what, before, after, expected) => {
    expect(short(before, after)).toEqual(expected);
  });

  it("the next Pod of a StatefulSet's name is another one", () => {
    const next = pool({ "10.6.0.10": "d/a" });
    next.status!.allocatedIPs = next.status!.allocatedIPs!.replace("uid-d/a", "uid-2");
    expect(short(A, see(next))).toEqual(["released 10.6.0.10 d/a", "allocated 10.6.0.10 d/a"]);
  });

  it("without an owner in the plan: the workload of the Pod, or nothing", () => {
    const owner = (after: Snapshot) => (told(NOTHING, after)[0] as { owner: string }).owner;
    expect(owner(see(pool({ "10.6.0.10": "d/a" }), endpoint("d/a", "app", "10.6.0.10")))).toBe("d/Deployment/app");
    expect(owner(A)).toBe("");
  });
});

describe("a gap", () => {
  it("at the start: since when nobody looked, then all that is held as seen", () => {
    expect(short(undefined, A)).toEqual(["gap null", "seen 10.6.0.10 d/a"]);
    expect(told(undefined, A, { blindSince: AT - 1_000 })[0]).toEqual({
      v: 1,
      event: "gap",
      reason: "started",
      from: "2026-11-24T12:00:02.000Z",
      to: TIME,
      install: "default",
    });
  });

  it("of a watch that began anew: what changed is told behind it", () => {
    expect(short(A, NOTHING, { blindSince: AT - 1_000 })).toEqual([
      "gap 2026-11-24T12:00:02.000Z",
      "released 10.6.0.10 d/a",
    ]);
    expect(told(A, A, { blindSince: AT - 1_000 })).toEqual([
      expect.objectContaining({ event: "gap", reason: "missed" }),
    ]);
  });
});

describe("a record that nobody can read", () => {
  const broken = see({ ...pool({}), status: { allocatedIPs: "{" } } as KubeObject);

  it("releases nobody, and what it holds once it can be read is only seen", () => {
    const kept = carryOver(A, broken);
    expect(short(A, kept)).toEqual([]);
    expect(short(kept, see(pool({ "10.6.0.10": "d/a", "10.6.0.11": "d/b" })))).toEqual(["seen 10.6.0.11 d/b"]);
    expect(short(kept, NOTHING)).toEqual(["released 10.6.0.10 d/a"]);
  });

  it("of another pool changes nothing", () => {
    const other = see({ ...livePool("other", IPS), status: { allocatedIPs: "{" } } as KubeObject, pool({}));
    expect(short(A, carryOver(A, other))).toEqual(["released 10.6.0.10 d/a"]);
  });
});

describe("a line", () => {
  const line = JSON.stringify(told(NOTHING, A)[0]);

  it("is read back as it was written, of every kind", () => {
    const lines = [...told(undefined, A), ...told(NOTHING, A), ...told(A, NOTHING), watchedLine(AT - 5, AT, "default")];
    for (const one of lines) expect(parseLine(JSON.stringify(one))).toEqual(one);
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["half a line", line.slice(0, -9)],
    ["a line without its beginning", line.slice(9)],
    ["two lines torn into one", line.slice(0, 40) + line],
    ["null", "null"],
    ["a list", "[]"],
    ["a line of the log", '{"level":"info","time":"2026-11-24T12:00:03.000Z","msg":"x"}'],
    ["another version", line.replace('"v":1', '"v":2')],
    ["another event", line.replace("allocated", "lost")],
    ["no time", line.replace(TIME, "yesterday")],
    ["no address", line.replace('"ip":"10.6.0.10"', '"ip":7')],
    ["a release without its time", line.replace("allocated", "released")],
    ["a gap without a reason", `{"v":1,"event":"gap","from":null,"to":"${TIME}","install":"default"}`],
  ])("%s is none", (_what, text) => {
    expect(parseLine(text)).toBeUndefined();
  });
});
