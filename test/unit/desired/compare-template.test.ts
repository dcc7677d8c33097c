import { describe, expect, test } from "vitest";
import { compareTemplate } from "../../../src/core/desired/annotations.js";
import { KEYS } from "../../../src/core/spiderpool/objects.js";

const POOLS = '[{"interface":"eth0","ipv4":["a","b"]}]';
const ROUTES = '[{"dst":"10.7.0.0/16","gw":"10.6.0.1"},{"dst":"10.8.0.0/16","gw":"10.6.0.1"}]';

describe("a live template against the plan", () => {
  test.each<[what: string, key: string, want: string, have: string]>([
    ["pools in another order", KEYS.ippools, POOLS, '[{"ipv4":["b","a"],"ipv6":[]}]'],
    [
      "routes in another order and spelling",
      KEYS.routes,
      ROUTES,
      '[{"dst":"10.8.3.4/16","gw":"10.6.0.1"},{"dst":"10.7.0.0/16","gw":"10.6.0.1"}]',
    ],
    ["networks as JSON", KEYS.networks, "d/net", '[{"name":"net"}]'],
    ["a network without its Namespace", KEYS.defaultNetwork, "d/net", "net"],
  ])("agrees: %s", (_what, key, want, have) => {
    expect(compareTemplate({ [key]: want }, { [key]: have }, "d")).toEqual([]);
  });

  test.each<[what: string, key: string, want: string, have: string]>([
    ["no list", KEYS.ippools, POOLS, '{"ipv4":["a","b"]}'],
    ["no JSON", KEYS.ippools, POOLS, "["],
    ["an item that is none", KEYS.ippools, POOLS, "[null]"],
    ["a list of names", KEYS.ippools, POOLS, '["a","b"]'],
    ["a number for names", KEYS.ippools, POOLS, '[{"ipv4":3}]'],
    ["a route that is none", KEYS.routes, ROUTES, "[null]"],
    ["a route without a gateway", KEYS.routes, ROUTES, '[{"dst":"10.7.0.0/16"}]'],
    ["a network that is none", KEYS.networks, "d/net", '[{"name":"net"},null]'],
  ])("differs, whatever a person wrote there: %s", (_what, key, want, have) => {
    expect(compareTemplate({ [key]: want }, { [key]: have }, "d")).toEqual([
      `annotation ${key} is ${have}; it must be ${want}`,
    ]);
  });
});
