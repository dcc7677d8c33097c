import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { run } from "../../src/cli/main.js";
import { cli, PROJECT } from "../support/cli.js";

test("the demo's story holds, and it tidies up after itself", async () => {
  const { code, stdout } = await cli(["demo"]);
  expect(stdout).not.toContain("FAILED");
  expect(code).toBe(0);
  const headings = stdout.split("\n").filter((line) => line.startsWith("== "));
  expect(headings).toHaveLength(6);
  expect(stdout).toContain("the 3 Pods from before have the addresses from before");
  expect(stdout).toContain("nothing was written to the cluster");
  expect(stdout).toMatch(/the refusal names batch-\S+ and batch-\S+/);
  expect(stdout).toContain("All of it held");
});

test("--keep leaves the cluster running until interrupted", async () => {
  const interrupt = new AbortController();
  let seen = "";
  const io = {
    stdout: { write: (text: string) => (seen += text) },
    stderr: { write: () => true },
    env: process.env,
    isTTY: false,
    cwd: PROJECT,
    signal: interrupt.signal,
  };
  const running = run(["demo", "--keep"], io);
  while (!seen.includes("export KUBECONFIG=")) await new Promise((resolve) => setTimeout(resolve, 20));
  const url = /runs on at (\S+)/.exec(seen)![1]!;
  expect((await fetch(`${url}/version`)).status).toBe(200);
  const kubeconfig = /export KUBECONFIG=(\S+)/.exec(seen)![1]!;
  expect(existsSync(kubeconfig)).toBe(true);
  expect(seen).toContain("kubectl get sp,ss,sr,smc -A;");
  expect(seen).toMatch(/not on the PATH, call it as `npx spiderplan` or `node \S+main\.js`/);
  expect(seen).toMatch(/\$ git show --oneline\n\w+ Lock the addresses of the shop\n/);
  interrupt.abort();
  await running;
  await expect(fetch(`${url}/version`)).rejects.toThrow();
  expect(existsSync(kubeconfig)).toBe(false);
});
