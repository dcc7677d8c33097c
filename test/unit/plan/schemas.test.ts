import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { ADDRESS_LOCK_SCHEMA, NETWORK_PLAN_SCHEMA } from "../../../src/adapters/plan-files/schemas.generated.js";

// The loader takes them unchecked, for the sake of its start.
test.each([NETWORK_PLAN_SCHEMA, ADDRESS_LOCK_SCHEMA])("$title is a valid JSON schema", (schema) => {
  const ajv = new Ajv2020();
  expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
  expect(ajv.validateSchema({ ...schema, type: "map" })).toBe(false);
});
