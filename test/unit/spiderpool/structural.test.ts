import { describe, expect, test } from "vitest";
import { applyDescription, applySchema, customResourceDefinition } from "../../../src/core/spiderpool/structural.js";
import type { KindDescription, SchemaNode } from "../../../src/core/spiderpool/structural-schema.js";

function description(spec: SchemaNode, required?: readonly string[]): KindDescription {
  return {
    description: "A thing",
    group: "example.com",
    version: "v1",
    kind: "Thing",
    plural: "things",
    singular: "thing",
    shortNames: [],
    categories: [],
    scope: "Cluster",
    statusSubresource: false,
    printerColumns: [],
    ...(required && { required }),
    schema: { spec },
  };
}
const apply = (spec: SchemaNode, value: unknown) =>
  applyDescription(description(spec), {
    apiVersion: "example.com/v1",
    kind: "Thing",
    metadata: { name: "x" },
    spec: value,
  });
const errors = (spec: SchemaNode, value: unknown) => apply(spec, value).errors;

/** What the API server makes of an object by its schema. */
describe("a structural schema", () => {
  test.each<[schema: SchemaNode, fine: unknown[], wrong: [value: unknown, error: string][]]>([
    [
      { type: "string", minLength: 2, maxLength: 3 },
      ["ab", "abc", "😀b", "😀😀😀"],
      [
        ["", 'Invalid value: "": spec in body should be at least 2 chars long'],
        ["a", 'Invalid value: "a": spec in body should be at least 2 chars long'],
        ["😀", 'Invalid value: "😀": spec in body should be at least 2 chars long'],
        ["abcd", 'Invalid value: "abcd": spec in body should be at most 3 chars long'],
        ["😀😀😀b", 'Invalid value: "😀😀😀b": spec in body should be at most 3 chars long'],
      ],
    ],
    [
      { type: "string", pattern: "^a+$" },
      ["a", "aa"],
      [["ab", "Invalid value: \"ab\": spec in body should match '^a+$'"]],
    ],
    [
      { type: "string", format: "date-time" },
      ["2026-11-22T00:00:00Z", "2026-11-22t00:00:00.5+01:00"],
      [["2026-11-22", 'Invalid value: "2026-11-22": spec in body must be of type date-time: "2026-11-22"']],
    ],
    [{ type: "string", enum: ["a", "b"] }, ["a", "b"], [["c", 'Unsupported value: "c": supported values: "a", "b"']]],
    [
      { type: "integer", minimum: 1, maximum: 3 },
      [1, 3],
      [
        [0, "Invalid value: 0: spec in body should be greater than or equal to 1"],
        [4, "Invalid value: 4: spec in body should be less than or equal to 3"],
        [1.5, 'Invalid value: "number": spec in body must be of type integer: "number"'],
      ],
    ],
    [
      { type: "array", items: { type: "string" }, maxItems: 2 },
      [[], ["a", "b"]],
      [
        [["a", "b", "c"], "Invalid value: array: spec in body should have at most 2 items"],
        [null, 'Invalid value: "null": spec in body must be of type array: "null"'],
      ],
    ],
    [
      { type: "object", additionalProperties: { type: "string" }, minProperties: 1, maxProperties: 2 },
      [{ a: "b" }, { a: "b", c: "d" }],
      [
        [{}, "Invalid value: object: spec in body should have at least 1 properties"],
        [{ a: "", b: "", c: "" }, "Invalid value: object: spec in body should have at most 2 properties"],
        [[], 'Invalid value: "array": spec in body must be of type object: "array"'],
      ],
    ],
  ])("%j", (schema, fine, wrong) => {
    for (const value of fine) expect(errors(schema, value)).toEqual([]);
    for (const [value, error] of wrong) expect(errors(schema, value)).toEqual([`spec: ${error}`]);
  });

  test("drops what it does not know, unless it keeps it, and fills defaults for null", () => {
    const known: SchemaNode["properties"] = { a: { type: "string" }, b: { type: "integer", default: 7 } };
    const loose = { type: "object", properties: known, "x-kubernetes-preserve-unknown-fields": true } as const;
    expect(apply({ type: "object", properties: known }, { a: "x", c: 1 }).object.spec).toEqual({ a: "x", b: 7 });
    expect(apply(loose, { a: "x", b: null, c: 1 }).object.spec).toEqual({ a: "x", b: 7, c: 1 });
    expect(errors({ type: "object", properties: known }, { a: null })).toEqual([
      'spec.a: Invalid value: "null": spec.a in body must be of type string: "null"',
    ]);
  });

  test("what it makes can be changed like any object", () => {
    const { object } = apply({ type: "object", properties: { a: { type: "string" } } }, { a: "x" });
    const spec = object.spec as { a?: string };
    spec.a = "y";
    expect(spec.a).toBe("y");
    delete spec.a;
    expect(spec).toEqual({});
  });

  test("an object of a kind it does not know passes as it is", () => {
    const object = { apiVersion: "v1", kind: "Node", metadata: { name: "n" }, spec: { what: 1 } };
    expect(applySchema("Node", object)).toEqual({ object, errors: [] });
  });

  test("is told as a CustomResourceDefinition, with what there is of columns, categories and a status", () => {
    const spec: SchemaNode = { type: "object" };
    const version = {
      name: "v1",
      served: true,
      storage: true,
      schema: {
        openAPIV3Schema: {
          type: "object",
          description: "A thing",
          properties: {
            apiVersion: { type: "string" },
            kind: { type: "string" },
            metadata: { type: "object" },
            spec,
          },
        },
      },
    };
    const names = { kind: "Thing", listKind: "ThingList", plural: "things", singular: "thing", shortNames: [] };
    const bare = customResourceDefinition(description(spec));
    expect(bare).toStrictEqual({
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "things.example.com" },
      spec: { group: "example.com", scope: "Cluster", names, versions: [version] },
    });
    const printerColumns = [{ name: "A", type: "string", jsonPath: ".spec.a" }];
    const full = { ...description(spec), categories: ["all"], printerColumns, statusSubresource: true };
    expect(customResourceDefinition(full).spec).toStrictEqual({
      group: "example.com",
      scope: "Cluster",
      names: { ...names, categories: ["all"] },
      versions: [{ ...version, subresources: { status: {} }, additionalPrinterColumns: printerColumns }],
    });
  });

  test("says in the CustomResourceDefinition which fields there must be", () => {
    const required = (of: KindDescription) =>
      (customResourceDefinition(of).spec as { versions: { schema: { openAPIV3Schema: object } }[] }).versions[0]!.schema
        .openAPIV3Schema;
    expect(required(description({ type: "object" }, ["spec"]))).toHaveProperty("required", ["spec"]);
    expect(required(description({ type: "object" }))).not.toHaveProperty("required");
  });
});
