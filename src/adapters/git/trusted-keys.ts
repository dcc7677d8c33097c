import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SourceError } from "../../core/source-error.js";
import type { SourceVerification } from "../../ports/source-repository.js";
import type { Session } from "./session.js";
import type { GitSettings } from "./settings.js";

/** Where git finds the keys that count, and those only. */
export interface TrustedKeys {
  readonly settings: GitSettings;
  readonly env: Readonly<Record<string, string>>;
}

const SSH_KEY = /(?:^|\s)((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+) +(AAAA[A-Za-z0-9+/=]+)/;

/**
 * Lays the given keys out for git and gpg, in the operation's own folder: what the machine or its users trust does not
 * count.
 * @throws SourceError `VerificationFailed` when a file holds no key, or gpg is needed and not there
 */
export async function layOutKeys(session: Session, keys: SourceVerification["keys"]): Promise<TrustedKeys> {
  const files = Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1));
  if (files.length === 0) throw failed("no key is trusted: the Secret of source.verify is empty");
  const home = join(session.folder, "gnupg");
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(join(home, "gpg.conf"), GPG_OPTIONS);
  const signers: string[] = [];
  for (const [name, text] of files) {
    if (text.includes("PRIVATE KEY")) throw failed(`${name} is a private key: put only public keys in the Secret`);
    if (text.includes("BEGIN PGP PUBLIC KEY BLOCK")) await importKey(session, home, name, text);
    else for (const signer of sshSigners(name, text)) signers.push(signer);
  }
  const signersFile = join(session.folder, "allowed_signers");
  await writeFile(signersFile, signers.map((line) => `${line}\n`).join(""));
  return {
    settings: {
      "gpg.program": "gpg",
      "gpg.x509.program": "false",
      "gpg.ssh.program": "ssh-keygen",
      "gpg.ssh.allowedSignersFile": signersFile,
      "gpg.ssh.revocationFile": "",
    },
    env: { GNUPGHOME: home },
  };
}

/** No network, no agent, no digest that can be forged. */
const GPG_OPTIONS =
  "batch\nno-autostart\nno-auto-key-retrieve\nno-auto-key-locate\ndisable-dirmngr\nweak-digest SHA1\n";

async function importKey(session: Session, home: string, name: string, text: string): Promise<void> {
  const args = ["--batch", "--no-autostart", "--status-fd", "1", "--import"];
  const env = { GNUPGHOME: home };
  const { stdout } = await session.attempt(args, { program: "gpg", input: text, env });
  if (!/^\[GNUPG:\] IMPORT_OK /m.test(stdout.toString("latin1"))) throw failed(`${name} holds no PGP public key`);
}

function sshSigners(name: string, text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const keys = lines.map((line) => SSH_KEY.exec(line));
  if (keys.length === 0 || keys.includes(null)) {
    throw failed(`${name} is neither a PGP public key (-----BEGIN PGP PUBLIC KEY BLOCK-----) nor SSH public keys`);
  }
  return keys.map((key) => `trusted namespaces="git" ${key![1]} ${key![2]}`);
}

function failed(message: string): SourceError {
  return new SourceError("VerificationFailed", message, false);
}
