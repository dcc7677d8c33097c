import { SourceError } from "../../core/source-error.js";

/** How a repository is spoken to. */
export type Transport = "https" | "ssh" | "http" | "file";

/** A repository's URL that is safe to hand to git. */
export interface RepositoryUrl {
  readonly transport: Transport;
  /** As git is given it. */
  readonly url: string;
}

/**
 * Checks a repository's URL: `https://`, `ssh://` and the scp-like `git@host:path`; nothing else is ever handed to
 * git, which would run programs for some (`ext::`), or take others for an option.
 * @param allowInsecure also `http://` and `file://`, which nobody can trust
 * @throws SourceError `Refused`, saying what to write instead
 */
export function parseRepositoryUrl(text: string, allowInsecure: boolean): RepositoryUrl {
  if (text === "") throw refused("repoURL is empty", "give the https:// or ssh:// URL of the repository");
  if (text.length > MOST_CHARACTERS) throw refused(`repoURL has more than ${MOST_CHARACTERS} characters`);
  if (!PRINTABLE.test(text)) throw refused("repoURL holds a blank, a backslash or a control character");
  if (text.startsWith("-")) throw refused("repoURL begins with a dash");
  if (/^[^/[]*::/.test(text)) {
    throw refused("repoURL names a transport helper (::)", "give the https:// or ssh:// URL of the repository");
  }
  return text.includes("://") ? parse(text, allowInsecure) : parseScpLike(text);
}

const MOST_CHARACTERS = 2048;
const PRINTABLE = /^[!-[\]-~]+$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])$/;

/** `git@host:team/plan.git`; its path is from the user's home, so that it is not the same as a URL's. */
function parseScpLike(text: string): RepositoryUrl {
  const [, user, host, path] = /^(?:([^@/:]+)@)?([^@/:]+|\[[^\]]+\]):([^:]+)$/.exec(text) ?? [];
  if (host === undefined || path === undefined) {
    throw refused("repoURL is no URL", "write https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH");
  }
  checkWho(user, host);
  if (path.startsWith("-")) throw refused("the path in repoURL begins with a dash");
  return { transport: "ssh", url: text };
}

function checkWho(user: string | undefined, host: string): void {
  if (user !== undefined && !USER.test(user)) throw refused("the user in repoURL is not one git may be given");
  if (!HOST.test(host)) throw refused("the host in repoURL is not one git may be given");
}

function parse(text: string, allowInsecure: boolean): RepositoryUrl {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused("repoURL is no URL");
  }
  const transport = url.protocol.slice(0, -1);
  if (transport === "file" && allowInsecure) return { transport, url: text };
  if (transport !== "https" && transport !== "ssh" && !(transport === "http" && allowInsecure)) {
    throw refused(`repoURL begins with ${transport}://`, "only https:// and ssh:// are followed");
  }
  if (url.password !== "" || (transport !== "ssh" && url.username !== "")) {
    throw refused("repoURL holds credentials", "put them in the Secret that secretRef names, then change them");
  }
  checkWho(url.username || undefined, url.hostname);
  if (url.search !== "" || url.hash !== "") throw refused("repoURL has a query or a fragment", "end it with the path");
  if (url.pathname.length <= 1) throw refused("repoURL names no repository", "add its path to the host");
  return { transport, url: text };
}

function refused(what: string, hint?: string): SourceError {
  return new SourceError("Refused", hint === undefined ? what : `${what}: ${hint}`, false);
}
