import { SourceError } from "../../core/source-error.js";
import type { ResolvedRevision, SourceVerification } from "../../ports/source-repository.js";
import type { GitOutput } from "./command.js";
import { oneLine } from "./failures.js";
import { type Copy, fetchTag } from "./fetch.js";
import { layOutKeys, type TrustedKeys } from "./trusted-keys.js";

/**
 * Checks that a revision is signed as it must be, by one of the given keys.
 * @returns fingerprints of the keys: of the PGP primary key, or `SHA256:...` of an SSH key
 * @throws SourceError `VerificationFailed`, naming the key
 */
export async function verifyRevision(
  copy: Copy,
  revision: ResolvedRevision,
  { mode, keys }: SourceVerification,
): Promise<readonly string[]> {
  const trusted = await layOutKeys(copy.session, keys);
  const signers = new Set<string>();
  if (mode !== "HEAD") signers.add(await verifyTag(copy, revision, trusted));
  if (mode !== "Tag") {
    const what = `commit ${revision.commit.slice(0, 12)}`;
    signers.add(await verify(copy, "commit", revision.commit, what, trusted));
  }
  return [...signers];
}

async function verifyTag(copy: Copy, { commit, refName = "" }: ResolvedRevision, keys: TrustedKeys): Promise<string> {
  const [, name] = /^refs\/tags\/(.+)$/.exec(refName) ?? [];
  if (name === undefined)
    throw failed("the mode asks for a signed tag, and no tag is followed: use ref.tag or ref.semver");
  const id = await fetchTag(copy, refName);
  if (id === commit) throw failed(`tag ${name} carries no signature: it is a plain name, made without -a or -s`);
  const { stdout } = await copy.session.run(["cat-file", "tag", id], { copy: copy.folder });
  const [, target, type, called] = /^object (\w+)\ntype (\w+)\ntag (.+)\n/.exec(stdout.toString("utf8")) ?? [];
  // A tag that was signed under another name must not stand in for this one.
  if (called !== name) {
    throw failed(`tag ${name} is another tag's object, that of ${oneLine(called ?? "nothing", 100)}`);
  }
  if (type !== "commit") throw failed(`tag ${name} leads to a ${type}, not to a commit`);
  if (target !== commit) throw new SourceError("GitOperationFailed", `tag ${name} moved while it was read`, true);
  return verify(copy, "tag", id, `tag ${name}`, keys);
}

async function verify(
  { session, folder }: Copy,
  kind: "commit" | "tag",
  id: string,
  what: string,
  { settings, env }: TrustedKeys,
): Promise<string> {
  const output = await session.attempt([`verify-${kind}`, "--raw", id], { copy: folder, settings, env });
  const signer = goodPgp(output) ?? goodSsh(output);
  if (output.code === 0 && signer !== undefined) return signer;
  throw failed(`${what} ${whyNot(output.stderr)}`);
}

function goodPgp({ stderr }: GitOutput): string | undefined {
  if (!/^\[GNUPG:\] GOODSIG /m.test(stderr)) return undefined;
  return /^\[GNUPG:\] VALIDSIG (?:\S+ ){9}([0-9A-F]{40,64})\s*$/m.exec(stderr)?.[1];
}

function goodSsh({ stderr }: GitOutput): string | undefined {
  return /^Good "git" signature for trusted with \S+ key (SHA256:\S+)$/m.exec(stderr)?.[1];
}

/** What the programs say of a signature that does not count; the first that fits. */
const REASONS: readonly (readonly [RegExp, (key: string) => string])[] = [
  [/\[GNUPG:\] REVKEYSIG (\S+)/, (key) => `is signed by key ${key}, which is revoked`],
  [/\[GNUPG:\] EXPKEYSIG (\S+)/, (key) => `is signed by key ${key}, which has expired`],
  [/\[GNUPG:\] EXPSIG (\S+)/, (key) => `has a signature by key ${key} that has expired`],
  [/\[GNUPG:\] BADSIG (\S+)/, (key) => `was altered after key ${key} signed it`],
  [/\[GNUPG:\] NO_PUBKEY (\S+)/, (key) => `is signed by key ${key}, which is not among the trusted ones`],
  [
    /\[GNUPG:\] ERRSIG (\S+)/,
    (key) => `has a signature by key ${key} that cannot be checked: too weak or unknown kind`,
  ],
  [/Good "git" signature with \S+ key (\S+)/, (key) => `is signed by key ${key}, which is not among the trusted ones`],
  [/cannot run gpg/, () => "carries a PGP signature, and gpg is not installed where the operator runs"],
  [/cannot run ssh-keygen/, () => "carries an SSH signature, and ssh-keygen is not installed where the operator runs"],
  [/[Ss]ignature verification failed|Could not verify|incorrect signature/, () => "was altered after it was signed"],
  [/cannot run false|gpgsm/, () => "carries an X.509 signature: only PGP and SSH signatures are checked"],
];

function whyNot(stderr: string): string {
  for (const [said, words] of REASONS) {
    const match = said.exec(stderr);
    if (match !== null) return words(oneLine(match[1] ?? "", 100));
  }
  const unsigned = /^(?:error: no signature found)?$/.test(stderr.trim());
  return unsigned ? "is not signed" : `has a signature that does not count (${oneLine(stderr, 200)})`;
}

function failed(message: string): SourceError {
  return new SourceError("VerificationFailed", message, false);
}
