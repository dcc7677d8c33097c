import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SourceError } from "../../core/source-error.js";
import type { SourceCredentials } from "../../ports/source-repository.js";
import { HTTP_TRACE } from "./command.js";
import type { GitSettings } from "./settings.js";
import type { RepositoryUrl } from "./url.js";

/** What git is told to get into one repository. */
export interface Connection {
  readonly settings: GitSettings;
  readonly env: Readonly<Record<string, string>>;
  /** Must not be seen in any message. */
  readonly secrets: readonly string[];
  /** A folder for this operation alone, which only this user may enter. */
  readonly folder: string;
  /** Removes the folder with all secrets in it. */
  close(): Promise<void>;
}

/**
 * Prepares credentials for git: in the environment of the process or in files that only this user may read, never on
 * a command line.
 * @param temporary folder that only this user may enter
 * @throws SourceError when credentials are missing or do not fit the transport
 */
export async function openConnection(
  { transport, url }: RepositoryUrl,
  credentials: SourceCredentials,
  temporary: string,
): Promise<Connection> {
  checkCredentials(transport, credentials);
  const folder = await mkdtemp(join(temporary, "operation-"));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const way = transport === "ssh" ? await overSsh(credentials, folder) : await overHttp(url, credentials, folder);
    return {
      settings: {
        ...way.settings,
        "remote.origin.url": url,
        [`protocol.${transport}.allow`]: "always",
      },
      env: { ...way.env, GIT_ALLOW_PROTOCOL: transport },
      secrets: secretsOf(credentials),
      folder,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Way {
  readonly settings: GitSettings;
  readonly env: Readonly<Record<string, string>>;
}

function checkCredentials(transport: string, credentials: SourceCredentials): void {
  const { username, password, bearerToken, clientCertificate, clientKey, sshPrivateKey, sshKnownHosts } = credentials;
  if (transport === "ssh") {
    if (!sshKnownHosts?.trim()) {
      throw denied("SSH needs the servers it may speak to: add known_hosts to the Secret, as ssh-keyscan prints them");
    }
    if (!sshPrivateKey?.trim()) throw denied("SSH needs a private key: add identity to the Secret");
    return;
  }
  const inHeader = [username, password, bearerToken].filter((value) => value !== undefined);
  if (inHeader.some((value) => CONTROL.test(value))) {
    throw denied("a credential holds a line end or control character: write the Secret again without it");
  }
  if (bearerToken !== undefined && (username !== undefined || password !== undefined)) {
    throw denied("the Secret holds both a bearerToken and a username or password: keep one");
  }
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw denied("a client certificate needs its key, and the key its certificate: add tls.crt and tls.key");
  }
  if (credentials.proxy !== undefined && !/^https?:\/\/[!-~]+$/.test(credentials.proxy)) {
    throw denied("proxy is not of the form http://HOST:PORT");
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

async function overHttp(url: string, credentials: SourceCredentials, folder: string): Promise<Way> {
  const { username, password, bearerToken, ca, clientCertificate, clientKey, proxy } = credentials;
  const file = (name: string, text: string) => secretFile(folder, name, text);
  const basic = username !== undefined || password !== undefined;
  const authorization =
    bearerToken !== undefined
      ? `Bearer ${bearerToken}`
      : basic
        ? `Basic ${Buffer.from(`${username ?? ANYONE}:${password ?? ""}`).toString("base64")}`
        : undefined;
  return {
    settings: {
      // In the header from the start: git would ask for a password only after a first refusal.
      ...(authorization !== undefined && { [`http.${url}.extraHeader`]: `Authorization: ${authorization}` }),
      ...(ca !== undefined && { "http.sslCAInfo": await file("ca.crt", ca) }),
      ...(clientCertificate !== undefined && { "http.sslCert": await file("client.crt", clientCertificate) }),
      ...(clientKey !== undefined && { "http.sslKey": await file("client.key", clientKey) }),
      ...(proxy !== undefined && { "http.proxy": proxy }),
    },
    env: HTTP_TRACE,
  };
}

/** Forges that know a token by itself take any user name. */
const ANYONE = "git";

async function overSsh(credentials: SourceCredentials, folder: string): Promise<Way> {
  const { sshPrivateKey = "", sshKnownHosts = "", sshPassphrase } = credentials;
  // OpenSSH reads no key whose last line does not end.
  const key = await secretFile(folder, "identity", `${sshPrivateKey.trim()}\n`);
  const hosts = await secretFile(folder, "known_hosts", `${sshKnownHosts.trim()}\n`);
  const options = [
    ...SSH_OPTIONS,
    `BatchMode=${sshPassphrase === undefined ? "yes" : "no"}`,
    `IdentityFile="${literal(key)}"`,
    `UserKnownHostsFile="${literal(hosts)}"`,
  ];
  const command = ["ssh", "-F", "/dev/null", ...options.flatMap((option) => ["-o", quoted(option)])].join(" ");
  const env = { GIT_SSH_COMMAND: command, GIT_SSH_VARIANT: "ssh" };
  if (sshPassphrase === undefined) return { settings: {}, env };
  const ask = await secretFile(folder, "askpass", `#!/bin/sh\nprintf '%s\\n' "$SPIDERPLAN_SSH_PASSPHRASE"\n`);
  await chmod(ask, 0o700);
  const asked = { SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: "force", SPIDERPLAN_SSH_PASSPHRASE: sshPassphrase };
  return { settings: {}, env: { ...env, ...asked } };
}

/** One key, one list of servers, no question, nothing of the user's own. */
const SSH_OPTIONS = [
  "StrictHostKeyChecking=yes",
  "GlobalKnownHostsFile=/dev/null",
  "UpdateHostKeys=no",
  "IdentitiesOnly=yes",
  "IdentityAgent=none",
  "PreferredAuthentications=publickey",
  "PasswordAuthentication=no",
  "KbdInteractiveAuthentication=no",
  "ForwardAgent=no",
  "ClearAllForwardings=yes",
  "PermitLocalCommand=no",
  "ControlMaster=no",
  "ControlPath=none",
  "ConnectTimeout=15",
  "ServerAliveInterval=10",
  "ServerAliveCountMax=3",
  "LogLevel=ERROR",
];

/** OpenSSH puts facts of its own in place of a percent sign. */
function literal(path: string): string {
  return path.replaceAll("%", "%%");
}

/** Git hands the command to a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function secretFile(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

function secretsOf(credentials: SourceCredentials): string[] {
  const { username, password, bearerToken, sshPassphrase, proxy } = credentials;
  const proxyPassword = proxy === undefined ? undefined : /^https?:\/\/([^@/]+)@/.exec(proxy)?.[1];
  const basic = Buffer.from(`${username ?? ANYONE}:${password ?? ""}`).toString("base64");
  const all = [password, bearerToken, sshPassphrase, proxyPassword, proxyPassword?.split(":")[1], basic];
  return all.filter((value) => value !== undefined && value !== "") as string[];
}

function denied(message: string): SourceError {
  return new SourceError("AuthenticationFailed", message, false);
}
