import { describe, expect, it } from "vitest";
import { type LoggerOptions, openLogger } from "../../src/adapters/telemetry/logger.js";

function logged(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const logger = openLogger({ level: "debug", format: "json", write: (line) => lines.push(line), ...options });
  return { logger, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> };
}

describe("the log", () => {
  it("is one JSON object a line: level, time, fields, message", () => {
    const { logger, lines, last } = logged();
    logger.info({ plan: "net/dc1", writes: 3 }, "synced\nand done");
    expect(lines[0]!.match(/\n/g)).toHaveLength(1);
    expect(last()).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      plan: "net/dc1",
      writes: 3,
      msg: "synced\nand done",
    });
  });

  it("one id goes through all lines of a reconcile, and no other's", () => {
    const { logger, last } = logged();
    const first = logger.with({ reconcileID: "r1", plan: "net/dc1" });
    const second = logger.with({ reconcileID: "r2" });
    first.with({ kind: "SpiderIPPool" }).warn({}, "denied");
    expect(last()).toMatchObject({ reconcileID: "r1", plan: "net/dc1", kind: "SpiderIPPool" });
    second.error({}, "failed");
    expect(last()).toMatchObject({ level: "error", reconcileID: "r2" });
    expect(last()).not.toHaveProperty("plan");
    logger.info({}, "idle");
    expect(last()).not.toHaveProperty("reconcileID");
  });

  it("a later value replaces an earlier one, so that no name stands twice", () => {
    const { logger, lines } = logged();
    logger.with({ plan: "a" }).with({ plan: "b" }).info({ plan: "c" }, "x");
    expect(lines[0]!.match(/"plan"/g)).toHaveLength(1);
    expect(lines[0]).toContain('"plan":"c"');
  });

  it.each([
    ["debug", 4],
    ["info", 3],
    ["warn", 2],
    ["error", 1],
  ] as const)("from level %s on: %i of four lines", (level, count) => {
    const { logger, lines } = logged({ level });
    for (const each of ["debug", "info", "warn", "error"] as const) logger[each]({}, each);
    expect(lines).toHaveLength(count);
  });

  it("as text, for people: one line whatever a name holds", () => {
    const { logger, lines } = logged({ format: "text" });
    logger.warn({ plan: "net/dc1", why: "two words\u001b[2J\n" }, "a\nb");
    expect(lines).toEqual([
      expect.stringMatching(/^\S+Z WARN {2}a\\u000ab plan=net\/dc1 why="two words\\u001b\[2J\\n"\n$/),
    ]);
  });

  it("an error is told with its message and its causes", () => {
    const { logger, last } = logged();
    logger.error({ error: new Error("cannot fetch", { cause: new TypeError("no route") }) }, "failed");
    expect(last().error).toMatchObject({
      type: "Error",
      message: "cannot fetch",
      stack: expect.stringContaining("logger.test.ts"),
      cause: { type: "TypeError", message: "no route" },
    });
  });

  it.each<[string, unknown]>([
    ["a circle", circle()],
    ["a getter that throws", throwing()],
    ["a bigint, a function, a symbol", { a: 1n, b: () => 1, c: Symbol("s") }],
    ["an invalid date", new Date(Number.NaN)],
    ["an object without a prototype", Object.assign(Object.create(null) as object, { a: 1 })],
    ["an object a hundred deep", deep(100)],
    [
      "a toJSON that throws",
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
    ],
    ["a wide object", Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i]))],
    ["a text without an end", "a.b:".repeat(1_000_000)],
  ])("%s does not stop it", (_what, value) => {
    const { logger, lines, last } = logged();
    logger.info({ value }, "still here");
    expect(last().msg).toBe("still here");
    expect(lines[0]!.length).toBeLessThan(20_000);
  });
});

function circle(): object {
  const one: Record<string, unknown> = { name: "a" };
  one.self = one;
  return one;
}

function throwing(): object {
  return Object.defineProperty({}, "x", {
    enumerable: true,
    get: () => {
      throw new Error("no");
    },
  });
}

function deep(levels: number): object {
  return levels === 0 ? {} : { below: deep(levels - 1) };
}
