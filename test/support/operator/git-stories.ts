import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { PlanSyncSpec } from "../../../src/core/plan-sync/plan-sync.generated.js";
import { KINDS, OWN } from "../../../src/core/spiderpool/objects.js";
import { type ServedRepository, startGitServer } from "../git-server.js";
import { pools, X } from "./small-plan.js";
import { eventually, NAMESPACE, type Stage } from "./stage.js";
import { applied, automated, kubectl, ready } from "./steps.js";
import type { Story } from "./story.js";

/** Repositories and Secrets as people, and those who mean harm, write them. */
export const GIT_STORIES: readonly Story[] = [
  ["a Secret goes to no repository but those it names, and the way to name one is told", keepsSecrets],
  ["a tag on a tree and a commit of the year 10000 stop no status", readsStrangeCommits],
  ["repositories and servers as people have them are each told as what they are", tellsRepositories],
];

async function keepsSecrets(stage: Stage): Promise<void> {
  const own = stage.repository.commit({ "plan/a.yaml": pools(X(19)) });
  const other = await startGitServer();
  try {
    const { url } = other.repository("collect");
    const secret = { kind: KINDS.Secret, namespace: NAMESPACE, name: "git-credentials" };
    const name = { metadata: { annotations: { [OWN.repositories]: null } } };
    await stage.planSync({ ...automated, source: { repoURL: url } });
    await stage.start();
    expect(await ready(stage, "False AuthenticationFailed")).toContain(
      `Secret net/git-credentials is not for ${url}: its annotation spiderplan.io/repositories names other repositories`,
    );
    await stage.actor.patch(secret, name);
    const source = { repoURL: stage.repository.url };
    await stage.actor.patch({ kind: KINDS.PlanSync, namespace: NAMESPACE, name: "dc" }, { spec: { source } });
    const told = await eventually(
      async () => (await stage.status()).conditions?.find(({ type }) => type === "Ready")?.message ?? "",
      (message) => message.includes("does not say"),
    );
    const [, ...command] = /run: kubectl (.*)$/.exec(told)![1]!.split(" ");
    expect(command).toEqual(["secret", "git-credentials", "-n", "net", `spiderplan.io/repositories=${source.repoURL}`]);
    await kubectl(stage, "annotate", ...command);
    await stage.run("reconcile", "dc", "--no-wait");
    await applied(stage, own);
    expect(other.requests).toEqual([]);
  } finally {
    await other.close();
  }
}

async function readsStrangeCommits(stage: Stage): Promise<void> {
  const good = stage.repository.commit({ "plan/a.yaml": pools(X(19)) });
  stage.repository.tag("v1.0.0", { commit: good });
  await stage.planSync({ ...automated, source: { ref: { semver: "1.x" } } });
  await stage.start();
  await applied(stage, good);
  expect((await stage.status()).source?.committedAt).toBe("2023-11-14T22:13:20Z");
  stage.repository.tag("v1.1.0", { commit: stage.repository.git("rev-parse", `${good}^{tree}`) });
  await stage.run("reconcile", "dc", "--no-wait");
  expect(await ready(stage, "False SourceRefused")).toContain("tag v1.1.0 leads to a tree, and only commits are read");
  const late = stage.repository.commit({ "plan/a.yaml": pools(X(29)) }, { at: 253_402_300_800 });
  stage.repository.tag("v1.2.0", { commit: late });
  await stage.run("reconcile", "dc", "--no-wait");
  await applied(stage, late);
  expect((await stage.status()).source).toMatchObject({ ref: "refs/tags/v1.2.0", subject: "change" });
  expect((await stage.status()).source).not.toHaveProperty("committedAt");
}

/** Name of the repository and its PlanSync, what is in it or how it answers, of the source what is not as usual, and Ready. */
const REPOSITORIES: readonly (readonly [
  string,
  Parameters<ServedRepository["commit"]>[0],
  Partial<PlanSyncSpec["source"]>,
  readonly [string, RegExp],
  ((repository: ServedRepository) => void)?,
])[] = [
  [
    "lfs",
    { "plan/a.yaml": `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12\n` },
    {},
    ["False BuildFailed", /: a\.yaml:1:1 SP\d{4} .*Git LFS/],
  ],
  ["submodule", { plan: { submodule: "1".repeat(40) } }, {}, ["False SourceNotFound", /: .*plan is a submodule/]],
  [
    "link",
    { "real/a.yaml": "", plan: { link: "real" } },
    {},
    ["False SourceNotFound", /: .*plan is a (symbolic )?link/],
  ],
  [
    "markers",
    { "plan/a.yaml": "<<<<<<< HEAD\nsubnets: {}\n=======\n" },
    {},
    ["False BuildFailed", /: a\.yaml:1:1 SP\d{4} .*conflict/],
  ],
  [
    "pre-release",
    { "plan/a.yaml": pools(X(19)) },
    { ref: { semver: ">=1.0.0" } },
    ["False SourceNotFound", /: .*pre-release/],
    (repository) => repository.tag("v1.1.0-rc.1"),
  ],
  [
    "pre-release-wanted",
    { "plan/a.yaml": pools(X(19)) },
    { ref: { semver: ">=1.0.0-0" } },
    ["True ReconciliationSucceeded", /: /],
    (repository) => repository.tag("v1.1.0-rc.1"),
  ],
  [
    "server-broken",
    { "plan/a.yaml": pools(X(19)) },
    {},
    ["False GitOperationFailed", /: the Git server cannot read its own repository/],
    (repository) => {
      const id = repository.git("rev-parse", "main:plan");
      rmSync(join(repository.folder, "objects", id.slice(0, 2), id.slice(2)));
    },
  ],
  ["login-page", {}, {}, ["False GitOperationFailed", /: a web page answers in place of a Git server/]],
  ["busy", {}, {}, ["False GitOperationFailed", /: the server asks to be left alone for 120 s/]],
];

async function tellsRepositories(stage: Stage): Promise<void> {
  for (const [name, files, source, , more] of REPOSITORIES) {
    const repository = stage.git.repository(name);
    if (Object.keys(files).length > 0) repository.commit(files);
    more?.(repository);
    await stage.planSync({ source: { ...source, repoURL: repository.url } }, name);
  }
  stage.git.intercept(({ url }, response) => {
    if (url?.startsWith("/login-page.git/")) {
      response.writeHead(200, { "content-type": "text/html" }).end("<!DOCTYPE html><title>Sign in</title>");
      return true;
    }
    if (!url?.startsWith("/busy.git/")) return false;
    response.writeHead(429, { "retry-after": "120" }).end();
    return true;
  });
  await stage.start();
  for (const [name, , , [wanted, words]] of REPOSITORIES) expect(await ready(stage, wanted, name)).toMatch(words);
}
