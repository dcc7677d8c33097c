import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ConnectOptions, connect } from "../../src/adapters/kubernetes/connect.js";
import { parseYamlDocuments } from "../../src/adapters/plan-files/yaml.js";
import type { ClusterError } from "../../src/core/cluster-error.js";
import { KINDS } from "../../src/core/spiderpool/objects.js";
import { kubeconfigFile } from "../support/kubeconfig-file.js";
import { type Authority, makeAuthority } from "../support/openssl.js";
import { answer, type Handler, type ScriptedServer, scriptedServer, status } from "../support/scripted-server.js";

const folder = mkdtempSync(path.join(tmpdir(), "spiderplan-auth-"));
let authority: Authority;
let tls: { cert: string; key: string; ca: string; requestCert: boolean; rejectUnauthorized: boolean };
beforeAll(() => {
  authority = makeAuthority(path.join(folder, "pki"));
  const { cert, key } = authority.issue("server", { names: ["IP:127.0.0.1", "DNS:api.example.test"] });
  tls = { cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
});

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop();
});

const fine: Handler = (_seen, response) => answer(response, 200, { metadata: { resourceVersion: "1" }, items: [] });

async function server(handler: Handler = fine, secure = false): Promise<ScriptedServer> {
  const one = await scriptedServer(handler, secure ? tls : undefined);
  open.push(one);
  return one;
}

async function listPods(options: ConnectOptions): Promise<void> {
  const cluster = await connect(options);
  open.push({ stop: () => cluster.close() });
  await cluster.list(KINDS.Pod);
}

async function failure(call: Promise<unknown>): Promise<ClusterError> {
  return call.then(
    () => expect.unreachable("the call went through"),
    (error: ClusterError) => error,
  );
}

function script(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}`);
  chmodSync(file, 0o755);
  return file;
}

describe("who we are", () => {
  it.each([
    ["token", { token: "t1" }, "Bearer t1"],
    ["basic", { username: "ann", password: "pa:ss" }, `Basic ${Buffer.from("ann:pa:ss").toString("base64")}`],
    ["nobody", {}, undefined],
  ])("%s", async (_name, user, expected) => {
    const api = await server();
    await listPods({ kubeconfig: kubeconfigFile(api.url, { user }) });
    expect(api.seen[0]?.headers.authorization).toBe(expected);
  });

  it("impersonates a user with groups, uid and extras", async () => {
    const api = await server();
    const as = { as: "bob", "as-groups": ["a", "b"], "as-uid": "7", "as-user-extra": { "Team/x": ["net"] } };
    await listPods({ kubeconfig: kubeconfigFile(api.url, { user: { token: "t", ...as } }) });
    expect(api.seen[0]?.headers).toMatchObject({
      authorization: "Bearer t",
      "impersonate-user": "bob",
      "impersonate-group": "a, b",
      "impersonate-uid": "7",
      "impersonate-extra-team%2fx": "net",
    });
  });

  it("leaves the built-in auth providers to client-node (oidc)", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600 })}.x`;
    const api = await server();
    const user = { "auth-provider": { name: "oidc", config: { "id-token": token, "client-id": "c" } } };
    await listPods({ kubeconfig: kubeconfigFile(api.url, { user }) });
    expect(api.seen[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  it("says which file of the kubeconfig cannot be read", async () => {
    const api = await server();
    const error = await failure(
      listPods({ kubeconfig: kubeconfigFile(api.url, { user: { tokenFile: "/no/token" } }) }),
    );
    expect(error).toMatchObject({
      reason: "Unauthorized",
      message: "/no/token, which the kubeconfig names, cannot be read (ENOENT)",
    });
  });

  it.each([
    ["client-node's YAML parser", undefined],
    ["a parser that is brought along", (text: string) => parseYamlDocuments(text)[0]],
  ])("reads a token file relative to the kubeconfig, once a minute at most, with %s", async (_name, parseYaml) => {
    const own = mkdtempSync(path.join(folder, "token-"));
    const file = path.join(own, "token");
    writeFileSync(file, "first\n");
    const api = await server();
    const kubeconfig = path.join(own, "config");
    // YAML on purpose: the key is found in any notation.
    writeFileSync(
      kubeconfig,
      `apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "${api.url}"}}]
users:
- name: u
  user:
    tokenFile: token
    token: never-sent
contexts: [{name: c, context: {cluster: c, user: u}}]
`,
    );
    const cluster = await connect({ kubeconfig, parseYaml });
    open.push({ stop: () => cluster.close() });
    await cluster.list(KINDS.Pod);
    writeFileSync(file, "second\n");
    const refusing = api.seen.length;
    expect(api.seen[0]?.headers.authorization).toBe("Bearer first");
    await cluster.list(KINDS.Node);
    expect(api.seen[refusing]?.headers.authorization).toBe("Bearer first");
  });

  it("asks again with fresh credentials after a 401, once", async () => {
    const own = mkdtempSync(path.join(folder, "rotated-"));
    writeFileSync(path.join(own, "token"), "old");
    let good = "old";
    const api = await server((seen, response) => {
      if (seen.headers.authorization === `Bearer ${good}`) fine(seen, response);
      else answer(response, 401, status(401, "Unauthorized", "Unauthorized"));
    });
    const kubeconfig = kubeconfigFile(api.url, { user: { tokenFile: "token" }, folder: own });
    const cluster = await connect({ kubeconfig });
    open.push({ stop: () => cluster.close() });
    await cluster.list(KINDS.Pod);
    good = "new";
    writeFileSync(path.join(own, "token"), "new");
    await cluster.list(KINDS.Pod);
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer old", "Bearer new"]);
    good = "none of these";
    const refused = await failure(cluster.list(KINDS.Pod));
    expect(refused).toMatchObject({ reason: "Unauthorized", transient: false });
    expect(refused.message).toContain("the token is wrong or expired");
    expect(api.seen).toHaveLength(5);
  });

  describe("exec plugins", () => {
    it("runs once for many requests, with the cluster told to it, relative to the kubeconfig", async () => {
      const own = mkdtempSync(path.join(folder, "exec-"));
      const log = path.join(own, "log");
      const file = path.join(own, "plugin.sh");
      writeFileSync(
        file,
        `#!/bin/sh\necho "$EXTRA $KUBERNETES_EXEC_INFO" >> ${log}\necho '{"kind":"ExecCredential","status":{"token":"from-plugin"}}'\n`,
      );
      chmodSync(file, 0o755);
      const api = await server();
      const exec = {
        apiVersion: "client.authentication.k8s.io/v1beta1",
        command: "./plugin.sh",
        env: [{ name: "EXTRA", value: "x" }],
        provideClusterInfo: true,
      };
      const cluster = await connect({ kubeconfig: kubeconfigFile(api.url, { user: { exec }, folder: own }) });
      open.push({ stop: () => cluster.close() });
      await Promise.all([cluster.list(KINDS.Pod), cluster.list(KINDS.Node), cluster.list(KINDS.Pod)]);
      expect(new Set(api.seen.map(({ headers }) => headers.authorization))).toEqual(new Set(["Bearer from-plugin"]));
      const runs = readFileSync(log, "utf8").trim().split("\n");
      expect(runs).toHaveLength(1);
      expect(runs[0]).toMatch(/^x \{/);
      const info = JSON.parse(runs[0]!.slice(2));
      expect(info).toMatchObject({
        apiVersion: exec.apiVersion,
        spec: { interactive: false, cluster: { server: api.url } },
      });
    });

    it("runs again when the credential is over", async () => {
      const log = path.join(folder, "expired.log");
      const command = script(
        "expiring.sh",
        `echo run >> ${log}\necho '{"status":{"token":"t","expirationTimestamp":"2001-01-01T00:00:00Z"}}'`,
      );
      const api = await server();
      const cluster = await connect({ kubeconfig: kubeconfigFile(api.url, { user: { exec: { command } } }) });
      open.push({ stop: () => cluster.close() });
      await cluster.list(KINDS.Pod);
      await cluster.list(KINDS.Pod);
      expect(readFileSync(log, "utf8")).toBe("run\nrun\n");
    });

    it.each([
      ["a missing program", "no-such-plugin", "was not found\nInstall it from there."],
      ["a failing one", script("failing.sh", "echo please log in >&2; exit 3"), "ended with code 3: please log in"],
      ["one that prints no credential", script("babbling.sh", "echo hello"), "printed no ExecCredential"],
      ["one that prints an empty one", script("empty.sh", "echo '{\"status\":{}}'"), "printed neither a token nor"],
    ])("%s is said", async (_name, command, message) => {
      const api = await server();
      const exec = { command, installHint: "Install it from there." };
      const error = await failure(listPods({ kubeconfig: kubeconfigFile(api.url, { user: { exec } }) }));
      expect(error.reason).toBe("Unauthorized");
      expect(error.message).toContain(message);
      expect(error.message).toContain(command);
    });

    it("takes a client certificate from it", async () => {
      const { cert, key } = authority.issue("by-plugin");
      const credential = { status: { clientCertificateData: cert, clientKeyData: key } };
      const json = path.join(folder, "credential.json");
      writeFileSync(json, JSON.stringify(credential));
      const names: string[] = [];
      const api = await server((seen, response) => {
        names.push((seen.message.socket as import("node:tls").TLSSocket).getPeerCertificate().subject?.CN as string);
        fine(seen, response);
      }, true);
      const user = { exec: { command: script("certificate.sh", `cat ${json}`) } };
      const cluster = { "certificate-authority": authority.certFile };
      await listPods({ kubeconfig: kubeconfigFile(api.url, { user, cluster }) });
      expect(names).toEqual(["by-plugin"]);
    });
  });
});

describe("whom we trust", () => {
  const data = (text: string) => Buffer.from(text).toString("base64");

  it.each(["data", "files"])("a client certificate and a CA from %s", async (form) => {
    const client = authority.issue("ann");
    const names: string[] = [];
    const api = await server((seen, response) => {
      names.push((seen.message.socket as import("node:tls").TLSSocket).getPeerCertificate().subject?.CN as string);
      fine(seen, response);
    }, true);
    const kubeconfig = kubeconfigFile(
      api.url,
      form === "data"
        ? {
            cluster: { "certificate-authority-data": data(authority.cert) },
            user: { "client-certificate-data": data(client.cert), "client-key-data": data(client.key) },
          }
        : {
            folder: path.dirname(client.certFile),
            cluster: { "certificate-authority": path.basename(authority.certFile) },
            user: { "client-certificate": "ann.crt", "client-key": "ann.key" },
          },
    );
    const cluster = await connect({ kubeconfig });
    open.push({ stop: () => cluster.close() });
    for (let i = 0; i < 10; i++) await cluster.list(KINDS.Pod);
    expect(new Set(names)).toEqual(new Set(["ann"]));
    expect(api.connections()).toBeLessThanOrEqual(2);
  });

  it("refuses a certificate of another CA, saying so", async () => {
    const api = await server(fine, true);
    const other = makeAuthority(path.join(folder, "other-pki"), "other");
    const cluster = { "certificate-authority-data": data(other.cert) };
    const error = await failure(listPods({ kubeconfig: kubeconfigFile(api.url, { cluster }) }));
    expect(error.reason).toBe("Unreachable");
    expect(error.message).toMatch(/its certificate is (not signed by|self-signed and not) the CA of the kubeconfig/);
  });

  it("refuses a certificate for another name, unless tls-server-name says it", async () => {
    const own = authority.issue("elsewhere", { names: ["DNS:elsewhere.example.test"] });
    const api = await scriptedServer(fine, { cert: own.cert, key: own.key });
    open.push(api);
    const cluster = { "certificate-authority-data": data(authority.cert) };
    const error = await failure(listPods({ kubeconfig: kubeconfigFile(api.url, { cluster }) }));
    expect(error.message).toContain("its certificate is for another name (see tls-server-name)");
    const named = { ...cluster, "tls-server-name": "elsewhere.example.test" };
    await listPods({ kubeconfig: kubeconfigFile(api.url, { cluster: named }) });
    expect(api.seen).toHaveLength(1);
  });

  it("asks nothing with insecure-skip-tls-verify", async () => {
    const api = await server(fine, true);
    await listPods({ kubeconfig: kubeconfigFile(api.url, { cluster: { "insecure-skip-tls-verify": true } }) });
    expect(api.seen).toHaveLength(1);
  });

  it("goes through the proxy of proxy-url, keeping its password out of messages", async () => {
    const api = await server(fine, true);
    const asked: string[] = [];
    let letThrough = true;
    const proxy = createServer();
    proxy.on("connect", (request, socket, head) => {
      asked.push(`${request.url} ${request.headers["proxy-authorization"]}`);
      if (!letThrough) {
        socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
        return;
      }
      const [host, port] = request.url!.split(":");
      const upstream = connectSocket(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on("error", () => socket.destroy());
      socket.on("error", () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    open.push({
      stop: () =>
        new Promise((resolve) => {
          proxy.close(() => resolve());
          proxy.closeAllConnections();
        }),
    });
    const { port } = proxy.address() as AddressInfo;
    const cluster = {
      "certificate-authority-data": data(authority.cert),
      "proxy-url": `http://me:secret@127.0.0.1:${port}`,
    };
    await listPods({ kubeconfig: kubeconfigFile(api.url, { cluster }) });
    expect(asked).toEqual([`127.0.0.1:${api.port} Basic ${data("me:secret")}`]);
    letThrough = false;
    const error = await failure(listPods({ kubeconfig: kubeconfigFile(api.url, { cluster }) }));
    expect(error.reason).toBe("Unreachable");
    expect(error.message).toContain(`by proxy http://127.0.0.1:${port}`);
    expect(error.message).not.toContain("secret");
  });
});

describe("which kubeconfig", () => {
  it("merges several files as kubectl does: the first one to name a thing wins, missing files are passed over", async () => {
    const one = await server();
    const two = await server();
    const own = mkdtempSync(path.join(folder, "several-"));
    const files = [
      path.join(own, "missing"),
      kubeconfigFile(one.url, { folder: own, file: "a", user: { token: "a" } }),
      kubeconfigFile(two.url, { folder: own, file: "b", user: { token: "shadowed" } }),
      kubeconfigFile(two.url, { folder: own, file: "c", context: "second", user: { token: "c" } }),
    ].join(path.delimiter);
    const env = { KUBECONFIG: files, PATH: process.env.PATH };
    await listPods({ env });
    expect(one.seen[0]?.headers.authorization).toBe("Bearer a");
    await listPods({ env, context: "second" });
    expect(two.seen[0]?.headers.authorization).toBe("Bearer c");
    const error = await failure(listPods({ env, context: "third" }));
    expect(error.message).toBe('the kubeconfig has no context "third"; it has test, test, second');
  });

  it("finds ~/.kube/config", async () => {
    const api = await server();
    const home = mkdtempSync(path.join(folder, "home-"));
    const { mkdirSync } = await import("node:fs");
    mkdirSync(path.join(home, ".kube"));
    kubeconfigFile(api.url, { folder: path.join(home, ".kube") });
    await listPods({ env: { HOME: home } });
    expect(api.seen).toHaveLength(1);
  });

  it.each<[string, ConnectOptions, RegExp]>([
    ["none anywhere", { env: { HOME: folder } }, /^no kubeconfig found: set KUBECONFIG/],
    ["a missing file", { kubeconfig: "/no/such/file" }, /^kubeconfig \/no\/such\/file does not exist$/],
  ])("%s is said", async (_name, options, message) => {
    const error = await failure(connect(options));
    expect(error.name).toBe("ClusterError");
    expect(error.message).toMatch(message);
  });

  it.each([
    ["client-node", undefined],
    ["a parser that is brought along", (text: string) => parseYamlDocuments(text)[0]],
  ])("a file that is no kubeconfig is said, without its content, by %s", async (_name, parseYaml) => {
    const file = path.join(folder, "broken");
    writeFileSync(file, "users: [{name: u, user: {token: s3cr3t}\n");
    const error = await failure(connect({ kubeconfig: file, parseYaml }));
    expect(error.message).toMatch(/^kubeconfig .*broken cannot be read: it is not valid YAML or JSON/);
    expect(error.message).not.toContain("s3cr3t");
  });

  it("keeps the server's own path (a gateway in front of several clusters)", async () => {
    const api = await server();
    await listPods({ kubeconfig: kubeconfigFile(`${api.url}/k8s/clusters/c-1`) });
    expect(api.seen[0]?.path).toBe("/k8s/clusters/c-1/api/v1/pods");
  });
});
