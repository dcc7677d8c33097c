import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startConnectProxy } from "../support/connect-proxy.js";
import { failureOf, follow, gitServer, gitSource, readNow, toldOf } from "../support/git-source.js";
import { makeAuthority } from "../support/openssl.js";
import { workspace } from "../support/workspace.js";

async function proxy(basic?: string) {
  const started = await startConnectProxy(basic);
  onTestFinished(() => started.close());
  return started;
}

test("a user name and password, or a token alone, get in; wrong ones are told without being shown", async () => {
  const server = await gitServer({ basic: "jo:s3cret-pass" });
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const { source } = gitSource();
  const ca = server.authority.cert;
  const spec = follow(repository.url, { ca, username: "jo", password: "s3cret-pass" });
  expect((await readNow(source, spec)).files).toHaveLength(1);
  const wrong = await failureOf(source.resolve(follow(repository.url, { ca, username: "jo", password: "wr0ng-pass" })));
  expect(wrong).toMatchObject({ reason: "AuthenticationFailed", transient: false });
  expect(wrong.message).toMatch(/^the server does not accept the credentials/);
  expect(wrong.message).not.toContain("wr0ng-pass");
  // TLS 1.3 lets a server hang up before it says why.
  expect(await toldOf(source.resolve(follow(repository.url, { ca })))).toMatch(
    /^(Authentication|GitOperation)Failed: /,
  );
  // What one may read, who only knows the URL may not, though it lies on our disk.
  const commit = repository.tip();
  const stranger = follow(repository.url, { ca }, { ref: { commit } });
  expect(await toldOf(source.read(stranger, { commit }))).toMatch(/^AuthenticationFailed: /);
});

test("a bearer token gets in, and goes to the server it was given for alone", async () => {
  const server = await gitServer({ bearer: "tok-123" });
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const other = await gitServer();
  const { source } = gitSource();
  const spec = follow(repository.url, { ca: server.authority.cert, bearerToken: "tok-123" });
  expect((await readNow(source, spec)).files).toHaveLength(1);
  server.intercept((request, response) => {
    response.writeHead(302, { location: `${other.url}${request.url}` }).end();
    return true;
  });
  expect(await toldOf(source.resolve(spec))).toMatch(/^Refused: the server redirects to another URL/);
  expect(other.requests).toEqual([]);
});

test("only the given authority is trusted, and the server's name must be the certificate's", async () => {
  const server = await gitServer();
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const { source } = gitSource();
  const other = makeAuthority(join(workspace(), "tls"), "other-ca");
  const untrusted = /^AuthenticationFailed: the server's certificate is not trusted/;
  expect(await toldOf(source.resolve(follow(repository.url, {})))).toMatch(untrusted);
  expect(await toldOf(source.resolve(follow(repository.url, { ca: other.cert })))).toMatch(untrusted);
  expect(await toldOf(source.resolve(follow(repository.url, { ca: "no certificate" })))).toMatch(
    /^AuthenticationFailed: /,
  );
  expect(server.requests).toEqual([]);
});

test("a client certificate is shown to a server that asks for one", async () => {
  const server = await gitServer({ clientCertificate: true });
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const { source } = gitSource();
  const ca = server.authority.cert;
  const client = server.authority.issue("operator-1");
  const own = { ca, clientCertificate: client.cert, clientKey: client.key };
  expect((await readNow(source, follow(repository.url, own))).files).toHaveLength(1);
  expect(new Set(server.requests.map((request) => request.client))).toEqual(new Set(["operator-1"]));
  // TLS 1.3 lets a server hang up before it says why.
  expect(await toldOf(source.resolve(follow(repository.url, { ca })))).toMatch(
    /^(Authentication|GitOperation)Failed: /,
  );
  expect(await toldOf(source.resolve(follow(repository.url, { ca, clientKey: client.key })))).toMatch(
    /^AuthenticationFailed: a client certificate needs its key/,
  );
});

test("a proxy carries the connection and learns nothing but where it goes", async () => {
  const server = await gitServer({ basic: "jo:s3cret-pass" });
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const { address, tunnels } = await proxy("px:pr0xy-pass");
  const { source } = gitSource();
  const own = { ca: server.authority.cert, username: "jo", password: "s3cret-pass" };
  const spec = follow(repository.url, { ...own, proxy: `http://px:pr0xy-pass@${address}` });
  expect((await readNow(source, spec)).files).toHaveLength(1);
  expect(tunnels.length).toBeGreaterThan(0);
  expect(tunnels.every(({ target }) => target === new URL(server.url).host)).toBe(true);
  expect(tunnels.some(({ headers }) => headers.authorization !== undefined)).toBe(false);
  const wrong = await failureOf(
    source.resolve(follow(repository.url, { ...own, proxy: `http://px:wr0ng-pass@${address}` })),
  );
  expect(wrong).toMatchObject({ reason: "AuthenticationFailed" });
  expect(wrong.message).not.toContain("wr0ng-pass");
});

test("the operator's own proxy is used unless NO_PROXY says otherwise", async () => {
  const server = await gitServer();
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const { address, tunnels } = await proxy();
  const env = { PATH: process.env.PATH, HTTPS_PROXY: `http://${address}` };
  const spec = follow(repository.url, { ca: server.authority.cert });
  await gitSource({ env: { ...env, NO_PROXY: "localhost" } }).source.resolve(spec);
  expect(tunnels).toHaveLength(0);
  await gitSource({ env }).source.resolve(spec);
  expect(tunnels.length).toBeGreaterThan(0);
});

test.each([
  [500, "GitOperationFailed", true],
  [403, "AuthenticationFailed", false],
  [404, "NotFound", false],
] as const)("HTTP %d is %s", async (status, reason, transient) => {
  const server = await gitServer();
  const repository = server.repository("plan");
  server.intercept((_, response) => {
    response.writeHead(status).end("no");
    return true;
  });
  const { source } = gitSource();
  const spec = follow(repository.url, { ca: server.authority.cert });
  expect(await failureOf(source.resolve(spec))).toMatchObject({ reason, transient });
});

test("a server that says nothing is given up when the time is over, one that is interrupted at once", async () => {
  const server = await gitServer();
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const { source, dataDir } = gitSource();
  const spec = follow(repository.url, { ca: server.authority.cert }, { timeout: 3000 });
  const revision = await source.resolve(spec);
  const interruption = new AbortController();
  let asked = 0;
  let hungUp = 0;
  server.intercept((_, response) => {
    if (++asked === 2) interruption.abort();
    response.on("close", () => hungUp++);
    return true;
  });
  const late = await failureOf(source.resolve(spec));
  expect(late).toMatchObject({ reason: "GitOperationFailed", transient: true });
  expect(late.message).toMatch(/did not answer within 3 s/);
  const started = performance.now();
  expect(await toldOf(source.read({ ...spec, timeout: 60_000 }, revision, interruption.signal))).toBe(
    "GitOperationFailed: interrupted",
  );
  expect(performance.now() - started).toBeLessThan(10_000);
  // The helper that git started is gone too, and so are the secrets.
  await expect.poll(() => hungUp).toBe(2);
  expect(readdirSync(join(dataDir, "operations"))).toEqual([]);
  server.intercept(undefined);
  expect((await source.read({ ...spec, timeout: 20_000 }, revision)).files).toHaveLength(1);
});

test("a server that is not there may come back", async () => {
  const { source } = gitSource();
  const failure = await failureOf(source.resolve(follow("https://127.0.0.1:1/x.git", {})));
  expect(failure).toMatchObject({ reason: "GitOperationFailed", transient: true });
});

test("without git it says so", async () => {
  const { source } = gitSource({ env: { PATH: workspace() } });
  const failure = await failureOf(source.resolve(follow("https://localhost/x.git", {})));
  expect(failure).toMatchObject({ reason: "GitOperationFailed", transient: false });
  expect(failure.message).toMatch(/^git is needed, and is not installed/);
});
