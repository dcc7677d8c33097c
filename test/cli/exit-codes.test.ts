import { describe, expect, it } from "vitest";
import { cli } from "../support/cli.js";
import { clusterOf, planOf } from "../support/in-use.js";
import { workspace } from "../support/workspace.js";

const SAME = "10.6.124.10-10.6.124.19";
const GROWN = "10.6.124.10-10.6.124.29";
const TAKEN = "10.6.124.11-10.6.124.19";
const OUTSIDE = "10.6.124.250";

/** DESIGN 8: 1 wins over 3 over 2; diff has kubectl's codes. */
const ROWS: readonly [what: string, argv: string[], addresses: string, code: number][] = [
  ["plan without changes", ["plan"], SAME, 0],
  ["plan with changes", ["plan"], GROWN, 0],
  ["plan --detailed-exitcode without changes", ["plan", "--detailed-exitcode"], SAME, 0],
  ["plan --detailed-exitcode with changes", ["plan", "--detailed-exitcode"], GROWN, 2],
  ["plan that would take an address in use", ["plan"], TAKEN, 3],
  ["blocked wins over changes", ["plan", "--detailed-exitcode"], TAKEN, 3],
  ["plan with an error in a file", ["plan", "--detailed-exitcode"], OUTSIDE, 1],
  ["diff without differences", ["diff"], SAME, 0],
  ["diff with differences", ["diff"], GROWN, 1],
  ["diff with an error in a file", ["diff"], OUTSIDE, 2],
  ["diff with a bad flag", ["diff", "--nonsense"], SAME, 2],
  ["plan with a bad flag", ["plan", "--nonsense"], SAME, 1],
  ["plan with a bad time", ["plan", "--now", "yesterday"], SAME, 1],
  ["plan with a bad budget", ["plan", "--prune-budget", "-1"], SAME, 1],
  ["plan with a bad format", ["plan", "-o", "html"], SAME, 1],
  ["plan with an install that would make ids ambiguous", ["plan", "--install", "a:b"], SAME, 1],
];

describe("exit codes", () => {
  it.each(ROWS)("%s", async (_what, argv, addresses, code) => {
    const cwd = workspace({ "plan/app.yaml": planOf(addresses), "s.json": clusterOf() });
    const result = await cli([...argv, "--path", "plan", "--snapshot", "s.json"], { cwd });
    expect(result.code, result.stdout + result.stderr).toBe(code);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  it("130 when the run was interrupted", async () => {
    const cwd = workspace({ "plan/app.yaml": planOf(SAME), "s.json": clusterOf() });
    const signal = AbortSignal.abort();
    expect((await cli(["plan", "--path", "plan", "--snapshot", "s.json"], { cwd, signal })).code).toBe(130);
  });

  it.each([[["--help"]], [["plan", "--help"]], [["help", "diff"]], [["version"]]])("0 for %j", async (argv) => {
    const result = await cli(argv);
    expect(result.code).toBe(0);
    expect(result.stdout).not.toBe("");
  });

  it.each([[[]], [["nonsense"]]])("1 for %j, with words on stderr", async (argv) => {
    const result = await cli(argv);
    expect(result.code).toBe(1);
    expect(result.stdout).toBe("");
    expect(result.stderr).not.toBe("");
  });
});

describe("messages", () => {
  const one = async (argv: string[], files: Record<string, string> = {}) => {
    const cwd = workspace({ "plan/app.yaml": planOf(SAME), "s.json": clusterOf(), ...files });
    const result = await cli(argv, { cwd, env: { HOME: cwd } });
    expect(result.code).toBe(1);
    expect(result.stderr).not.toMatch(/^\s+at |bug of spiderplan/m);
    return result.stderr;
  };

  it("without a cluster and without a snapshot both ways are named", async () => {
    const text = await one(["plan", "--path", "plan"]);
    expect(text).toContain("--kubeconfig");
    expect(text).toContain("--snapshot");
  });

  it("a cluster that does not answer is named, with both ways on", async () => {
    const kubeconfig = `apiVersion: v1
kind: Config
current-context: gone
contexts: [{name: gone, context: {cluster: gone, user: me}}]
clusters: [{name: gone, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: me, user: {}}]
`;
    const text = await one(["plan", "--path", "plan", "--kubeconfig", "k.yaml"], { "k.yaml": kubeconfig });
    expect(text).toContain("127.0.0.1:9");
    expect(text).toContain("--context");
    expect(text).toContain("--snapshot");
  });

  it("a plan folder that is not there", async () => {
    expect(await one(["plan", "--path", "nowhere", "--snapshot", "s.json"])).toContain("there is no folder nowhere");
  });

  it.each([
    ["missing", "no.json", "cannot be read: ENOENT"],
    ["no List", "text.json", "holds no Kubernetes List"],
    ["broken", "broken.json", "neither JSON nor YAML"],
  ])("a snapshot that is %s", async (_what, file, expected) => {
    const files = { "text.json": '"hello"', "broken.json": "{" };
    expect(await one(["plan", "--path", "plan", "--snapshot", file], files)).toContain(expected);
  });
});
