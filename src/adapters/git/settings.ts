/** Settings of git by name. */
export type GitSettings = Readonly<Record<string, string>>;

/**
 * What git is told whatever it does: to run nothing that comes from a repository, to speak only as it is told to, to
 * look closely at what it receives. Given in the environment, which no file of a repository can override.
 */
export const SAFE_SETTINGS: GitSettings = {
  "core.hooksPath": "/dev/null",
  "core.attributesFile": "/dev/null",
  "core.excludesFile": "/dev/null",
  "core.fsmonitor": "false",
  "core.symlinks": "false",
  "core.protectHFS": "true",
  "core.protectNTFS": "true",
  // Larger blobs are streamed, not held in memory.
  "core.bigFileThreshold": "8m",
  "core.askPass": "",
  "credential.helper": "",
  "credential.interactive": "false",
  "submodule.recurse": "false",
  "fetch.recurseSubmodules": "false",
  "fetch.fsckObjects": "true",
  "transfer.fsckObjects": "true",
  "transfer.bundleURI": "false",
  // What is received stays one pack, whose size is watched.
  "fetch.unpackLimit": "1",
  "transfer.unpackLimit": "1",
  "fetch.writeCommitGraph": "false",
  "pack.threads": "1",
  "gc.auto": "0",
  "maintenance.auto": "false",
  "log.showSignature": "false",
  // Credentials stay with the server they were given for, and no server sends us elsewhere.
  "http.followRedirects": "false",
  "http.sslVerify": "true",
  "http.lowSpeedLimit": "100",
  "http.lowSpeedTime": "30",
  "protocol.allow": "never",
};

/** Programs find each other here when nobody says otherwise. */
const USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Of the operator's own environment, git is told these. */
const PASSED_ON = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"];

/**
 * The whole environment of a git process.
 * @param home folder that is the user's home as far as git and its helpers know
 * @param outer the operator's own environment, of which little is passed on
 */
export function gitEnvironment(
  home: string,
  outer: Readonly<Record<string, string | undefined>>,
  settings: GitSettings,
): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => (outer[name] === undefined ? [] : [[name, outer[name]] as const]));
  return {
    ...Object.fromEntries(passed),
    PATH: outer.PATH ?? USUAL_PATH,
    HOME: home,
    XDG_CONFIG_HOME: home,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    // Some hundred bytes of a pack can stand for an object of gigabytes.
    GIT_ALLOC_LIMIT: "512m",
    GIT_CEILING_DIRECTORIES: home,
    ...inEnvironment({ ...SAFE_SETTINGS, ...settings }),
  };
}

function inEnvironment(settings: GitSettings): Record<string, string> {
  const entries = Object.entries(settings);
  const numbered = entries.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key] as const,
    [`GIT_CONFIG_VALUE_${index}`, value] as const,
  ]);
  return { GIT_CONFIG_COUNT: `${entries.length}`, ...Object.fromEntries(numbered) };
}
