import { describe, expect, onTestFinished, test } from "vitest";
import type { SourceCredentials } from "../../src/ports/source-repository.js";
import { follow, gitSource, readNow, toldOf } from "../support/git-source.js";
import { noSshServer, startSshServer } from "../support/ssh-server.js";

async function server() {
  const started = await startSshServer();
  onTestFinished(() => started.close());
  const repository = started.repository("plan");
  repository.commit({ "a.yaml": "a: 1\n", "other.txt": "x" });
  return { ...started, url: repository.url, made: repository };
}

describe.skipIf(noSshServer() !== undefined)(
  `over SSH${noSshServer() === undefined ? "" : ` (${noSshServer()})`}`,
  () => {
    test("a key and the server's own key in known_hosts get in; a passphrase opens the key", async () => {
      const { url, made, privateKey, protectedKey, knownHosts } = await server();
      const { source } = gitSource({ wanted: (path) => path === "a.yaml" });
      const spec = follow(url, { sshPrivateKey: privateKey, sshKnownHosts: knownHosts });
      expect((await readNow(source, spec)).files.map(({ path }) => path)).toEqual(["a.yaml"]);
      made.commit({ "a.yaml": "a: 2\n" });
      const tree = await readNow(source, spec);
      const [a] = await source.contents(spec, tree.files);
      expect(Buffer.from(a!).toString()).toBe("a: 2\n");
      const { key, passphrase } = protectedKey;
      const locked = { sshPrivateKey: key.trim(), sshPassphrase: passphrase, sshKnownHosts: knownHosts };
      expect((await readNow(source, follow(url, locked))).files).toHaveLength(1);
    });

    test("everybody else stays out", async () => {
      const { url, privateKey, protectedKey, strangerKey, knownHosts } = await server();
      const { source } = gitSource();
      const otherHost = knownHosts.replace(/AAAA\S+/, strangerPublic(await startedOther()));
      const rows: readonly (readonly [SourceCredentials, RegExp])[] = [
        [{ sshPrivateKey: privateKey }, /^AuthenticationFailed: SSH needs the servers it may speak to/],
        [{ sshKnownHosts: knownHosts }, /^AuthenticationFailed: SSH needs a private key/],
        [
          { sshPrivateKey: privateKey, sshKnownHosts: otherHost },
          /^AuthenticationFailed: the server's SSH key is not among known_hosts/,
        ],
        [
          { sshPrivateKey: privateKey, sshKnownHosts: "elsewhere ssh-ed25519 AAAA" },
          /^AuthenticationFailed: the server's SSH key is not among known_hosts/,
        ],
        [
          { sshPrivateKey: strangerKey, sshKnownHosts: knownHosts },
          /^AuthenticationFailed: the server does not accept the SSH key/,
        ],
        [
          { sshPrivateKey: "no key", sshKnownHosts: knownHosts },
          /^AuthenticationFailed: the SSH private key cannot be read/,
        ],
        [
          { sshPrivateKey: protectedKey.key, sshPassphrase: "wrong-words", sshKnownHosts: knownHosts },
          /^AuthenticationFailed: .*passphrase/,
        ],
        [{ sshPrivateKey: protectedKey.key, sshKnownHosts: knownHosts }, /^AuthenticationFailed: /],
      ];
      for (const [credentials, words] of rows) {
        const told = await toldOf(source.resolve(follow(url, credentials)));
        expect(told).toMatch(words);
        expect(told).not.toContain("wrong-words");
      }
      const none = follow(`${url}/none`, { sshPrivateKey: privateKey, sshKnownHosts: knownHosts });
      expect(await toldOf(source.resolve(none))).toMatch(/^NotFound: there is no such repository/);
    });
  },
);

/** Another server, for a host key that is not the first one's. */
async function startedOther() {
  const other = await startSshServer();
  onTestFinished(() => other.close());
  return other.knownHosts;
}

function strangerPublic(knownHosts: string): string {
  return /AAAA\S+/.exec(knownHosts)![0];
}
