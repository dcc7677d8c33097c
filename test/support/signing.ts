import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { TestRepository } from "./git-repository.js";
import { newSshKey } from "./ssh-server.js";
import { workspace } from "./workspace.js";

/** A key that signs commits and tags. */
export interface Signer {
  /** As it is handed to who must trust it. */
  readonly publicKey: string;
  /** As it is told afterwards. */
  readonly fingerprint: string;
  /** Settings of git that make it sign. */
  readonly settings: readonly string[];
}

/** Why PGP cannot be tested here; undefined if it can. */
export function noGpg(): string | undefined {
  try {
    execFileSync("gpg", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "no gpg: install gnupg";
  }
}

/** A new SSH key. */
export function sshSigner(name = "signer"): Signer {
  const file = newSshKey(workspace(), name);
  const [, fingerprint = ""] = execFileSync("ssh-keygen", ["-l", "-f", file], { encoding: "utf8" }).split(" ");
  const settings = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${file}`];
  return { publicKey: readFileSync(`${file}.pub`, "utf8"), fingerprint, settings };
}

/** A new PGP key; one that has expired was valid when it signed. */
export function pgpSigner(state: "valid" | "expired" | "revoked" = "valid"): Signer {
  const home = join(workspace(), "gnupg");
  mkdirSync(home, { mode: 0o700 });
  onTestFinished(() => {
    execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]);
  });
  const past = state === "expired" ? ["--faked-system-time", "20240101T000000!"] : [];
  const gpg = (args: readonly string[], input?: string) =>
    execFileSync("gpg", ["--homedir", home, "--batch", "--yes", "--no-tty", ...past, ...args], {
      encoding: "utf8",
      stdio: ["pipe", "pipe", "ignore"],
      ...(input !== undefined && { input }),
    });
  const expires = state === "expired" ? "1d" : "never";
  gpg(["--passphrase", "", "--quick-generate-key", "Signer <signer@example.org>", "ed25519", "sign", expires]);
  const [, fingerprint = ""] = /^fpr:+([0-9A-F]+):/m.exec(gpg(["--with-colons", "--list-keys"])) ?? [];
  const program = join(home, "sign");
  writeFileSync(program, `#!/bin/sh\nexec gpg --homedir '${home}' --batch ${past.join(" ")} "$@"\n`);
  chmodSync(program, 0o755);
  const settings = ["-c", "gpg.format=openpgp", "-c", `gpg.program=${program}`, "-c", `user.signingkey=${fingerprint}`];
  const publicKey = () => gpg(["--armor", "--export"]);
  if (state !== "revoked") return { publicKey: publicKey(), fingerprint, settings };
  return {
    get publicKey() {
      const certificate = readFileSync(join(home, "openpgp-revocs.d", `${fingerprint}.rev`), "utf8");
      gpg(["--import"], certificate.replace(":-----BEGIN", "-----BEGIN"));
      return publicKey();
    },
    fingerprint,
    settings,
  };
}

/** A signed commit with the files of the branch's tip. */
export function commitSigned(repository: TestRepository, signer: Signer, message = "signed"): string {
  const parent = repository.tip();
  const made = repository.git(...signer.settings, "commit-tree", "-S", "-p", parent, "-m", message, `${parent}^{tree}`);
  repository.git("update-ref", "refs/heads/main", made);
  return made;
}

/** A signed tag of the branch's tip. */
export function tagSigned(repository: TestRepository, signer: Signer, name: string): void {
  repository.git(...signer.settings, "tag", "-s", "-m", `release ${name}`, name, repository.tip());
}
