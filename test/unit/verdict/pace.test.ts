import { expect, test } from "vitest";
import { paceOf } from "../../../src/core/verdict/pace.js";
import { deployment } from "../../support/objects.js";

const rolling = (maxSurge?: number | string, maxUnavailable?: number | string) => ({
  type: "RollingUpdate",
  rollingUpdate: {
    ...(maxSurge !== undefined && { maxSurge }),
    ...(maxUnavailable !== undefined && { maxUnavailable }),
  },
});

/** As Kubernetes counts them: surge rounded up, unavailable down, never both nothing. */
test.each<[what: string, strategy: object | undefined, replicas: number, surge: number, unavailable: number]>([
  ["the defaults, 25% each", undefined, 10, 3, 2],
  ["the defaults of a few", undefined, 3, 1, 0],
  ["numbers", rolling(2, 1), 10, 2, 1],
  ["numbers as texts", rolling("2", "0"), 10, 2, 0],
  ["percents of more digits than one", rolling("100%", "30%"), 4, 4, 1],
  ["nothing at all is one unavailable", rolling(0, 0), 4, 0, 1],
  ["a percent that rounds to nothing as well", rolling(0, "10%"), 4, 0, 1],
  ["as many unavailable as surge", rolling(2, 2), 4, 2, 2],
  ["what is no number counts as nothing", rolling("x5%", "-3"), 4, 0, 1],
  ["no number either", rolling("50%x", 1), 4, 0, 1],
  ["nor is half a Pod", rolling(1.5, 1), 4, 0, 1],
  ["Recreate", { type: "Recreate" }, 4, 0, 4],
])("%s", (_what, strategy, replicas, surge, unavailable) => {
  const { spec, ...rest } = deployment("d/app");
  expect(paceOf({ ...rest, spec: { ...(spec as object), strategy } }, replicas)).toEqual({ surge, unavailable });
});

test("a StatefulSet stops one Pod and starts its successor, whatever its fields say", () => {
  const { spec, ...rest } = deployment("d/app");
  const set = { ...rest, kind: "StatefulSet", spec: { ...(spec as object), strategy: { type: "Recreate" } } };
  expect(paceOf(set, 5)).toEqual({ surge: 0, unavailable: 1 });
});
