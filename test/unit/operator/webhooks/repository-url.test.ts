import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesRepository, repositoryKey } from "../../../../src/operator/webhooks/repository-url.js";

const SAME: readonly (readonly string[])[] = [
  [
    "https://git.example/net/plans",
    "https://git.example/net/plans.git",
    "https://git.example/net/plans/",
    "https://git.example/net/plans.git/",
    "https://git.example//net//plans.git",
    "https://GIT.Example/Net/Plans.git",
    "https://git.example:443/net/plans.git",
    "https://ada@git.example/net/plans.git",
    "https://ada:pass@git.example/net/plans.git",
    "http://git.example/net/plans.git",
    "http://git.example:80/net/plans.git",
    "ssh://git.example/net/plans.git",
    "ssh://git@git.example/net/plans.git",
    "ssh://git@git.example:22/net/plans.git",
    "git+ssh://git@git.example/net/plans.git",
    "git://git.example/net/plans.git",
    "git://git.example:9418/net/plans.git",
    "git@git.example:net/plans.git",
    "git@git.example:/net/plans.git",
    "git@git.example:net/plans",
    "git.example:net/plans.git",
    "git@GIT.example:net/plans.git",
    "https://git.example/net/pl%61ns.git",
  ],
  ["https://git.example:8443/net/plans.git", "https://git.example:8443/net/plans"],
  ["ssh://git@git.example:7999/net/plans.git", "ssh://git.example:7999/net/plans"],
  ["ssh://git@[2001:db8::1]/net/plans.git", "git@[2001:db8::1]:net/plans.git", "https://[2001:db8::1]/net/plans"],
  ["git@bitbucket.example:~ada/plans.git", "ssh://git@bitbucket.example/~ada/plans.git"],
  ["https://github.com/net/plans", "ssh://git@ssh.github.com:443/net/plans.git"],
  ["https://gitlab.com/a/b/c/plans", "ssh://git@altssh.gitlab.com:443/a/b/c/plans.git"],
  ["https://bitbucket.org/net/plans", "ssh://git@altssh.bitbucket.org:443/net/plans.git"],
  [
    "https://dev.azure.com/org/My%20Project/_git/plans",
    "https://org@dev.azure.com/org/My%20Project/_git/plans",
    "git@ssh.dev.azure.com:v3/org/My%20Project/plans",
    "ssh://git@ssh.dev.azure.com/v3/org/My%20Project/plans",
    "https://org.visualstudio.com/My%20Project/_git/plans",
    "https://org.visualstudio.com/DefaultCollection/My%20Project/_git/plans",
    "org@vs-ssh.visualstudio.com:v3/org/My%20Project/plans",
  ],
  [
    "https://dev.azure.com/org/plans/_git/plans",
    "https://dev.azure.com/org/_git/plans",
    "https://org.visualstudio.com/_git/plans",
  ],
];

const NONE = [
  "",
  " ",
  "plans",
  "/srv/plans.git",
  "file:///srv/plans.git",
  "https://",
  "https://git.example",
  "https://git.example/",
  "https://git.example/.git",
  "git@git.example:",
  "git@git.example:.git",
  "https://git example/net/plans",
  "::",
  "a b@c:d e",
];

describe("one repository, however it is written", () => {
  test.each(SAME.map((urls) => [urls[0], urls] as const))("%s", (_first, urls) => {
    for (const one of urls)
      for (const other of urls) expect([one, other, matchesRepository(one, other)]).toEqual([one, other, true]);
  });

  test("and never another one", () => {
    const strangers = [
      "https://git.example/net/plans2",
      "https://git.example/net/plans.git.git",
      "https://git.example/net",
      "https://git.example/a/net/plans",
      "https://git.example.org/net/plans",
      "https://other.example/net/plans",
      "https://git.example:8444/net/plans",
      "https://dev.azure.com/org/other/_git/plans",
      "https://dev.azure.com/org2/plans/_git/plans",
    ];
    const firsts = [...SAME.map(([first]) => first as string), ...strangers];
    for (const [at, one] of firsts.entries()) {
      for (const other of firsts.slice(at + 1))
        expect([one, other, matchesRepository(one, other)]).toEqual([one, other, false]);
    }
  });

  test.each(NONE)("%j is no repository and matches nothing, itself neither", (url) => {
    expect(repositoryKey(url)).toBeUndefined();
    expect(matchesRepository(url, url)).toBe(false);
  });
});

describe("laws", () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/);
  const repository = fc.record({
    host: label.map((name) => `${name}.example`),
    path: fc.array(label, { minLength: 1, maxLength: 4 }),
  });

  test("every form of a repository has the same key, and keys of different ones differ", () => {
    fc.assert(
      fc.property(repository, repository, (one, other) => {
        const path = one.path.join("/");
        const forms = [
          `https://${one.host}/${path}.git`,
          `ssh://git@${one.host}:22/${path}`,
          `git@${one.host}:${path}.git`,
        ];
        expect(new Set(forms.map(repositoryKey)).size).toBe(1);
        const same = one.host === other.host && path === other.path.join("/");
        expect(matchesRepository(forms[0] as string, `git@${other.host}:${other.path.join("/")}`)).toBe(same);
      }),
    );
  });

  test("no text makes it throw, and matching is symmetric", () => {
    const start = fc.constantFrom(
      "",
      "https://",
      "ssh://git@",
      "git@h:",
      "https://dev.azure.com/",
      "https://o.visualstudio.com/",
    );
    const text = fc.tuple(start, fc.string({ unit: "binary", maxLength: 40 })).map(([head, tail]) => head + tail);
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(matchesRepository(one, other)).toBe(matchesRepository(other, one));
        expect(matchesRepository(one, one)).toBe(repositoryKey(one) !== undefined);
      }),
    );
  });
});
