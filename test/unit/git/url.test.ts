import { expect, test } from "vitest";
import { parseRepositoryUrl } from "../../../src/adapters/git/url.js";

// What is refused stands in test/contract/git-hostile.test.ts.
test.each([
  ["https://github.com/acme/net.git", "https", "https://github.com/acme/net.git"],
  ["https://git.example.org:8443/a/b%20c", "https", "https://git.example.org:8443/a/b%20c"],
  ["https://[fd00::1]/x.git", "https", "https://[fd00::1]/x.git"],
  ["ssh://git@github.com/acme/net.git", "ssh", "ssh://git@github.com/acme/net.git"],
  ["ssh://git@git.example.org:2222/acme/net.git", "ssh", "ssh://git@git.example.org:2222/acme/net.git"],
  ["git@github.com:acme/net.git", "ssh", "git@github.com:acme/net.git"],
  ["git@host:/srv/net.git", "ssh", "git@host:/srv/net.git"],
  ["git@host:~team/net.git", "ssh", "git@host:~team/net.git"],
  ["host:net.git", "ssh", "host:net.git"],
])("%s is spoken to over %s", (text, transport, url) => {
  expect(parseRepositoryUrl(text, false)).toEqual({ transport, url });
});

test("unencrypted transports are spoken only where that is allowed", () => {
  expect(parseRepositoryUrl("http://localhost:3000/x.git", true).transport).toBe("http");
  expect(parseRepositoryUrl("file:///srv/x.git", true).transport).toBe("file");
  expect(() => parseRepositoryUrl("git://localhost/x.git", true)).toThrow(/only https:\/\/ and ssh:\/\//);
});
