import { expect, test } from "vitest";
import { type FollowerContext, SourceFollower } from "../../../src/app/plan-sync/source-follower.js";
import { readWish, type Wish } from "../../../src/core/plan-sync/wish.js";
import { SourceError } from "../../../src/core/source-error.js";
import { KINDS } from "../../../src/core/spiderpool/objects.js";
import { virtualClock } from "../../support/virtual-clock.js";

/** A repository whose server always refuses, and when it was asked, in seconds from the start. */
function refusing(retryAfter: number | undefined, enough: number) {
  const clock = virtualClock();
  const start = clock.now();
  const asked: number[] = [];
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let onAsked = (_times: number) => {};
  const context = {
    cluster: {},
    clock,
    logger: { info: () => {}, warn: () => {} },
    metrics: { set: () => {}, observe: () => {} },
    onChange: () => {},
    repository: {
      resolve: async () => {
        asked.push((clock.now() - start) / 1000);
        if (asked.length === enough) end();
        onAsked(asked.length);
        throw new SourceError("GitOperationFailed", "busy", true, retryAfter);
      },
    },
  } as unknown as FollowerContext;
  const follower = new SourceFollower(context);
  return {
    follower,
    asked,
    ended,
    whenAsked: (then: (times: number) => void) => {
      onAsked = then;
    },
  };
}

const wishFor = (repoURL: string, annotations?: Record<string, string>): Wish =>
  readWish({
    apiVersion: KINDS.PlanSync.apiVersion,
    kind: KINDS.PlanSync.kind,
    metadata: { namespace: "net", name: "dc", ...(annotations && { annotations }) },
    spec: { source: { repoURL, ref: { branch: "main" }, interval: "10s" } },
  });
const WISH = wishFor("https://git.example/p.git");

test.each([
  [120, 120],
  [86_400, 3_600],
])("a server that asks for %d s is left alone for %d s, whatever hints come", async (retryAfter, least) => {
  const { follower, asked, ended, whenAsked } = refusing(retryAfter, 3);
  whenAsked((times) => {
    follower.hint();
    follower.follow(wishFor("https://git.example/p.git", { "spiderplan.io/hintedAt": `${times}` }));
  });
  follower.follow(WISH);
  await ended;
  await follower.stop();
  const waits = asked.slice(1).map((at, index) => at - asked[index]!);
  for (const wait of waits) {
    expect(wait).toBeGreaterThanOrEqual(least);
    expect(wait).toBeLessThan(least * 1.2);
  }
});

test("another repository is asked at once", async () => {
  const { follower, asked, ended, whenAsked } = refusing(3_000, 2);
  whenAsked((times) => {
    if (times === 1) setImmediate(() => follower.follow(wishFor("https://other.example/p.git")));
  });
  follower.follow(WISH);
  await ended;
  await follower.stop();
  expect(asked[1]! - asked[0]!).toBeLessThan(60);
});

test("less than the least interval counts as the least", () => {
  const { source } = readWish({
    apiVersion: KINDS.PlanSync.apiVersion,
    kind: KINDS.PlanSync.kind,
    metadata: { namespace: "net", name: "dc" },
    spec: { source: { repoURL: "https://git.example/p.git", ref: { branch: "main" }, interval: "1ms" } },
  });
  expect(source.interval).toBe(5_000);
});
