import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { judgeCase, judgeCases, parseCase } from "../../support/cases.js";

const FOLDER = "../shared/cases/";
const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((file) => file.endsWith(".jsonl")) : [];

describe("cases recorded from the real Spiderpool", () => {
  it.skipIf(files.length === 0)("all agree (skipped where the recorded cases are not at hand)", () => {
    const results = files.map((file) => judgeCases(readFileSync(FOLDER + file, "utf8")));
    expect(results.flatMap((result) => result.disagreements)).toEqual([]);
    expect(results.reduce((sum, result) => sum + result.agree, 0)).toBeGreaterThan(0);
  });
});

const POOL = {
  apiVersion: "spiderpool.spidernet.io/v2beta1",
  kind: "SpiderIPPool",
  metadata: { name: "p" },
  spec: { subnet: "10.6.0.0/24" },
};

describe("the case runner", () => {
  const config = { enableSpiderSubnet: false };
  it("tells the verdict before and after mutation apart", () => {
    const item = {
      id: "a",
      op: "create",
      stage: "validate",
      config,
      new: POOL,
      accept: false,
      acceptAfterMutation: true,
    };
    expect(judgeCase(item)).toEqual([]);
    expect(judgeCase({ ...item, accept: true })).toEqual([expect.stringContaining("validate: expected accept")]);
    expect(judgeCase({ ...item, acceptAfterMutation: false })).toEqual([
      "mutate+validate: expected reject, got accept",
    ]);
    expect(judgeCase({ ...item, stage: "mutate+validate", accept: true })).toEqual([]);
  });
  it("compares mutated objects by meaning", () => {
    const out = {
      ...POOL,
      metadata: {
        ...POOL.metadata,
        finalizers: ["spiderpool.spidernet.io"],
        labels: { "ipam.spidernet.io/ippool-cidr": "10-6-0-0-24" },
      },
      spec: { ipVersion: 4, subnet: "10.6.0.0/24", ips: [] },
    };
    expect(judgeCase({ id: "a", config, in: POOL, out })).toEqual([]);
    expect(judgeCase({ id: "a", config, in: POOL, out: POOL })).toHaveLength(1);
  });
  it.each(["", "{", "null", '{"id":"a"}', '{"id":"a","op":"create","accept":true}', "[]"])(
    "refuses %j as a case",
    (line) => {
      expect(() => parseCase(line)).toThrow();
    },
  );
});
