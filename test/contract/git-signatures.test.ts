import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { SourceRef, SourceVerification } from "../../src/ports/source-repository.js";
import { follow, gitServer, gitSource, readNow, toldOf } from "../support/git-source.js";
import { commitSigned, noGpg, pgpSigner, type Signer, sshSigner, tagSigned } from "../support/signing.js";
import { workspace } from "../support/workspace.js";

async function served() {
  const server = await gitServer();
  const repository = server.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n" });
  const { source } = gitSource();
  const spec = (
    mode: SourceVerification["mode"],
    keys: SourceVerification["keys"],
    ref: SourceRef = { branch: "main" },
  ) => follow(repository.url, { ca: server.authority.cert }, { ref, verification: { mode, keys } });
  return { repository, source, spec };
}

const KINDS: readonly (readonly [string, string | undefined, () => Signer])[] = [
  ["SSH", undefined, sshSigner],
  ["PGP", noGpg(), pgpSigner],
];

for (const [kind, missing, newSigner] of KINDS) {
  describe.skipIf(missing !== undefined)(`${kind} signatures${missing === undefined ? "" : ` (${missing})`}`, () => {
    test("a commit counts by a trusted key, whichever of several", async () => {
      const { repository, source, spec } = await served();
      const [signer, other] = [newSigner(), newSigner()];
      const keys = { "a.key": other.publicKey, "b.key": signer.publicKey };
      expect(await toldOf(readNow(source, spec("HEAD", keys)))).toMatch(
        /^VerificationFailed: commit [0-9a-f]{12} is not signed$/,
      );
      commitSigned(repository, signer);
      expect((await readNow(source, spec("HEAD", keys))).signedBy).toEqual([signer.fingerprint]);
      // What was read unasked is not taken at its word later.
      expect(await toldOf(readNow(source, spec("HEAD", { "a.key": other.publicKey })))).toMatch(
        /^VerificationFailed: commit [0-9a-f]{12} is signed by key \S+, which is not among the trusted ones$/,
      );
    });

    test("a commit that was altered after it was signed does not count", async () => {
      const { repository, source, spec } = await served();
      const signer = newSigner();
      const signed = repository.git("cat-file", "commit", commitSigned(repository, signer, "ten addresses"));
      const altered = repository.object("commit", Buffer.from(`${signed.replace("ten addresses", "all addresses")}\n`));
      repository.git("update-ref", "refs/heads/main", altered);
      expect(await toldOf(readNow(source, spec("HEAD", { k: signer.publicKey })))).toMatch(
        /^VerificationFailed: commit [0-9a-f]{12} was altered after/,
      );
    });

    test("a tag counts under the name it was signed with", async () => {
      const { repository, source, spec } = await served();
      const [signer, other] = [newSigner(), newSigner()];
      const keys = { k: signer.publicKey };
      tagSigned(repository, signer, "v1.0.0");
      tagSigned(repository, other, "v1.1.0");
      repository.tag("v1.2.0");
      repository.tag("v1.3.0", { message: "not signed" });
      repository.git("update-ref", "refs/tags/v2.0.0", repository.git("rev-parse", "refs/tags/v1.0.0"));
      const told = (tag: string) => toldOf(readNow(source, spec("Tag", keys, { tag })));
      expect((await readNow(source, spec("Tag", keys, { semver: "1.0.x" }))).signedBy).toEqual([signer.fingerprint]);
      expect(await told("v1.1.0")).toMatch(/^VerificationFailed: tag v1.1.0 is signed by key \S+, which is not among/);
      expect(await told("v1.2.0")).toMatch(/^VerificationFailed: tag v1.2.0 carries no signature: it is a plain name/);
      expect(await told("v1.3.0")).toMatch(/^VerificationFailed: tag v1.3.0 is not signed$/);
      expect(await told("v2.0.0")).toMatch(/^VerificationFailed: tag v2.0.0 is another tag's object, that of v1.0.0$/);
      expect(await toldOf(readNow(source, spec("Tag", keys)))).toMatch(/^VerificationFailed: .*no tag is followed/);
    });

    test("both must be signed where both are asked for", async () => {
      const { repository, source, spec } = await served();
      const [author, releaser] = [newSigner(), newSigner()];
      const keys = { a: author.publicKey, b: releaser.publicKey };
      tagSigned(repository, releaser, "v1.0.0");
      expect(await toldOf(readNow(source, spec("TagAndHEAD", keys, { tag: "v1.0.0" })))).toMatch(
        /commit .* is not signed/,
      );
      commitSigned(repository, author);
      tagSigned(repository, releaser, "v1.0.1");
      const tree = await readNow(source, spec("TagAndHEAD", keys, { tag: "v1.0.1" }));
      expect(tree.signedBy).toEqual([releaser.fingerprint, author.fingerprint]);
    });
  });
}

describe.skipIf(noGpg() !== undefined)("PGP keys that count no more", () => {
  test.each([
    ["expired", /is signed by key ([0-9A-F]+), which has expired$/],
    ["revoked", /is signed by key ([0-9A-F]+), which is revoked$/],
  ] as const)("%s", async (state, words) => {
    const { repository, source, spec } = await served();
    const signer = pgpSigner(state);
    commitSigned(repository, signer);
    const told = await toldOf(readNow(source, spec("HEAD", { k: signer.publicKey })));
    expect(told).toMatch(/^VerificationFailed: /);
    expect(told).toMatch(words);
    expect(signer.fingerprint).toContain(words.exec(told)![1]!);
  });
});

test.each<[string, Record<string, string>, RegExp]>([
  ["no key at all", {}, /no key is trusted/],
  ["a file that is no key", { "x.pub": "hello" }, /x\.pub is neither a PGP public key/],
  ["a private key", { "x.key": "-----BEGIN OPENSSH PRIVATE KEY-----" }, /x\.key is a private key/],
  ["an empty file", { "x.pub": "\n" }, /x\.pub is neither/],
])("%s is no trust", async (_, keys, words) => {
  const { source, spec } = await served();
  const told = await toldOf(readNow(source, spec("HEAD", keys)));
  expect(told).toMatch(/^VerificationFailed: /);
  expect(told).toMatch(words);
});

test.skipIf(noGpg() !== undefined)("without gpg a PGP key cannot count, and it says so", async () => {
  const { repository, spec } = await served();
  const signer = pgpSigner();
  commitSigned(repository, signer);
  const programs = join(workspace(), "bin");
  mkdirSync(programs);
  symlinkSync(execFileSync("which", ["git"], { encoding: "utf8" }).trim(), join(programs, "git"));
  const { source } = gitSource({ env: { PATH: programs } });
  const told = await toldOf(readNow(source, spec("HEAD", { k: signer.publicKey })));
  expect(told).toMatch(/^VerificationFailed: gpg is needed, and is not installed/);
});
