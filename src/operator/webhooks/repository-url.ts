const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ["http:", "80"],
  ["https:", "443"],
  ["ssh:", "22"],
  ["git+ssh:", "22"],
  ["git:", "9418"],
]);

/** Where forges take SSH on the HTTPS port, for networks that let nothing else out. */
const SSH_OVER_HTTPS: ReadonlyMap<string, string> = new Map([
  ["ssh.github.com:443", "github.com"],
  ["altssh.gitlab.com:443", "gitlab.com"],
  ["altssh.bitbucket.org:443", "bitbucket.org"],
]);

/**
 * Whether a URL of a hook names the repository of a source. Scheme, user, default port, letter case, `.git` and
 * slashes at the end do not count; the forms of Azure DevOps are one. Rather too many match than too few:
 * a hint that is wrong costs one question to Git.
 */
export function matchesRepository(hintURL: string, repoURL: string): boolean {
  const key = repositoryKey(hintURL);
  return key !== undefined && key === repositoryKey(repoURL);
}

/** One text for all ways to write the URL of a repository; undefined when it is none. */
export function repositoryKey(url: string): string | undefined {
  const place = hostAndPath(url);
  if (place === undefined) return undefined;
  const host = place.host.toLowerCase();
  const segments = decoded(place.path).toLowerCase().split("/").filter(Boolean);
  const last = segments.pop()?.replace(/\.git$/, "");
  if (host === "" || last === undefined || last === "") return undefined;
  return azureKey(host, [...segments, last]) ?? [SSH_OVER_HTTPS.get(host) ?? host, ...segments, last].join("/");
}

function hostAndPath(url: string): { readonly host: string; readonly path: string } | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) {
    const [, host, path] = /^(?:[^@/\s]+@)?(\[[^\]\s]+\]|[^:/@\s]+):([^\s]+)$/.exec(url) ?? [];
    return host === undefined || path === undefined ? undefined : { host, path };
  }
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port, pathname } = new URL(url);
  const usual = port === "" || port === DEFAULT_PORTS.get(protocol);
  return { host: usual ? hostname : `${hostname}:${port}`, path: pathname };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** `dev.azure.com/<organisation>/<project>/<repository>` for the HTTPS, SSH and old forms of Azure DevOps. */
function azureKey(host: string, segments: readonly string[]): string | undefined {
  const key = (...parts: readonly string[]) => ["dev.azure.com", ...parts].join("/");
  if (host === "ssh.dev.azure.com" || host === "vs-ssh.visualstudio.com") {
    const [version, ...rest] = segments;
    return version === "v3" && rest.length === 3 ? key(...rest) : undefined;
  }
  const old = /^([^.]+)\.visualstudio\.com$/.exec(host)?.[1];
  if (host !== "dev.azure.com" && old === undefined) return undefined;
  const [organisation, ...rest] = old === undefined ? segments : [old, ...segments];
  const [project, mark, repository] = rest[0] === "defaultcollection" ? rest.slice(1) : rest;
  if (organisation === undefined || project === undefined) return undefined;
  // A repository with the name of its project may be named without the project.
  if (project === "_git") return mark === undefined ? undefined : key(organisation, mark, mark);
  return mark === "_git" && repository !== undefined ? key(organisation, project, repository) : undefined;
}
