import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";

type Node = { [key: string]: unknown };

/** Every property of every object of a schema, with its path. */
function* properties(node: unknown, path: string): Generator<[string, Node]> {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node as Node)) {
    if (key === "properties") {
      for (const [name, property] of Object.entries(value as Node)) yield [`${path}.${name}`, property as Node];
    }
    yield* properties(value, key === "properties" ? path : `${path}/${key}`);
  }
}

describe.each(["network-plan", "address-lock"])("schema of %s", (name) => {
  const schema = JSON.parse(readFileSync(`schema/${name}.schema.json`, "utf8"));

  test("it is a valid JSON schema; the loader takes it unchecked, for the sake of its start", () => {
    const ajv = new Ajv2020();
    expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
    expect(ajv.validateSchema({ ...schema, type: "map" })).toBe(false);
  });

  test("every property has a description, which editors show", () => {
    const mute = [...properties(schema, "")].filter(([, node]) => typeof node.description !== "string");
    expect(mute.map(([path]) => path)).toEqual([]);
  });

  test("every object is closed or a map, and there are no tuples: types are made from it", () => {
    const text = JSON.stringify(schema);
    expect(text).not.toMatch(/prefixItems|unevaluated/);
    const open: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== "object" || node === null) return;
      if ((node as Node).type === "object" && !("additionalProperties" in node)) open.push(path);
      for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`);
    };
    visit(schema, "");
    expect(open).toEqual([]);
  });
});

test("what is generated from the schemas is fresh", () => {
  expect(() => execFileSync(process.execPath, ["scripts/generate.mjs", "--check"], { stdio: "pipe" })).not.toThrow();
});
