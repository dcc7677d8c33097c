import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeRepository, repositoryFolder, type TestRepository } from "./git-repository.js";

/** A real sshd on loopback that lets the user of the tests in by one key. */
export interface SshServer {
  readonly port: number;
  readonly user: string;
  /** Private key that gets in; `protectedKey` is the same with a passphrase. */
  readonly privateKey: string;
  readonly protectedKey: { readonly key: string; readonly passphrase: string };
  /** A key nobody knows. */
  readonly strangerKey: string;
  /** Line of known_hosts. */
  readonly knownHosts: string;
  repository(name: string): TestRepository & { readonly url: string };
  close(): void;
}

/** sshd wants to be called by its whole path. */
const SSHD = "/usr/sbin/sshd";

/** Why there can be no SSH server here; undefined if there can. */
export function noSshServer(): string | undefined {
  return existsSync(SSHD) ? undefined : "no sshd: install openssh-server";
}

/** A new key pair; the path of the private key, the public one has `.pub` behind it. */
export function newSshKey(folder: string, name: string, passphrase = ""): string {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", file]);
  return file;
}

/** Starts the server. */
export async function startSshServer(): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), "spiderplan-sshd-"));
  chmodSync(folder, 0o755);
  const [host, client, locked, stranger] = [
    newSshKey(folder, "host"),
    newSshKey(folder, "client"),
    newSshKey(folder, "locked", "open sesame"),
    newSshKey(folder, "stranger"),
  ];
  const text = (file: string) => readFileSync(file, "utf8");
  writeFileSync(join(folder, "authorized_keys"), text(`${client}.pub`) + text(`${locked}.pub`), { mode: 0o600 });
  const port = await freePort();
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${host}`,
    `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
    "AcceptEnv GIT_PROTOCOL",
  ];
  writeFileSync(join(folder, "sshd_config"), `${config.join("\n")}\n`);
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const daemon = spawn(SSHD, ["-D", "-e", "-f", join(folder, "sshd_config")], { stdio: "ignore" });
  await answering(port);
  const user = userInfo().username;
  return {
    port,
    user,
    privateKey: text(client),
    protectedKey: { key: text(locked), passphrase: "open sesame" },
    strangerKey: text(stranger),
    knownHosts: `[127.0.0.1]:${port} ${text(`${host}.pub`)}`,
    repository: (name) => {
      const repository = makeRepository(repositoryFolder(folder, name), { "uploadpack.allowFilter": "true" });
      return { ...repository, url: `ssh://${user}@127.0.0.1:${port}${repository.folder}` };
    },
    close: () => {
      daemon.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (there) return;
    await sleep(50);
  }
  throw new Error("sshd does not answer");
}
