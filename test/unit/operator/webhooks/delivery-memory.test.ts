import { expect, test } from "vitest";
import { deliveryMemory } from "../../../../src/operator/webhooks/delivery-memory.js";

function memory(most: number, time: number) {
  let now = 1000;
  const clock = { now: () => now, monotonic: () => now, sleep: async () => {} };
  const wait = (milliseconds: number) => {
    now += milliseconds;
  };
  return { ...deliveryMemory({ most, time }, clock), wait };
}

test("each is new once, until it is forgotten", () => {
  const { remember, forget } = memory(10, 1000);
  expect([remember("a"), remember("a"), remember("b")]).toEqual([true, false, true]);
  forget("a");
  expect([remember("a"), remember("b")]).toEqual([true, false]);
});

test("each is new again after the time, not before; coming again makes it no younger", () => {
  const { remember, wait } = memory(10, 1000);
  remember("a");
  wait(999);
  expect(remember("a")).toBe(false);
  wait(1);
  expect(remember("a")).toBe(true);
});

test("the oldest makes room, and only when there is need", () => {
  const { remember } = memory(3, 1000);
  for (const id of ["a", "b", "c"]) remember(id);
  expect(remember("a")).toBe(false);
  remember("d");
  expect([remember("b"), remember("c"), remember("d")]).toEqual([false, false, false]);
  expect(remember("a")).toBe(true);
  expect(remember("b")).toBe(true);
});

test("a clock that is set back makes nothing new, and keeps nothing for ever", () => {
  const { remember, wait } = memory(10, 1000);
  remember("later");
  wait(-900);
  expect([remember("later"), remember("now")]).toEqual([false, true]);
  wait(1000);
  expect(remember("now")).toBe(true);
});
