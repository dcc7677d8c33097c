/** For which repositories a Secret was made: the annotation `OWN.repositories` of a Secret that a PlanSync names. */
export type ScopeAnswer =
  | "covered"
  /** It says which, and this one is none of them. */
  | "other"
  /** It does not say. */
  | "unstated";

/** A repository's place as git is given it: nothing is decoded, so that two readers of one text cannot differ. */
interface Place {
  readonly transport: string;
  readonly user: string | undefined;
  readonly host: string;
  readonly port: string;
  readonly path: readonly string[];
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { https: "443", http: "80", ssh: "22" };
const URL_FORM = /^(https?|ssh|file):\/\/(?:([^@/?#\\]*)@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]*)(?::(\d{1,5}))?(\/[!-~]*)?$/i;
const SCP_FORM = /^(?:([^@/:?#\\]+)@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+):([!-9;-~]+)$/i;
/** Parts of a path that lead elsewhere, plainly or by their percent code, or that end it before its end. */
const LEADS_AWAY = /^(?:\.|%2e){1,2}$|%2f|%5c|\\|[?#]/i;
/** URLs of one annotation; more is a mistake. */
const MOST = 100;

/**
 * Whether a Secret may be used for a repository.
 * @param annotation URLs with blanks or commas between: of repositories, or what their URLs begin with, whole parts of a path
 */
export function scopeCovers(annotation: string | undefined, repoURL: string): ScopeAnswer {
  const scopes = (annotation ?? "").split(/[\s,]+/).filter(Boolean);
  if (scopes.length === 0) return "unstated";
  const place = placeOf(repoURL);
  const covered = place !== undefined && scopes.slice(0, MOST).some((scope) => covers(placeOf(scope), place));
  return covered ? "covered" : "other";
}

/** Whether a URL can be compared at all; of others no Secret is read. */
export function isPlainUrl(repoURL: string): boolean {
  return placeOf(repoURL) !== undefined;
}

function covers(scope: Place | undefined, place: Place): boolean {
  if (scope === undefined || scope.transport !== place.transport) return false;
  if (scope.host !== place.host || scope.port !== place.port) return false;
  if (scope.user !== undefined && scope.user !== place.user) return false;
  const last = scope.path.length - 1;
  return scope.path.every(
    (part, at) => part === place.path[at] || (at === last && bare(part) === bare(place.path[at])),
  );
}

function bare(part: string | undefined): string | undefined {
  return part?.replace(/\.git$/, "");
}

function placeOf(text: string): Place | undefined {
  if (text.length > 2048) return undefined;
  const url = URL_FORM.exec(text);
  const scp = url === null ? SCP_FORM.exec(text) : null;
  if (url === null && scp === null) return undefined;
  const [transport, user, host, port, path] = url?.slice(1) ?? ["ssh", scp?.[1], scp?.[2], undefined, scp?.[3]];
  const kind = (transport ?? "").toLowerCase();
  if ((host === "" || host === undefined) !== (kind === "file")) return undefined;
  const parts = (path ?? "").split("/").filter(Boolean);
  if (parts.some((part) => LEADS_AWAY.test(part))) return undefined;
  const plainPort = port === undefined ? DEFAULT_PORTS[kind] : String(Number(port));
  return { transport: kind, user, host: (host ?? "").toLowerCase(), port: plainPort ?? "", path: parts };
}
