import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WEBHOOK_SOURCES, type WebhookSource } from "../../src/operator/webhooks/webhook.js";
import { ask, type HookServer, startHookServer } from "../support/hook-server.js";
import { hexSignature, type Push, type SignedRequest, signedPush, standardSignature } from "../support/webhooks.js";

const NOW = Date.UTC(2026, 10, 24, 12);
const SIGNING_KEY = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const SECRETS: Record<string, string> = {
  github: "github-secret",
  gitlab: "gitlab-token",
  gitea: "gitea-secret",
  forgejo: "forgejo-secret",
  "bitbucket-server": "server-secret",
  "bitbucket-cloud": "cloud-secret",
  "azure-devops": "hooks:a-pass:word",
  generic: "generic-secret",
};
/** Where the proof of each forge stands, and what is in it when the secret is another. */
const PROOFS: Record<string, string> = {
  github: "x-hub-signature-256",
  gitlab: "x-gitlab-token",
  "gitlab signed": "webhook-signature",
  gitea: "x-gitea-signature",
  forgejo: "x-forgejo-signature",
  "bitbucket-server": "x-hub-signature",
  "bitbucket-cloud": "x-hub-signature",
  "azure-devops": "authorization",
  generic: "x-signature",
};
const ROWS = Object.keys(PROOFS);
/** These prove who sends, but not what: nothing in the request is signed. */
const UNSIGNED = ["gitlab", "azure-devops"];

let server: HookServer;
let secrets: Record<string, readonly string[]>;
let now = NOW;
beforeAll(async () => {
  // It goes on as `now` does, and not back with it.
  let [passed, last] = [0, now];
  const monotonic = () => {
    passed += Math.max(0, now - last);
    last = now;
    return passed;
  };
  server = await startHookServer({ secrets: () => secrets, now: () => now, monotonic });
});
afterAll(() => server.close());
beforeEach(() => {
  now = NOW;
  secrets = Object.fromEntries(Object.entries(SECRETS).map(([source, secret]) => [source, [secret]]));
  secrets.gitlab = [SECRETS.gitlab as string, SIGNING_KEY];
});

const source = (row: string) => row.replace(" signed", "") as WebhookSource;
const secretOf = (row: string) => (row === "gitlab signed" ? SIGNING_KEY : (SECRETS[row] as string));
const pushed = (row: string, over: Partial<Push> = {}): SignedRequest =>
  signedPush(source(row), {
    secret: secretOf(row),
    repoURL: "https://git.example/net/plans.git",
    ref: "refs/heads/main",
    commit: "b".repeat(40),
    timestamp: now / 1000,
    ...over,
  });
const without = (hook: SignedRequest, ...names: readonly string[]): SignedRequest => ({
  ...hook,
  headers: Object.fromEntries(Object.entries(hook.headers).filter(([name]) => !names.includes(name))),
});
/** What came of a request: the answer, the metric, and the hints that were handed over. */
async function sent(hook: SignedRequest) {
  const [hints, counted] = [server.hints.length, server.counted.length];
  const answer = await server.send(hook);
  await new Promise((resolve) => setImmediate(resolve));
  return {
    status: answer.status,
    text: answer.text,
    counted: server.counted.slice(counted),
    hints: server.hints.slice(hints),
  };
}

describe.each(ROWS)("%s", (row) => {
  test("a push with the right secret is a hint, with every URL and the reference", async () => {
    const { status, counted, hints } = await sent(pushed(row, { deliveryId: `right-${row}` }));
    expect([status, counted]).toEqual([202, [`${source(row)} accepted`]]);
    expect(hints).toHaveLength(1);
    const [hint] = hints;
    expect(hint).toMatchObject({ source: source(row), ref: "refs/heads/main" });
    expect(hint?.repoURLs).toContain(
      row === "bitbucket-cloud" ? "https://git.example/net/plans" : "https://git.example/net/plans.git",
    );
    expect(hint?.deliveryId).toBe(row === "generic" ? undefined : `right-${row}`);
  });

  test("another secret is 401", async () => {
    const other = row === "gitlab signed" ? `whsec_${Buffer.alloc(32, 8).toString("base64")}` : "other:secret";
    const { status, counted, hints } = await sent(pushed(row, { secret: other }));
    expect([status, counted, hints]).toEqual([401, [`${source(row)} unauthorized`], []]);
  });

  test("no proof at all is 401", async () => {
    const { status, hints } = await sent(without(pushed(row), PROOFS[row] as string, "x-gitea-signature"));
    expect([status, hints]).toEqual([401, []]);
  });

  test.each(["", "sha256=", "sha256=00", "v1,", "Basic ", "zz", `sha256=${"0".repeat(64)}`, "0".repeat(64), "sha1="])(
    "a proof of %j is 401",
    async (value) => {
      const hook = pushed(row);
      const { status, hints } = await sent({ ...hook, headers: { ...hook.headers, [PROOFS[row] as string]: value } });
      expect([status, hints]).toEqual([401, []]);
    },
  );

  test.skipIf(UNSIGNED.includes(row))("a body of which one byte was changed is 401", async () => {
    const hook = pushed(row);
    const { status, hints } = await sent({ ...hook, body: hook.body.replace("main", "mein") });
    expect([status, hints]).toEqual([401, []]);
  });

  test("a delivery that comes again is answered, and is no second hint", async () => {
    const hook = pushed(row, { deliveryId: `again-${row}` });
    await sent(hook);
    const { status, counted, hints } = await sent(hook);
    expect(status).toBe(202);
    if (row === "generic") {
      expect([counted, hints.length]).toEqual([["generic accepted"], 1]);
    } else {
      expect([counted, hints]).toEqual([[`${source(row)} duplicate`], []]);
    }
  });

  test("a delivery that comes again after two hours is new", async () => {
    const hook = (at: number) => pushed(row, { deliveryId: `late-${row}`, timestamp: at / 1000 });
    await sent(hook(now));
    now += 2 * 60 * 60 * 1000;
    expect((await sent(hook(now))).hints).toHaveLength(1);
  });

  test("only a signature over the time makes an old delivery 401", async () => {
    const hook = pushed(row);
    now += 301_000;
    expect((await sent(hook)).status).toBe(row === "gitlab signed" ? 401 : 202);
  });

  test("both secrets are good while one replaces the other, and only the new one after", async () => {
    const old = secretOf(row);
    const next = row === "gitlab signed" ? `whsec_${Buffer.alloc(32, 9).toString("base64")}` : "next:secret";
    secrets[source(row)] = [old, next];
    expect((await sent(pushed(row))).status).toBe(202);
    expect((await sent(pushed(row, { secret: next }))).status).toBe(202);
    secrets[source(row)] = [next];
    expect((await sent(pushed(row))).status).toBe(401);
    expect((await sent(pushed(row, { secret: next }))).status).toBe(202);
  });

  test.each([[[]], [[""]], [["whsec_"]]])("with the secrets %j nothing is taken", async (none) => {
    secrets[source(row)] = none;
    for (const secret of ["", "whsec_", secretOf(row)]) {
      const { status, hints } = await sent(pushed(row, { secret }));
      // `whsec_` is an ordinary text to every forge but GitLab, however odd.
      const odd = none[0] === "whsec_" && secret === "whsec_" && source(row) !== "gitlab";
      expect([secret, status, hints.length]).toEqual([secret, odd ? 202 : 401, odd ? 1 : 0]);
    }
  });

  test("/api/webhook knows the forge by its headers", async () => {
    const { status, counted } = await sent({ ...pushed(row), path: "/api/webhook" });
    expect([status, counted]).toEqual([202, [`${source(row)} accepted`]]);
  });

  test("no secret, signature or body is in the log or in an answer", async () => {
    const hook = pushed(row, { repoURL: "https://hidden.example/x/y.git" });
    const proof = hook.headers[PROOFS[row] as string] as string;
    const answers = [
      await sent(hook),
      await sent({ ...hook, body: "{}" }),
      await sent(pushed(row, { secret: "other:secret" })),
    ];
    const all = server.log.join("\n") + answers.map(({ text }) => text).join("\n");
    for (const hidden of [secretOf(row), proof, "hidden.example", "other:secret"]) expect(all).not.toContain(hidden);
  });
});

describe("the published examples", () => {
  test("of GitHub's documentation", async () => {
    secrets.github = ["It's a Secret to Everybody"];
    const headers = {
      "content-type": "application/json",
      "x-github-event": "push",
      "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    };
    // Authentic, but no JSON.
    expect((await sent({ path: "/hooks/github", headers, body: "Hello, World!" })).status).toBe(400);
    expect((await sent({ path: "/hooks/github", headers, body: "Hello, World?" })).status).toBe(401);
  });

  test("of the Standard Webhooks specification, among other signatures", async () => {
    secrets.gitlab = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    now = 1_614_265_330_000;
    const headers = {
      "content-type": "application/json",
      "x-gitlab-event": "Push Hook",
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1a,b25l v1,bm90IHRoaXM= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const { status, counted } = await sent({ path: "/hooks/gitlab", headers, body: '{"test": 2432232314}' });
    expect([status, counted]).toEqual([202, ["gitlab ignored"]]);
  });
});

describe("GitLab", () => {
  test("a wrong signature is not made good by the right token when a signing token is known", async () => {
    const hook = pushed("gitlab signed");
    const headers = { ...hook.headers, "x-gitlab-token": SECRETS.gitlab as string, "webhook-signature": "v1,AAAA" };
    expect((await sent({ ...hook, headers })).status).toBe(401);
  });

  test("a signed hook is taken by its token where only the token is known", async () => {
    secrets.gitlab = [SECRETS.gitlab as string];
    const hook = pushed("gitlab signed");
    expect((await sent(hook)).status).toBe(401);
    expect(
      (await sent({ ...hook, headers: { ...hook.headers, "x-gitlab-token": SECRETS.gitlab as string } })).status,
    ).toBe(202);
  });

  test("the signing token is never good as the plain token", async () => {
    const hook = pushed("gitlab");
    expect((await sent({ ...hook, headers: { ...hook.headers, "x-gitlab-token": SIGNING_KEY } })).status).toBe(401);
  });

  test.each(["webhook-id", "webhook-timestamp"])("a signature without %s is 401", async (name) => {
    expect((await sent(without(pushed("gitlab signed"), name))).status).toBe(401);
  });

  test.each(["", "soon", "-1", "1e9", "9".repeat(40)])("a timestamp of %j is 401", async (timestamp) => {
    const hook = pushed("gitlab signed");
    const signature = standardSignature(
      SIGNING_KEY,
      hook.headers["webhook-id"] as string,
      Number(timestamp),
      hook.body,
    );
    const headers = { ...hook.headers, "webhook-timestamp": timestamp, "webhook-signature": signature };
    expect((await sent({ ...hook, headers })).status).toBe(401);
  });

  test.each([
    [-300, 202],
    [-301, 401],
    [300, 202],
    [301, 401],
  ])("a clock that is %i s off is %i", async (seconds, status) => {
    expect((await sent(pushed("gitlab signed", { timestamp: now / 1000 + seconds }))).status).toBe(status);
  });
});

describe("events", () => {
  const signed = (over: { source: WebhookSource; headers: Record<string, string>; payload: object }): SignedRequest => {
    const hook = pushed(over.source);
    const body = JSON.stringify(over.payload);
    const signature = hexSignature(SECRETS[over.source] as string, body);
    const proof = Object.fromEntries(
      Object.keys(hook.headers)
        .filter((name) => name.includes("signature"))
        .map((name) => [name, /gitea|forgejo/.test(name) ? signature : `sha256=${signature}`]),
    );
    return { ...hook, headers: { ...hook.headers, ...proof, ...over.headers }, body };
  };

  test.each([
    ["github", { "x-github-event": "ping" }, { zen: "Keep it logically awesome." }, "ping"],
    ["github", { "x-github-event": "pull_request" }, { action: "closed" }, "ignored"],
    ["gitlab", { "x-gitlab-event": "Merge Request Hook" }, { object_kind: "merge_request" }, "ignored"],
    ["gitea", { "x-gitea-event": "issues" }, { action: "opened" }, "ignored"],
    ["forgejo", { "x-forgejo-event": "release" }, { action: "published" }, "ignored"],
    ["bitbucket-server", { "x-event-key": "diagnostics:ping" }, { test: true }, "ping"],
    ["bitbucket-server", { "x-event-key": "pr:merged" }, {}, "ignored"],
    ["bitbucket-cloud", { "x-event-key": "pullrequest:created" }, {}, "ignored"],
    ["azure-devops", {}, { eventType: "git.pullrequest.created" }, "ignored"],
    ["github", {}, { ref: "refs/heads/main" }, "malformed"],
    ["gitlab", {}, { object_kind: "push", project: "net/plans" }, "malformed"],
    ["gitea", {}, { repository: { clone_url: 7, ssh_url: "", html_url: "nonsense" } }, "malformed"],
    ["bitbucket-server", {}, { repository: { links: { clone: [null, 1, { href: [] }], self: {} } } }, "malformed"],
    ["bitbucket-cloud", {}, { repository: { links: [] }, push: { changes: {} } }, "malformed"],
    ["azure-devops", {}, { eventType: "git.push", resource: null }, "malformed"],
    ["generic", {}, { url: "https://git.example/net/plans.git" }, "malformed"],
  ] as const)("%s with %j and %j is %s", async (from, headers, payload, result) => {
    const { counted, status, hints } = await sent(signed({ source: from, headers: { ...headers }, payload }));
    expect([counted, status, hints]).toEqual([[`${from} ${result}`], result === "malformed" ? 400 : 202, []]);
  });

  test("a tag, a system hook and a push of several references", async () => {
    const project = { git_http_url: "https://gitlab.example/net/plans.git" };
    const tag = signed({
      source: "gitlab",
      headers: {},
      payload: { object_kind: "tag_push", ref: "refs/tags/v1", project },
    });
    expect((await sent(tag)).hints).toMatchObject([{ ref: "refs/tags/v1" }]);
    const system = signed({
      source: "gitlab",
      headers: { "x-gitlab-event": "System Hook" },
      payload: { object_kind: "push", project },
    });
    expect((await sent(system)).hints).toHaveLength(1);
    const refUpdates = [{ name: "refs/heads/a" }, { name: "refs/heads/b" }];
    const resource = { refUpdates, repository: { remoteUrl: "https://dev.azure.com/org/net/_git/plans" } };
    const several = signed({ source: "azure-devops", headers: {}, payload: { eventType: "git.push", resource } });
    expect((await sent(several)).hints).toMatchObject([{ ref: undefined }]);
    const changes = [{ old: { type: "tag", name: "v1" }, new: null }];
    const repository = { links: { html: { href: "https://bitbucket.org/net/plans" } } };
    const deleted = signed({ source: "bitbucket-cloud", headers: {}, payload: { push: { changes }, repository } });
    expect((await sent(deleted)).hints).toMatchObject([{ ref: "refs/tags/v1" }]);
  });

  test.each([
    ["/projects/NET/repos/plans/browse", "https://git.example/scm/NET/plans.git"],
    ["/users/ada/repos/plans/browse", "https://git.example/scm/~ada/plans.git"],
    ["/users/~ada/repos/plans", "https://git.example/scm/~ada/plans.git"],
  ])("the page %s of an older Bitbucket Server tells the clone URL", async (path, url) => {
    const repository = { links: { self: [{ href: `https://git.example${path}` }] } };
    const { hints } = await sent(signed({ source: "bitbucket-server", headers: {}, payload: { repository } }));
    expect(hints.map(({ repoURLs }) => repoURLs)).toEqual([[url]]);
  });

  test("Bitbucket Server's connection test comes unsigned, and says that nothing was checked", async () => {
    const hook = without(
      signed({ source: "bitbucket-server", headers: { "x-event-key": "diagnostics:ping" }, payload: { test: true } }),
      "x-hub-signature",
    );
    const { status, text, hints } = await sent(hook);
    expect([status, hints]).toEqual([202, []]);
    expect(text).toContain("secret was not checked");
    secrets["bitbucket-server"] = [];
    expect((await sent(hook)).status).toBe(401);
  });

  test("a generic hook may name the repository as GitHub does", async () => {
    const repository = { clone_url: "https://git.example/net/plans.git" };
    const { hints } = await sent(signed({ source: "generic", headers: {}, payload: { repository } }));
    expect(hints).toMatchObject([{ repoURLs: ["https://git.example/net/plans.git"] }]);
  });
});

describe("what is no hook", () => {
  test.each(["", "[]", "null", '"push"', "{", "\u0000", '{"repository":'])(
    "a signed body of %j is 400",
    async (body) => {
      const hook = pushed("github");
      const signature = `sha256=${hexSignature(SECRETS.github as string, body)}`;
      expect(
        (await sent({ ...hook, headers: { ...hook.headers, "x-hub-signature-256": signature }, body })).status,
      ).toBe(400);
    },
  );

  test("GitHub's form encoding is refused with the way out", async () => {
    const hook = pushed("github");
    const headers = { ...hook.headers, "content-type": "application/x-www-form-urlencoded" };
    const { status, text } = await sent({ ...hook, headers });
    expect([status, text]).toEqual([
      415,
      "send JSON: set the content type to application/json in the hook's settings\n",
    ]);
  });

  test.each(["text/plain", "", "application/jsonp", "application/xml"])("the content type %j is 415", async (type) => {
    const hook = pushed("github");
    expect((await sent({ ...hook, headers: { ...hook.headers, "content-type": type } })).status).toBe(415);
  });

  test("the content type may name its character set", async () => {
    const hook = pushed("github");
    const headers = { ...hook.headers, "content-type": "Application/JSON; charset=utf-8" };
    expect((await sent({ ...hook, headers })).status).toBe(202);
  });

  test("a source without a secret says so", async () => {
    secrets = {};
    const { status, text } = await sent(pushed("gitea"));
    expect([status, text]).toEqual([401, "no secret is set here for gitea; hooks without one are refused\n"]);
  });

  test("a source that is none, and a forge nobody knows", async () => {
    const unknown = await sent({ ...pushed("github"), path: "/hooks/gogs" });
    expect([unknown.status, unknown.counted]).toEqual([404, ["unknown unknown_source"]]);
    const headers = { "content-type": "application/json" };
    const nobody = await sent({ path: "/api/webhook", headers, body: "{}" });
    expect([nobody.status, nobody.counted]).toEqual([400, ["unknown unknown_source"]]);
  });

  test.each(WEBHOOK_SOURCES)("GET /hooks/%s is 404", async (from) => {
    expect((await ask(server.port, "GET", `/hooks/${from}`)).status).toBe(404);
  });
});
