import { describe, expect, it } from "vitest";
import { openLogger } from "../../src/adapters/telemetry/logger.js";

/** What must not be found in any line; long enough never to be there by chance. */
const SECRET = "Tr0ub4dor-and-3-horses";
const PEM = `-----BEGIN OPENSSH PRIVATE KEY-----\n${SECRET}\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n`;
const JWT = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(SECRET).toString("base64url")}.c2lnbmF0dXJl`;

function said(fields: Record<string, unknown>, message = "m", format: "json" | "text" = "json"): string {
  let text = "";
  openLogger({ level: "debug", format, write: (line) => (text += line) }).info(fields, message);
  return text;
}

function errorWith(extra: object, message = "failed"): Error {
  return Object.assign(new Error(message), extra);
}

/** Each holds the secret somewhere. */
const LEAKS: readonly (readonly [string, Record<string, unknown>])[] = [
  ["a password", { password: SECRET }],
  ["credentials of a source", { source: { credentials: { username: "ci", password: SECRET, sshPassphrase: SECRET } } }],
  ["a bearer token by its field's name", { bearerToken: SECRET }],
  ["a token beside its Secret's name", { secretRef: { name: "git", token: SECRET } }],
  ["a list of tokens", { tokens: [SECRET, SECRET] }],
  ["headers", { headers: { Authorization: `Bearer ${SECRET}`, "X-Gitlab-Token": SECRET, Cookie: `a=${SECRET}` } }],
  ["real headers", { headers: new Headers({ "proxy-authorization": `Basic ${SECRET}` }) }],
  ["a map", { values: new Map([["clientKey", SECRET]]) }],
  ["a set", { values: new Set([`https://ci:${SECRET}@git.example`]) }],
  ["data of a Secret", { object: { kind: "Secret", data: { "tls.key": SECRET, password: SECRET, identity: SECRET } } }],
  ["a password in a URL", { repoURL: `https://ci:${SECRET}@git.example/net/plans.git` }],
  ["a password with an @ and a slash in a URL", { repoURL: `https://ci:p@/${SECRET}@git.example/net/plans.git` }],
  ["a token as the user of a URL", { repoURL: `https://${SECRET}@git.example/net/plans.git` }],
  ["a URL object", { at: new URL(`https://ci:${SECRET}@git.example/`) }],
  ["a proxy", { proxy: `http://${SECRET}:x@proxy:3128` }],
  ["a token in a query", { url: `https://git.example/api?private_token=${SECRET}&page=1` }],
  ["a header in a text", { output: `> Authorization: Basic ${SECRET}\n< 401` }],
  ["a header in JSON in a text", { output: `{"authorization":"Bearer ${SECRET}"}` }],
  ["a header without its name", { output: `sent Bearer ${SECRET} to the server` }],
  ["a password in JSON in a text", { output: `{"password": "${SECRET} with more"}` }],
  ["a key in PEM", { key: PEM }],
  ["a key in PEM, cut off", { output: PEM.slice(0, 60 + SECRET.length) }],
  ["a key in base64", { "client-key-data": Buffer.from(PEM).toString("base64") }],
  ["a key in base64 in a text", { output: `user: ${Buffer.from(PEM).toString("base64")}` }],
  ["bytes", { body: Buffer.from(SECRET) }],
  ["a service account's token", { output: `token file held ${JWT}` }],
  ["a forge's token", { output: `pushed with ghp_${SECRET.replaceAll("-", "")}` }],
  ["a secret in a field's name", { [`https://ci:${SECRET}@git.example`]: 1 }],
  ["an error's message", { error: errorWith({}, `fatal: unable to access 'https://ci:${SECRET}@git.example/'`) }],
  ["an error's own fields", { error: errorWith({ config: { auth: { password: SECRET } } }) }],
  ["an error's cause", { error: new Error("a", { cause: errorWith({ token: SECRET }, `b: password=${SECRET}`) }) }],
  ["errors together", { error: new AggregateError([errorWith({}, `Bearer ${SECRET}`)], "all failed") }],
];

describe("no secret is ever logged", () => {
  it.each(LEAKS)("%s", (_what, fields) => {
    for (const format of ["json", "text"] as const) {
      const line = said(fields, "m", format);
      for (const form of [SECRET, Buffer.from(SECRET).toString("base64url"), Buffer.from(PEM).toString("base64")]) {
        expect(line).not.toContain(form.replaceAll("\n", "\\n"));
      }
      expect(line).not.toContain(SECRET.replaceAll("-", ""));
      expect(line).not.toContain("b3BlbnNzaC1rZXk");
    }
  });

  it("in a message, and in what a logger carries along", () => {
    expect(said({}, `cannot clone https://ci:${SECRET}@git.example: Authorization: token ${SECRET}`)).not.toContain(
      SECRET,
    );
    let text = "";
    const logger = openLogger({ level: "info", format: "json", write: (line) => (text += line) });
    logger.with({ url: `https://ci:${SECRET}@git.example` }).info({}, "x");
    expect(text).not.toContain(SECRET);
    expect(text).toContain("git.example");
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["where a secret is", { secretRef: "git-credentials" }, "git-credentials"],
    ["that a token ran out", { tokenExpired: true }, '"tokenExpired":true'],
    [
      "a host behind a password",
      { url: `https://ci:${SECRET}@git.example/net/plans.git` },
      "git.example/net/plans.git",
    ],
    [
      "what an endpoint is called",
      { pod: "default/basic-auth-7d9f", why: "basic authentication failed" },
      "basic authentication failed",
    ],
    [
      "an address, a revision and a digest",
      { ip: "fd00::7", revision: "3f2c9d1ab", digest: "sha256:ab12" },
      "3f2c9d1ab",
    ],
    ["a key of the queue", { key: "net/dc1" }, "net/dc1"],
    ["a public key", { verify: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA" }, "AAAAC3NzaC1lZDI1NTE5AAAA"],
  ])("but still told: %s", (_what, fields, told) => {
    expect(said(fields)).toContain(told);
  });
});
