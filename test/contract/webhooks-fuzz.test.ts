import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WEBHOOK_SOURCES } from "../../src/operator/webhooks/webhook.js";
import { type HookServer, startHookServer } from "../support/hook-server.js";
import { hexSignature, type SignedRequest, signedPush, standardSignature } from "../support/webhooks.js";

const SECRET = "user:secret";
const SIGNING_KEY = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
const HEADERS = [
  "x-github-event",
  "x-github-delivery",
  "x-hub-signature",
  "x-hub-signature-256",
  "x-gitlab-event",
  "x-gitlab-token",
  "webhook-id",
  "webhook-timestamp",
  "webhook-signature",
  "x-gitea-event",
  "x-gitea-signature",
  "x-forgejo-event",
  "x-forgejo-signature",
  "x-event-key",
  "x-request-id",
  "x-hook-uuid",
  "x-vss-activityid",
  "authorization",
  "x-signature",
  "content-type",
  "content-encoding",
];

let server: HookServer;
beforeAll(async () => {
  const secrets = Object.fromEntries(WEBHOOK_SOURCES.map((source) => [source, [SECRET]]));
  secrets.gitlab = [SECRET, SIGNING_KEY];
  server = await startHookServer({ secrets: () => secrets });
});
afterAll(() => server.close());

const path = fc.constantFrom("/api/webhook", "/hooks/nobody", ...WEBHOOK_SOURCES.map((source) => `/hooks/${source}`));
const value = fc.oneof(
  fc.string({ maxLength: 80 }).map((text) => text.replace(/[^\x20-\x7e]/g, "")),
  fc.constantFrom(
    "push",
    "ping",
    "repo:push",
    "repo:refs_changed",
    "diagnostics:ping",
    "application/json",
    "Basic ",
    "v1,",
  ),
);
const headers = fc.dictionary(fc.constantFrom(...HEADERS), value, { maxKeys: 8 });

type Step = string | number;

/** Every path into a JSON value. */
function pathsInto(json: unknown, at: readonly Step[] = []): readonly (readonly Step[])[] {
  if (typeof json !== "object" || json === null) return [at];
  return [at, ...Object.entries(json).flatMap(([key, inner]) => pathsInto(inner, [...at, key]))];
}

/** The same with another value in one place. */
function replaced(json: unknown, [first, ...rest]: readonly Step[], by: unknown): unknown {
  if (first === undefined) return by;
  const copy = (Array.isArray(json) ? [...json] : { ...(json as object) }) as Record<Step, unknown>;
  copy[first] = replaced(copy[first], rest, by);
  return copy;
}

/** A payload of a forge with something else in one place. */
const broken = fc
  .tuple(fc.constantFrom(...WEBHOOK_SOURCES), fc.nat(), fc.oneof(fc.jsonValue(), fc.constant(undefined)))
  .map(([source, place, by]) => {
    const push = { secret: SECRET, repoURL: "https://git.example/a/b", ref: "refs/heads/main", commit: "e" };
    const whole: unknown = JSON.parse(signedPush(source, push).body);
    const paths = pathsInto(whole);
    return { source, body: JSON.stringify(replaced(whole, paths[place % paths.length] ?? [], by)) ?? "" };
  });

async function answered(hook: SignedRequest): Promise<void> {
  const { status, text } = await server.send(hook);
  expect(status === 202 || (status >= 400 && status < 500)).toBe(true);
  expect(text).toMatch(/^[^\n]+\n$/);
}

test("whatever comes is answered 202 or 4xx", async () => {
  await fc.assert(
    fc.asyncProperty(path, headers, fc.oneof(fc.string({ unit: "binary" }), fc.json()), async (where, some, body) => {
      await answered({ path: where, headers: { "content-type": "application/json", ...some }, body });
    }),
    { numRuns: 300 },
  );
});

test("whatever is signed is answered 202 or 400, and what is a hint names repositories", async () => {
  await fc.assert(
    fc.asyncProperty(broken, headers, async ({ source, body }, some) => {
      const signature = hexSignature(SECRET, body);
      const timestamp = Math.floor(Date.now() / 1000);
      const signed = {
        "content-type": "application/json",
        "x-hub-signature": `sha256=${signature}`,
        "x-hub-signature-256": `sha256=${signature}`,
        "x-signature": `sha256=${signature}`,
        "x-gitea-signature": signature,
        "x-forgejo-signature": signature,
        "x-gitlab-token": SECRET,
        "webhook-id": "id",
        "webhook-timestamp": String(timestamp),
        "webhook-signature": standardSignature(SIGNING_KEY, "id", timestamp, body),
        authorization: `Basic ${Buffer.from(SECRET).toString("base64")}`,
      };
      const key = source === "bitbucket-server" ? "repo:refs_changed" : "repo:push";
      const event = { "x-github-event": "push", "x-gitea-event": "push", "x-event-key": key };
      const { status } = await server.send({
        path: `/hooks/${source}`,
        headers: { ...event, ...some, ...signed },
        body,
      });
      expect([202, 400]).toContain(status);
    }),
    { numRuns: 300 },
  );
  await new Promise((resolve) => setImmediate(resolve));
  for (const { repoURLs } of server.hints) expect(repoURLs.length).toBeGreaterThan(0);
  expect(new Set(server.hints.map(({ source }) => source)).size).toBeGreaterThan(4);
});
