import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "../support/cli.js";

const text = (name: string) => readFileSync(join(PROJECT, name), "utf8");
const { bin } = JSON.parse(text("package.json"));

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** The instructions of the Dockerfile, comments left out, broken lines joined. */
const instructions: readonly Instruction[] = text("Dockerfile")
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll("\\\n", " ")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => ({ word: line.split(" ")[0]!, rest: line.slice(line.indexOf(" ") + 1).trim() }));
const all = (word: string) => instructions.filter((one) => one.word === word).map(({ rest }) => rest);
const lastStage = instructions.slice(instructions.map(({ word }) => word).lastIndexOf("FROM"));

// No container engine is needed for this; the image itself is built where there is one.
test("stages start from one image, pinned to a version, and to a digest where one is given", () => {
  const [argument, digest] = all("ARG");
  expect(digest).toBe("DIGEST=");
  const version = argument!.split("=")[1]!;
  expect(version).toMatch(/^22\.\d+\.\d+$/);
  // What another FROM or RUN sees of a global argument, it has to ask for again.
  expect(all("ARG").slice(2)).toEqual(["DIGEST", "NODE", "DIGEST"]);
  const images = all("FROM").map((rest) => rest.split(" ")[0]!.replace(`\${NODE}`, version));
  const pinned = `node:${version}-bookworm-slim\${DIGEST}`;
  expect(images).toEqual([pinned, pinned]);
});

test.each([
  ["", 0, "The base image is not pinned"],
  [`@sha256:${"0a".repeat(32)}`, 0, ""],
  [`sha256:${"0a".repeat(32)}`, 1, "DIGEST must be @sha256: and 64"],
  [`@sha256:${"0a".repeat(31)}`, 1, "DIGEST must be @sha256: and 64"],
  [`@sha256:${"0A".repeat(32)}`, 1, "DIGEST must be @sha256: and 64"],
  [`-other@sha256:${"0a".repeat(32)}`, 1, "DIGEST must be @sha256: and 64"],
])("DIGEST=%j ends the build with %i and says %j", (digest, code, told) => {
  const check = all("RUN").find((run) => run.includes("DIGEST"))!;
  const { status, stderr } = spawnSync("sh", ["-c", check], {
    env: { ...process.env, DIGEST: digest },
    encoding: "utf8",
  });
  expect([status, stderr.slice(0, told.length || undefined)]).toEqual([code, told]);
});

test("the image says what it was built on", () => {
  const [label] = all("LABEL");
  expect(label).toContain(`image.base.digest="\${DIGEST#@}"`);
});

test("nothing is fetched but by npm and apt, by lock file and without what is only recommended", () => {
  expect(all("ADD")).toEqual([]);
  for (const run of all("RUN")) expect(run).not.toMatch(/curl|wget|npm install|https?:|sudo|chmod 777/);
  const apt = all("RUN").filter((run) => run.includes("apt-get"));
  expect(apt).toHaveLength(1);
  expect(apt[0]).toMatch(/install -y --no-install-recommends git openssh-client gnupg ca-certificates tini/);
  expect(apt[0]).toContain("rm -rf /var/lib/apt/lists/*");
  expect(all("RUN").join()).toContain("npm prune --omit=dev");
});

test("what is copied is there and is not ignored", () => {
  const ignored = text(".dockerignore").trim().split("\n");
  expect(ignored).toEqual(expect.arrayContaining([".git", "node_modules", "dist"]));
  const sources = all("COPY").filter((rest) => !rest.startsWith("--from=build"));
  for (const source of sources.flatMap((rest) => rest.split(" ").slice(0, -1))) {
    expect(existsSync(join(PROJECT, source)), source).toBe(true);
    expect(ignored).not.toContain(source);
  }
});

test("the program runs as nobody, under an init that passes signals on", () => {
  const words = lastStage.map(({ word }) => word);
  expect(all("USER")).toEqual(["65532:65532"]);
  expect(words.indexOf("USER")).toBeGreaterThan(words.lastIndexOf("RUN"));
  const runs = lastStage.filter(({ word }) => word === "RUN").map(({ rest }) => rest);
  // ssh ends with "No user exists for uid" otherwise.
  expect(runs.join("\n")).toMatch(/groupadd --gid 65532 (\w+) .*useradd --uid 65532 --gid 65532 .*\b\1$/m);
  const [entrypoint] = all("ENTRYPOINT");
  expect(JSON.parse(entrypoint!)).toEqual(["tini", "--", "node", `/app/${bin.spiderplan}`]);
  expect(all("CMD")).toEqual([]);
  for (const env of all("ENV")) expect(env).not.toMatch(/TOKEN|PASSWORD|SECRET|KEY/i);
});
