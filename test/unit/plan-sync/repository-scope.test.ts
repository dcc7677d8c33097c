import fc from "fast-check";
import { expect, test } from "vitest";
import { scopeCovers } from "../../../src/core/plan-sync/repository-scope.js";

const COVERED: readonly (readonly [string, string])[] = [
  ["https://git.example", "https://git.example/net/plans.git"],
  ["https://git.example/", "https://git.example/net/plans.git"],
  ["https://git.example/net", "https://git.example/net/plans.git"],
  ["https://git.example/net/", "https://git.example/net/plans"],
  ["https://git.example/net/plans.git", "https://git.example/net/plans"],
  ["https://git.example/net/plans", "https://git.example/net/plans.git/"],
  ["HTTPS://GIT.example:443/net", "https://git.example/net/plans.git"],
  ["https://other.example https://git.example/net", "https://git.example/net/plans.git"],
  ["https://other.example,\n https://git.example/net", "https://git.example/net/plans.git"],
  ["ssh://git.example", "ssh://git@git.example/net/plans.git"],
  ["ssh://git@git.example:22/net", "git@git.example:net/plans.git"],
  ["git@git.example:net/", "ssh://git@git.example/net/plans.git"],
  ["ssh://git@git.example:2222", "ssh://git@git.example:2222/x"],
  ["https://[::1]:8443/a", "https://[::1]:8443/a/b"],
  ["https://dev.azure.com/org/My%20Project", "https://dev.azure.com/org/My%20Project/_git/plans"],
  ["http://localhost:3000", "http://localhost:3000/x.git"],
  ["file:///srv/plans", "file:///srv/plans/a.git"],
];

test.each(COVERED)("%s covers %s", (scope, url) => expect(scopeCovers(scope, url)).toBe("covered"));

const OTHERS: readonly (readonly [string, string])[] = [
  ["https://git.example", "https://git.example.evil.org/net/plans.git"],
  ["https://git.example", "https://evil.org/https://git.example/net"],
  ["https://git.example", "https://git.example@evil.org/net/plans.git"],
  ["https://git.example", "https://git.example:443@evil.org/net"],
  ["https://git.example", "https://git.example:8443/net/plans.git"],
  ["https://git.example", "http://git.example/net/plans.git"],
  ["https://git.example", "ssh://git@git.example/net/plans.git"],
  ["https://git.example", "https://git.example./net/plans.git"],
  ["https://git.example", "https://sub.git.example/net/plans.git"],
  ["https://git.example", "https://git%2eexample/net"],
  ["https://git.example", "https://git.example\\@evil.org/net"],
  ["https://git.example", "https://git.example\u3002evil.org/net"],
  ["https://git.example/net", "https://git.example/network/plans.git"],
  ["https://git.example/net", "https://git.example/NET/plans.git"],
  ["https://git.example/net", "https://git.example/net/../other/plans.git"],
  ["https://git.example/net", "https://git.example/net/%2e%2E/other.git"],
  ["https://git.example/net", "https://git.example/net/..%2fother.git"],
  ["https://git.example/net", "https://git.example/net/.%2e/other.git"],
  ["https://git.example/net", "https://git.example/net/..\\other.git"],
  ["https://git.example/net", "https://git.example/"],
  ["https://git.example/net/plans.git", "https://git.example/net/plans.git.git/x"],
  ["ssh://git@git.example", "ssh://root@git.example/net/plans.git"],
  ["ssh://git@git.example", "ssh://git.example/net/plans.git"],
  ["git.example", "https://git.example/net/plans.git"],
  ["https://", "https://git.example/net/plans.git"],
  ["*", "https://git.example/net/plans.git"],
  ["https://*.example", "https://git.example/net/plans.git"],
  ["file:///", "https://git.example/net/plans.git"],
];

test.each(OTHERS)("%s does not cover %s", (scope, url) => expect(scopeCovers(scope, url)).toBe("other"));

test.each([undefined, "", " , \n"])("%j says nothing", (scope) => {
  expect(scopeCovers(scope, "https://git.example/net/plans.git")).toBe("unstated");
});

test("whatever a PlanSync's author writes, a covered URL is on the host that git connects to", () => {
  const piece = fc.constantFrom(
    ...[
      "https://",
      "http://",
      "ssh://",
      "git.example",
      "evil.org",
      "@",
      ":",
      "/",
      "\\",
      "#",
      "?",
      "%2e",
      "%2F",
      "..",
      ".",
      "net",
      "443",
      "[",
      "]",
      "\t",
      "git",
    ],
  );
  const edit = fc.record({ at: fc.nat(6), piece, drop: fc.nat(1) });
  let covered = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      const pieces = ["https://", "git.example", "/", "net", "/", "x"];
      for (const { at, piece: text, drop } of edits) pieces.splice(at, drop, text);
      const url = pieces.join("");
      if (scopeCovers("https://git.example/net", url) !== "covered") return;
      covered++;
      const { protocol, host, pathname } = new URL(url);
      expect([protocol, host]).toEqual(["https:", "git.example"]);
      expect(pathname).toMatch(/^\/+net(\/|$|\.git)/);
    }),
    { numRuns: 20_000 },
  );
  expect(covered).toBeGreaterThan(1_000);
});
