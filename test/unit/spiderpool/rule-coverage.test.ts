import { expect, it } from "vitest";
import { IPAM_RULES } from "../../support/spiderpool-rules/ipam.js";
import { KIND_RULES } from "../../support/spiderpool-rules/kinds.js";
import { MUTATION_RULES } from "../../support/spiderpool-rules/mutation.js";
import { NETWORK_RULES } from "../../support/spiderpool-rules/networks.js";
import { POOL_RULES } from "../../support/spiderpool-rules/pools.js";
import { RANGE_RULES, STATUS_RULES } from "../../support/spiderpool-rules/ranges.js";
import { RESERVED_RULES, SUBNET_RULES } from "../../support/spiderpool-rules/subnets.js";

const TABLES = {
  S: { last: 31, rows: KIND_RULES },
  M: { last: 16, rows: MUTATION_RULES },
  P: { last: 26, rows: POOL_RULES },
  U: { last: 10, rows: SUBNET_RULES },
  V: { last: 7, rows: RESERVED_RULES },
  X: { last: 12, rows: NETWORK_RULES },
  C: { last: 1, rows: NETWORK_RULES },
  R: { last: 10, rows: RANGE_RULES },
  T: { last: 6, rows: STATUS_RULES },
  A: { last: 15, rows: IPAM_RULES },
};

it.each(Object.entries(TABLES))("every %s rule has a row", (family, { last, rows }) => {
  const known = Array.from({ length: last }, (_, i) => `${family}${i + 1}`);
  const tested = new Set(rows.map((item) => item.rule));
  expect(known.filter((rule) => !tested.has(rule))).toEqual([]);
});
